"""Configuration, ledger and receipts survive being stored."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.splitting.deciding import decide
from inbox.splitting.documents import (
    clock_minutes,
    clock_text,
    config_document,
    config_from,
    ledger_document,
    ledger_from,
    receipt_document,
    receipt_from,
    rule_document,
    rule_from,
    schedule_document,
    schedule_from,
)
from inbox.splitting.model import (
    DEFAULT_HOURS,
    Alert,
    AnyOf,
    Cap,
    Comparison,
    Holiday,
    Interval,
    KeepReturning,
    LedgerEntry,
    Person,
    Rate,
    Resplit,
    Schedule,
    SplitConfig,
)
from tests.inbox.splitting.splitting_world import (
    LAN,
    MINH,
    NO_LEDGER,
    NOON,
    a_config,
    a_rule,
    an_arrival,
    people,
)

FULL_RULE = a_rule(
    (LAN, 3),
    MINH,
    mode="weighted",
    when=AnyOf((Comparison("tag", "in", ("a", "b")), Comparison("ad", "exists"))),
    eligible="online_on_shift",
    cap=Cap(open=30),
    rate=Rate(5, 10),
    keep_returning=KeepReturning(enabled=True, within_days=90, whom="owner", otherwise="wait"),
    resplit=Resplit(10, "add", keep=2, max_rounds=1, working_hours_only=False),
    fallback_staff_id=LAN,
    excluded_posts=frozenset({"p2", "p1"}),
    created_at=NOON,
    version=7,
)


@pytest.mark.parametrize("rule", [a_rule(), FULL_RULE], ids=["plain", "full"])
def test_rule_survives_being_stored(rule: Any) -> None:
    assert rule_from(rule_document(rule)) == rule


def test_rule_of_which_little_is_stored_has_the_defaults() -> None:
    stored = {"_id": "rule1", "bot_id": "bot1", "position": 1, "name": "Mặc định"}

    assert rule_from(stored) == a_rule()


def test_settings_survive_being_stored() -> None:
    config = SplitConfig(
        bot_id="bot1",
        enabled=True,
        visibility="own",
        replier_takes_over=True,
        time_zone="Europe/Berlin",
        working_hours=Schedule(((Interval(480, 720), Interval(1320, 360)),) + ((),) * 6),
        holidays=(Holiday(date(2027, 2, 5), date(2027, 2, 10), "Tết", (Interval(540, 720),)),),
        alert=Alert(15, (LAN,)),
        version=3,
    )

    assert config_from("bot1", config_document(config)) == config
    assert config_from("bot1", {}) == SplitConfig(bot_id="bot1")


def test_rules_are_ordered_by_position_and_the_catch_all_is_last() -> None:
    when = Comparison("kind", "is", "inbox")
    rules = (
        a_rule(id="rest", position=0),
        a_rule(id="second", position=2, when=when),
        a_rule(id="first", position=1, when=when),
    )

    assert [rule.id for rule in config_from("bot1", {}, rules).rules] == ["first", "second", "rest"]


def test_ledger_entry_survives_being_stored() -> None:
    entry = LedgerEntry(
        rule_id="r",
        staff_id=LAN,
        bot_id="bot1",
        given=5,
        lag=-3,
        period_lag=2,
        period="ab",
        turn=9,
        sticky=1,
        fallback=2,
        manual=3,
        last_given_at=NOON,
        recent=(NOON, NOON),
    )

    assert ledger_from(ledger_document(entry)) == entry
    assert ledger_from({"_id": {"rule_id": "r", "staff_id": LAN}}).given == 0


def test_receipt_survives_being_stored() -> None:
    who = people(LAN, Person(id=MINH, on_shift=False, next_shift_at=NOON))
    rule = a_rule(LAN, MINH, eligible="on_shift")
    receipt = decide(
        a_config(rule), an_arrival(round=1, assignee_id=MINH), who, NO_LEDGER, NOON
    ).receipt

    assert receipt_from(receipt_document(receipt)) == receipt


def test_weekday_that_is_left_out_has_no_hours() -> None:
    schedule = schedule_from({"weekdays": {"sun": [{"from": "08:00", "to": "24:00"}]}})

    assert schedule == Schedule((*((),) * 6, (Interval(480, 0),)))
    assert schedule_document(schedule)["weekdays"]["sun"] == [{"from": "08:00", "to": "00:00"}]
    assert schedule_from(schedule_document(DEFAULT_HOURS)) == DEFAULT_HOURS


@given(st.integers(0, 1439))
def test_times_of_day_are_written_as_they_are_read(minutes: int) -> None:
    assert clock_minutes(clock_text(minutes)) == minutes


@pytest.mark.parametrize("text", ["", "8:00", "08:60", "24:01", "25:00", "0800", "08:0x", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a time is"):
        clock_minutes(text)
