"""Decisions: which rule, which person, why not the others, and when to look again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest

from inbox.splitting.deciding import decide, decide_batch, rule_for
from inbox.splitting.fairness import UNIT
from inbox.splitting.model import (
    Cap,
    Comparison,
    Decision,
    KeepReturning,
    LedgerEntry,
    Mode,
    Person,
    Rate,
    Rule,
    SplitConfig,
)
from tests.inbox.splitting.splitting_world import (
    HOA,
    LAN,
    MINH,
    NO_LEDGER,
    NOON,
    a_config,
    a_rule,
    an_arrival,
    people,
)

EVERYBODY = people(LAN, MINH, HOA)
HALF_PAST_ONE = NOON + timedelta(minutes=90)


def given_to(config: SplitConfig, arrivals: int, who: dict[str, Person]) -> list[str | None]:
    """Who gets each of as many new conversations, decided together."""
    many = [an_arrival(conversation_id=f"c{n}") for n in range(arrivals)]
    batch = decide_batch(config, many, who, NO_LEDGER, NOON)
    return [decision.chosen for decision in batch.decisions]


def one(config: SplitConfig, who: dict[str, Person] = EVERYBODY, **arrival: Any) -> Decision:
    return decide(config, an_arrival(**arrival), who, NO_LEDGER, NOON)


def reasons(decision: Decision) -> dict[str, str]:
    return {excluded.staff_id: excluded.reason for excluded in decision.receipt.excluded}


def zalo_rule(**known: Any) -> Rule:
    when = Comparison("channel", "is", "zalo")
    return a_rule(HOA, id="zalo", name="Zalo", position=0, when=when, **known)


def test_the_upper_of_two_matching_rules_decides_and_the_catch_all_takes_the_rest() -> None:
    """X.SPL.02"""
    second = a_rule(MINH, id="second", when=Comparison("channel", "in", ("zalo", "facebook")))
    config = a_config(zalo_rule(), second, a_rule(LAN, id="rest", position=9))

    chosen = {
        channel: one(config, channel=channel).chosen
        for channel in ("zalo", "facebook", "instagram")
    }

    assert chosen == {"zalo": HOA, "facebook": MINH, "instagram": LAN}


def test_rule_that_is_off_is_passed_over() -> None:
    """X.SPL.02"""
    config = a_config(replace(zalo_rule(), enabled=False), a_rule(LAN))

    rule = rule_for(config, an_arrival(channel="zalo"))

    assert rule is not None
    assert rule.id == "rule1"


def test_without_any_rule_it_waits_and_says_so() -> None:
    decision = one(a_config())

    assert (decision.outcome, decision.rule) == ("waiting", None)
    assert decision.receipt.numbers == {"why": "no_rule"}


def test_even_gives_in_strict_turns() -> None:
    """X.SPL.04"""
    assert given_to(a_config(a_rule(LAN, MINH, HOA)), 6, EVERYBODY) == [LAN, MINH, HOA] * 2
    assert given_to(a_config(a_rule(LAN, MINH)), 3, EVERYBODY) == [LAN, MINH, LAN]


def test_even_looks_at_no_weights() -> None:
    """X.SPL.04"""
    config = a_config(a_rule((LAN, 90), (MINH, 0)))

    assert given_to(config, 4, EVERYBODY) == [LAN, MINH] * 2


def test_weighted_gives_in_proportion_and_nothing_to_a_weight_of_nought() -> None:
    """X.SPL.05"""
    config = a_config(a_rule((LAN, 1), (MINH, 3), (HOA, 0), mode="weighted"))

    given = given_to(config, 400, EVERYBODY)

    assert (given.count(LAN), given.count(MINH), given.count(HOA)) == (100, 300, 0)
    assert reasons(one(config)) == {HOA: "no_weight"}


def test_turns_go_on_from_the_stored_ledger() -> None:
    config = a_config(a_rule(LAN, MINH, HOA))
    ledger: dict[tuple[str, str], LedgerEntry] = {}
    given = []
    for n in range(7):
        decision = decide(config, an_arrival(conversation_id=f"c{n}"), EVERYBODY, ledger, NOON)
        given.append(decision.chosen)
        ledger |= {(entry.rule_id, entry.staff_id): entry for entry in decision.ledger}

    assert given == [LAN, MINH, HOA, LAN, MINH, HOA, LAN]
    assert [ledger["rule1", who].given for who in (LAN, MINH, HOA)] == [3, 2, 2]
    assert sum(entry.lag for entry in ledger.values()) == 0
    assert ledger["rule1", LAN].last_given_at == NOON


def test_least_loaded_gives_to_the_fewest_open_and_then_by_turn() -> None:
    """X.SPL.06: loads 2, 1, 1 go to the second, then the third."""
    who = people(Person(id=LAN, open=2), Person(id=MINH, open=1), Person(id=HOA, open=1))

    given = given_to(a_config(a_rule(LAN, MINH, HOA, mode="least_loaded")), 6, who)

    assert given[:2] == [MINH, HOA]
    assert sorted(map(str, given[2:5])) == sorted([LAN, MINH, HOA])


def test_least_loaded_breaks_ties_by_who_waited_longest() -> None:
    """X.SPL.06"""
    hour = timedelta(hours=1)
    who = people(Person(id=LAN, last_given_at=NOON - hour), Person(id=MINH), Person(id=HOA))
    who[MINH] = replace(who[MINH], last_given_at=NOON - 2 * hour)
    who[HOA] = replace(who[HOA], last_given_at=NOON - 3 * hour)

    assert given_to(a_config(a_rule(LAN, MINH, HOA, mode="least_loaded")), 3, who) == [
        HOA,
        MINH,
        LAN,
    ]


def test_longest_idle_gives_to_whom_nothing_happened_for_longest() -> None:
    minute = timedelta(minutes=1)
    who = people(
        Person(id=LAN, last_given_at=NOON - 9 * minute, last_active_at=NOON - minute),
        Person(id=MINH, last_given_at=NOON - 5 * minute),
        Person(id=HOA, last_given_at=NOON - 4 * minute, last_active_at=NOON - 30 * minute),
    )

    given = given_to(a_config(a_rule(LAN, MINH, HOA, mode="longest_idle")), 4, who)

    assert given == [MINH, HOA, LAN, MINH]


def test_fixed_gives_to_the_first_of_the_list_who_is_eligible() -> None:
    config = a_config(a_rule(MINH, LAN, mode="fixed"))

    assert given_to(config, 3, EVERYBODY) == [MINH] * 3
    assert given_to(config, 1, people(Person(id=MINH, receiving=False), LAN)) == [LAN]


@pytest.mark.parametrize("mode", ["claim", "manual"])
def test_claim_and_manual_assign_nobody_and_use_no_turn(mode: Mode) -> None:
    """X.SPL.08: a new conversation stays unassigned."""
    decision = one(a_config(a_rule(LAN, MINH, mode=mode)))

    assert decision.outcome == {"claim": "claimable", "manual": "manual"}[mode]
    assert decision.receipt.kind == decision.outcome
    assert (decision.chosen, decision.turn_used, decision.ledger) == (None, False, ())
    assert [candidate.staff_id for candidate in decision.receipt.candidates] == [LAN, MINH]


SINCE = NOON - timedelta(minutes=40)


@pytest.mark.parametrize(
    ("rule", "person", "reason", "numbers"),
    [
        pytest.param({}, {"active": False}, "inactive", {}, id="left"),
        pytest.param({}, {"member": False}, "not_member", {}, id="not of this bot"),
        pytest.param({}, {"receiving": False}, "paused", {}, id="switch is off"),
        pytest.param(
            {"eligible": "online"},
            {"presence": "offline", "presence_since": SINCE},
            "offline",
            {"since": SINCE},
            id="offline",
        ),
        pytest.param(
            {"eligible": "online_on_shift"},
            {"presence": "away", "presence_since": SINCE},
            "away",
            {"since": SINCE},
            id="away",
        ),
        pytest.param(
            {"eligible": "on_shift"},
            {"on_shift": False, "next_shift_at": HALF_PAST_ONE},
            "off_shift",
            {"until": HALF_PAST_ONE},
            id="off shift",
        ),
        pytest.param(
            {"cap": Cap(waiting=12)},
            {"waiting": 12},
            "cap_waiting",
            {"have": 12, "cap": 12},
            id="X.SPL.14 cap on waiting",
        ),
        pytest.param(
            {"cap": Cap(open=30)},
            {"open": 31},
            "cap_open",
            {"have": 31, "cap": 30},
            id="cap on open",
        ),
    ],
)
def test_who_is_not_eligible_is_passed_over_with_reason_and_numbers(
    rule: dict[str, Any], person: dict[str, Any], reason: str, numbers: dict[str, Any]
) -> None:
    """X.SPL.09 X.SPL.14"""
    config = a_config(a_rule(LAN, MINH, **rule))

    decision = one(config, people(replace(Person(id=LAN), **person), MINH))

    assert decision.chosen == MINH
    [excluded] = decision.receipt.excluded
    assert (excluded.staff_id, excluded.reason, excluded.numbers) == (LAN, reason, numbers)


@pytest.mark.parametrize("eligible", ["all", "on_shift"])
def test_presence_matters_only_where_the_rule_asks_for_it(eligible: Any) -> None:
    """X.SPL.09"""
    offline = people(Person(id=LAN, presence="offline"))

    assert one(a_config(a_rule(LAN, eligible=eligible)), offline).chosen == LAN


def test_somebody_unknown_counts_as_gone() -> None:
    assert reasons(one(a_config(a_rule("nobody", LAN)))) == {"nobody": "inactive"}


def test_at_the_cap_a_person_is_skipped_and_below_it_eligible_again() -> None:
    """X.SPL.14: within one batch too, nobody is given more than the cap."""
    config = a_config(a_rule(LAN, MINH, cap=Cap(waiting=2)))

    assert given_to(config, 5, people(LAN, MINH)) == [LAN, MINH, LAN, MINH, None]
    freed = people(Person(id=LAN, waiting=1), Person(id=MINH, waiting=2))
    assert given_to(config, 2, freed) == [LAN, None]


def test_rate_lets_so_many_through_in_its_window() -> None:
    config = a_config(a_rule(LAN, rate=Rate(2, per_min=10)))
    ledger: dict[tuple[str, str], LedgerEntry] = {}
    given = []
    for minute in (0, 4, 6, 9, 10, 13, 14):
        now = NOON + timedelta(minutes=minute)
        decision = decide(config, an_arrival(), EVERYBODY, ledger, now)
        ledger |= {(entry.rule_id, entry.staff_id): entry for entry in decision.ledger}
        given.append(decision.outcome == "assigned")
        if minute == 6:
            assert decision.retry_at == NOON + timedelta(minutes=10)
            [excluded] = decision.receipt.excluded
            assert excluded.numbers == {"count": 2, "per_min": 10, "frees_at": decision.retry_at}

    assert given == [True, True, False, False, True, False, True]
    assert len(ledger["rule1", LAN].recent) == 2


def test_nobody_eligible_waits_until_the_first_shift() -> None:
    """X.SPL.10: waiting is a decision, with reasons and a time to look again."""
    who = people(
        Person(id=LAN, on_shift=False, next_shift_at=NOON + timedelta(hours=3)),
        Person(id=MINH, on_shift=False, next_shift_at=HALF_PAST_ONE),
        Person(id=HOA, on_shift=False),
    )

    decision = one(a_config(a_rule(LAN, MINH, HOA, eligible="on_shift")), who)

    assert (decision.outcome, decision.chosen) == ("waiting", None)
    assert decision.retry_at == HALF_PAST_ONE
    assert decision.receipt.numbers["retry_at"] == HALF_PAST_ONE
    assert decision.receipt.numbers["why"] == "nobody_eligible"
    assert decision.ledger == ()


def test_nobody_eligible_without_a_time_waits_for_an_event() -> None:
    """X.SPL.10"""
    who = people(Person(id=LAN, presence="offline"))

    assert one(a_config(a_rule(LAN, eligible="online")), who).retry_at is None
    assert one(a_config(a_rule())).receipt.numbers["why"] == "empty_pool"


def test_fallback_takes_what_nobody_may_have_without_a_turn() -> None:
    """X.SPL.10"""
    who = people(Person(id=LAN, presence="offline"), Person(id=HOA, presence="offline"))
    config = a_config(a_rule(LAN, eligible="online", fallback_staff_id=HOA))

    decision = one(config, who)

    assert (decision.outcome, decision.chosen, decision.way) == ("fallback", HOA, "fallback")
    assert (decision.turn_used, decision.receipt.kind) == (False, "assigned")
    [entry] = decision.ledger
    assert (entry.staff_id, entry.fallback, entry.given, entry.lag) == (HOA, 1, 0, 0)


@pytest.mark.parametrize(
    "person", [{"active": False}, {"member": False}, {"receiving": False}], ids=str
)
def test_fallback_who_is_gone_or_paused_gets_nothing(person: dict[str, Any]) -> None:
    config = a_config(a_rule(fallback_staff_id=HOA))

    assert one(config, people(replace(Person(id=HOA), **person))).outcome == "waiting"


KEEP = KeepReturning(enabled=True)


def test_returning_customer_goes_to_the_last_carer_and_uses_no_turn() -> None:
    """X.SPL.12: Minh, though it is Lan's turn; Lan's turn is still to come."""
    config = a_config(a_rule(LAN, MINH, HOA, keep_returning=KEEP))
    arrivals = [
        an_arrival(conversation_id="back", returning=True, last_carer_id=MINH),
        *(an_arrival(conversation_id=f"c{n}") for n in range(3)),
    ]

    batch = decide_batch(config, arrivals, EVERYBODY, NO_LEDGER, NOON)

    assert [decision.chosen for decision in batch.decisions] == [MINH, LAN, MINH, HOA]
    assert [decision.turn_used for decision in batch.decisions] == [False, True, True, True]
    assert batch.decisions[0].way == "returning"
    minh = next(entry for entry in batch.ledger if entry.staff_id == MINH)
    assert (minh.sticky, minh.given, minh.lag) == (1, 1, 0)


def test_carer_who_is_not_eligible_passes_on_or_lets_wait_as_the_rule_says() -> None:
    """X.SPL.12"""
    who = people(LAN, Person(id=MINH, on_shift=False, next_shift_at=HALF_PAST_ONE))
    rule = a_rule(LAN, eligible="on_shift", keep_returning=KEEP)
    wait = replace(rule, keep_returning=replace(KEEP, otherwise="wait"))
    back = {"returning": True, "last_carer_id": MINH}

    passed_on = one(a_config(rule), who, **back)
    waiting = one(a_config(wait), who, **back)

    assert (passed_on.chosen, reasons(passed_on)) == (LAN, {MINH: "off_shift"})
    assert (waiting.outcome, waiting.retry_at) == ("waiting", HALF_PAST_ONE)
    assert waiting.receipt.numbers["why"] == "returning"


@pytest.mark.parametrize("person", [{"active": False}, {"member": False}], ids=str)
def test_nobody_waits_for_a_carer_who_left(person: dict[str, Any]) -> None:
    """X.SPL.12: the last carer while active."""
    who = people(LAN, replace(Person(id=MINH), **person))
    config = a_config(a_rule(LAN, keep_returning=replace(KEEP, otherwise="wait")))

    assert one(config, who, last_carer_id=MINH).chosen == LAN


def test_days_of_keeping_count_from_the_last_care() -> None:
    """X.SPL.12"""
    config = a_config(a_rule(LAN, keep_returning=replace(KEEP, within_days=30)))
    month = timedelta(days=30)

    kept = one(config, last_carer_id=MINH, last_cared_at=NOON - month)
    late = one(config, last_carer_id=MINH, last_cared_at=NOON - month - timedelta(seconds=1))
    unknown = one(config, last_carer_id=MINH)

    assert (kept.chosen, late.chosen, unknown.chosen) == (MINH, LAN, LAN)


def test_owner_may_be_kept_instead_of_the_last_carer() -> None:
    """X.SPL.12"""
    config = a_config(a_rule(LAN, keep_returning=replace(KEEP, whom="owner")))

    assert one(config, last_carer_id=MINH, owner_id=HOA).chosen == HOA
    assert one(config, last_carer_id=MINH).chosen == LAN


def test_who_had_it_in_this_chain_is_not_chosen_again() -> None:
    """X.SPL.13: neither by turn, nor as carer, nor as fallback."""
    config = a_config(a_rule(LAN, MINH, keep_returning=KEEP, fallback_staff_id=LAN))
    chain: dict[str, Any] = {"round": 1, "assignee_id": LAN, "last_carer_id": LAN}

    first = one(config, tried=(LAN,), **chain)
    second = one(config, tried=(LAN, MINH), **chain)

    assert (first.chosen, first.receipt.kind, first.receipt.before) == (MINH, "resplit", LAN)
    assert reasons(first) == {LAN: "tried"}
    assert second.outcome == "waiting"
    assert [excluded.numbers for excluded in second.receipt.excluded] == [
        {"round": 0},
        {"round": 1},
    ]


def test_who_is_excluded_by_name_gets_it_no_way() -> None:
    config = a_config(a_rule(LAN, MINH, keep_returning=replace(KEEP, otherwise="wait")))

    decision = one(config, excluded=frozenset({LAN}), last_carer_id=LAN)

    assert (decision.chosen, reasons(decision)) == (MINH, {LAN: "excluded"})


def test_comment_under_an_excluded_post_is_not_split() -> None:
    """X.SPL.21: unassigned, and no turn is used."""
    config = a_config(a_rule(LAN, MINH, excluded_posts=frozenset({"minigame"})))
    arrivals = [
        an_arrival(kind="comment", post="minigame"),
        an_arrival(kind="comment", post="other"),
        an_arrival(kind="inbox", post="minigame"),
    ]

    batch = decide_batch(config, arrivals, EVERYBODY, NO_LEDGER, NOON)

    assert [decision.chosen for decision in batch.decisions] == [None, LAN, MINH]
    excluded = batch.decisions[0]
    assert (excluded.outcome, excluded.receipt.kind) == ("excluded_source", "unassigned")
    assert (excluded.turn_used, excluded.ledger) == (False, ())


def test_batch_tells_every_changed_entry_once_and_the_loads_afterwards() -> None:
    batch = decide_batch(
        a_config(a_rule(LAN, MINH)),
        [an_arrival(conversation_id=f"c{n}") for n in range(5)],
        EVERYBODY,
        NO_LEDGER,
        NOON,
    )

    assert {entry.staff_id: entry.given for entry in batch.ledger} == {LAN: 3, MINH: 2}
    assert (batch.people[LAN].open, batch.people[LAN].waiting) == (3, 3)
    assert batch.people[HOA] == EVERYBODY[HOA]
    assert EVERYBODY[LAN].open == 0


def test_batch_decides_as_one_by_one_would() -> None:
    config = a_config(
        zalo_rule(mode="least_loaded"), a_rule((LAN, 2), (MINH, 5), (HOA, 1), mode="weighted")
    )
    arrivals = [
        an_arrival(conversation_id=f"c{n}", channel="zalo" if n % 3 == 0 else "facebook")
        for n in range(40)
    ]
    ledger: dict[tuple[str, str], LedgerEntry] = {}
    who = EVERYBODY
    single = []
    for arrival in arrivals:
        batch = decide_batch(config, [arrival], who, ledger, NOON)
        ledger |= {(entry.rule_id, entry.staff_id): entry for entry in batch.ledger}
        who = dict(batch.people)
        single.append(batch.decisions[0].receipt)

    together = decide_batch(config, arrivals, EVERYBODY, NO_LEDGER, NOON)

    assert [decision.receipt for decision in together.decisions] == single
    assert {(one.rule_id, one.staff_id): one for one in together.ledger} == ledger


def test_leavers_lag_is_dropped_at_the_next_decision() -> None:
    ledger = {
        ("rule1", who): LedgerEntry(rule_id="rule1", staff_id=who, lag=lag, given=9)
        for who, lag in ((LAN, UNIT // 2), (MINH, UNIT // 4), (HOA, -UNIT // 2 - UNIT // 4))
    }

    decision = decide(a_config(a_rule(LAN, MINH)), an_arrival(), EVERYBODY, ledger, NOON)

    entries = {entry.staff_id: entry for entry in decision.ledger}
    assert (entries[HOA].lag, entries[HOA].given) == (0, 9)
    assert entries[LAN].lag + entries[MINH].lag == 0
    assert decision.chosen == LAN


def test_rules_of_other_bots_in_the_ledger_are_left_alone() -> None:
    stranger = LedgerEntry(rule_id="other", staff_id="x", lag=UNIT)

    decision = decide(
        a_config(a_rule(LAN)), an_arrival(), EVERYBODY, {("other", "x"): stranger}, NOON
    )

    assert [entry.rule_id for entry in decision.ledger] == ["rule1"]


def test_receipt_has_the_numbers_that_were_compared() -> None:
    who = people(Person(id=LAN, open=4, last_given_at=SINCE), MINH)
    ledger = {("rule1", LAN): LedgerEntry(rule_id="rule1", staff_id=LAN, lag=-UNIT // 2)}
    ledger["rule1", MINH] = LedgerEntry(rule_id="rule1", staff_id=MINH, lag=UNIT // 2)

    receipt = decide(
        a_config(a_rule((LAN, 2), (MINH, 1), mode="weighted")), an_arrival(), who, ledger, NOON
    ).receipt

    [lan, minh] = receipt.candidates
    assert (lan.weight, lan.lag, lan.load, lan.last_given_at) == (2, -0.5, 4, SINCE)
    assert (minh.weight, minh.lag, receipt.chosen) == (1, 0.5, MINH)
    assert receipt.numbers == {"mode": "weighted", "way": "turn", "turn_used": True}
    assert (receipt.rule_id, receipt.rule_name, receipt.at) == ("rule1", "Mặc định", NOON)


def test_times_in_conditions_are_those_of_the_arrival_not_of_the_decision() -> None:
    """A message of 23:00 that waits until the morning stays under the rule of the night."""
    night = a_rule(MINH, id="night", when=Comparison("working_hours", "is", "outside"))
    arrival = an_arrival(at=datetime(2026, 11, 18, 16, 0, tzinfo=UTC))

    decision = decide(
        a_config(night, a_rule(LAN)), arrival, EVERYBODY, NO_LEDGER, NOON + timedelta(days=1)
    )

    assert decision.chosen == MINH


def test_deciding_costs_well_under_a_millisecond_at_thirty_people() -> None:
    """The target is 0.3 ms; the limit leaves room for a slow or busy machine."""
    staff = [f"staff{n}" for n in range(30)]
    rule = a_rule(*staff, eligible="online_on_shift", cap=Cap(waiting=500), rate=Rate(50, 1))
    arrivals = [an_arrival(conversation_id=f"c{n}") for n in range(500)]

    started = process_time()
    batch = decide_batch(a_config(rule), arrivals, people(*staff), NO_LEDGER, NOON)
    each_ms = (process_time() - started) / len(arrivals) * 1000

    assert {decision.outcome for decision in batch.decisions} == {"assigned"}
    assert each_ms < 3
