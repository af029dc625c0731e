"""Rehearsals: drafts replayed over what came in before."""

from datetime import timedelta
from time import process_time
from typing import Any

from inbox.splitting.model import (
    Cap,
    Comparison,
    Interval,
    KeepReturning,
    Person,
    PoolEntry,
    Rule,
    Schedule,
)
from inbox.splitting.rehearsing import (
    MOST_DIFFERENCES,
    Recorded,
    Rehearsal,
    Rostered,
    Waits,
    rehearse,
)
from tests.inbox.splitting.splitting_world import (
    HOA,
    LAN,
    MINH,
    NOON,
    a_config,
    a_rule,
    an_arrival,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NIGHTFALL = NOON + 12 * HOUR
TEAM = [Rostered(Person(id=one)) for one in (LAN, MINH, HOA)]


def came(count: int, every: timedelta = MINUTE, **known: Any) -> list[Recorded]:
    """As many arrivals from noon on; Lan had them all and answered each after ten minutes."""
    arrivals = [an_arrival(conversation_id=f"c{n:05}", at=NOON + n * every) for n in range(count)]
    happened = {"given_to": LAN} | known
    return [Recorded(one, answered_at=one.at + 10 * MINUTE, **happened) for one in arrivals]


def given(rehearsal: Rehearsal) -> dict[str, int]:
    return {share.staff_id: share.given for share in rehearsal.shares}


def tried(rule: Rule, recorded: list[Recorded], roster: list[Rostered] = TEAM) -> Rehearsal:
    return rehearse(a_config(rule), recorded, roster, NIGHTFALL)


def test_shares_of_a_draft_stand_beside_what_happened() -> None:
    """X.SPL.04 X.SPL.05"""
    rule = a_rule((LAN, 1), (MINH, 2), (HOA, 1), mode="weighted")

    rehearsal = tried(rule, came(8))

    assert given(rehearsal) == {LAN: 2, MINH: 4, HOA: 2}
    assert [(share.of_all, share.happened) for share in rehearsal.shares] == [
        (0.25, 8),
        (0.5, 0),
        (0.25, 0),
    ]
    assert (rehearsal.arrivals, rehearsal.same, rehearsal.different) == (8, 2, 6)
    first = rehearsal.differences[0]
    assert (first.conversation_id, first.happened, first.rehearsed) == ("c00000", LAN, MINH)
    assert (first.rule_id, first.way) == ("rule1", "turn")
    assert rehearsal.waits == Waits(assigned=8, at_once=8)
    assert rehearsal.by_rule == {"rule1": 8}


def test_arrivals_wait_for_the_first_shift_and_are_given_oldest_first() -> None:
    """X.SPL.10"""
    from_one = Schedule(((Interval(13 * 60, 17 * 60),),) * 7)
    roster = [Rostered(Person(id=LAN), shift=from_one), Rostered(Person(id=MINH), shift=from_one)]

    rehearsal = tried(a_rule(LAN, MINH, eligible="online_on_shift"), came(4), roster)

    assert given(rehearsal) == {LAN: 2, MINH: 2}
    assert rehearsal.waits == Waits(
        assigned=4, at_once=0, median_s=58 * 60, p90_s=60 * 60, longest_s=60 * 60
    )


def test_what_still_waits_at_the_end_is_unassigned() -> None:
    never = Rostered(Person(id=LAN), shift=Schedule(((),) * 7))

    rehearsal = tried(a_rule(LAN, eligible="on_shift"), came(3), [never])

    assert rehearsal.unassigned == {"waiting": 3}
    assert rehearsal.waits == Waits()
    assert rehearsal.different == 3


def test_recorded_presence_is_used_where_it_is_known() -> None:
    """X.SPL.09: Lan went offline after three minutes and Minh came after five."""
    roster = [
        Rostered(Person(id=LAN), presence=((NOON + 3 * MINUTE, "offline"),)),
        Rostered(Person(id=MINH, presence="offline"), presence=((NOON + 5 * MINUTE, "online"),)),
    ]

    rehearsal = tried(a_rule(LAN, MINH, eligible="online"), came(8), roster)

    assert given(rehearsal) == {LAN: 3, MINH: 5}
    assert rehearsal.waits.at_once == 6
    assert rehearsal.waits.longest_s == 120


def test_answers_free_the_cap_after_the_time_they_really_took() -> None:
    """X.SPL.14: one at a time, answered after ten minutes each."""
    rehearsal = tried(a_rule(LAN, cap=Cap(waiting=1)), came(3), TEAM[:1])

    assert rehearsal.waits == Waits(
        assigned=3, at_once=1, median_s=9 * 60, p90_s=18 * 60, longest_s=18 * 60
    )


def test_closings_free_the_cap_on_open_ones() -> None:
    """X.SPL.14"""
    recorded = came(2, closed_at=NOON + 30 * MINUTE)

    rehearsal = tried(a_rule(LAN, cap=Cap(open=1)), recorded, TEAM[:1])

    assert rehearsal.waits.longest_s == 29 * 60


def test_claimable_and_excluded_ones_are_counted_apart() -> None:
    """X.SPL.08 X.SPL.21"""
    game = frozenset({"game"})
    comments = [
        Recorded(an_arrival(conversation_id="k", kind="comment", post="game")),
        Recorded(an_arrival(conversation_id="l", kind="inbox")),
    ]

    rehearsal = tried(a_rule(LAN, mode="claim", excluded_posts=game), comments)

    assert rehearsal.unassigned == {"excluded_source": 1, "claimable": 1}
    assert (rehearsal.same, rehearsal.different) == (2, 0)


def test_one_who_waits_for_the_carer_holds_up_nobody_else() -> None:
    """X.SPL.12"""
    noon_rest = Schedule(((Interval(14 * 60, 17 * 60),),) * 7)
    roster = [
        Rostered(Person(id=LAN), shift=noon_rest),
        Rostered(Person(id=MINH), presence=((NOON + 30 * MINUTE, "online"),)),
    ]
    roster[1] = Rostered(Person(id=MINH, presence="offline"), presence=roster[1].presence)
    rule = a_rule(
        MINH,
        eligible="online",
        keep_returning=KeepReturning(enabled=True, otherwise="wait"),
    )
    back = Recorded(an_arrival(conversation_id="back", at=NOON - MINUTE, last_carer_id=LAN))

    rehearsal = tried(rule, [back, *came(2)], roster)

    assert given(rehearsal) == {LAN: 1, MINH: 2}
    assert rehearsal.waits.longest_s == 121 * 60


def test_nothing_recorded_gives_an_empty_rehearsal() -> None:
    rehearsal = tried(a_rule(LAN), [])

    assert (rehearsal.arrivals, rehearsal.different) == (0, 0)
    assert given(rehearsal) == {LAN: 0, MINH: 0, HOA: 0}


def test_differences_are_all_counted_and_the_first_ones_listed() -> None:
    rehearsal = tried(a_rule(MINH), came(MOST_DIFFERENCES + 5))

    assert rehearsal.different == MOST_DIFFERENCES + 5
    assert len(rehearsal.differences) == MOST_DIFFERENCES


def test_thousands_of_arrivals_that_wait_through_a_night_are_rehearsed_in_seconds() -> None:
    staff = [f"s{n}" for n in range(20)]
    shift = Schedule(((Interval(20 * 60, 22 * 60),),) * 7)
    roster = [Rostered(Person(id=one), shift=shift) for one in staff]
    night = a_rule(id="night", position=0, when=Comparison("hour", "is", 3))
    day = Rule(
        id="day",
        bot_id="bot1",
        position=1,
        name="Ngày",
        eligible="online_on_shift",
        pool=tuple(PoolEntry(one) for one in staff),
        cap=Cap(waiting=100),
    )

    started = process_time()
    rehearsal = rehearse(a_config(night, day), came(3000, timedelta(seconds=9)), roster, NIGHTFALL)

    assert process_time() - started < 20
    assert rehearsal.unassigned.get("waiting", 0) == 0
    shares = [given(rehearsal)[one] for one in staff]
    assert sum(shares) == 3000
    assert max(shares) - min(shares) <= 2
