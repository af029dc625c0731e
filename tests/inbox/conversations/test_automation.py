"""Who may speak by itself: pauses after answers in any order, and the words that end it all."""

import itertools
import unicodedata
from datetime import timedelta
from typing import Any

import pytest

from inbox.conversations.automation import (
    Automation,
    after_reply,
    automation_of,
    consent_of,
    given_back,
    silenced,
)
from tests.inbox.inbox_world import NOON, minutes

HALF_AN_HOUR = timedelta(minutes=30)
ACTIVE = {"state": "active"}


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop.",
        "Stop 🛑",
        "Dừng!",
        "  dừng   nhận tin ",
        unicodedata.normalize("NFD", "Dừng nhận tin"),
        unicodedata.normalize("NFD", "Không nhận tin nữa"),
        "HUỶ ĐĂNG KÝ",
        "Hủy đăng ký",
        "huy dang ky",
        "Từ chối",
        "TC",
        "Đừng gửi tin nữa!!!",
    ],
)
def test_words_that_end_automatic_messages(text: str) -> None:
    """X.SCR.09: as people write it: capitals, marks, either Unicode form, no accents."""
    assert consent_of(text) == "out"


@pytest.mark.parametrize("text", ["START", "Nhận tin lại", "đăng ký nhận tin", "dong y nhan tin"])
def test_words_that_let_them_begin_again(text: str) -> None:
    """X.SCR.09."""
    assert consent_of(text) == "in"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        "!!!",
        "đúng",
        "Đúng rồi ạ",
        "dung",
        "Huy",
        "huỷ",
        "hủy đơn giúp em",
        "stop nhé em",
        "mình muốn dừng nhận tin thì làm sao",
        "Không nhận tin nhắn của shop là sao ạ",
        "dừng ở size M thôi",
        "tc bao nhiêu",
        "nhận",
        "S.T.O.P",
        "stop " * 50,
    ],
)
def test_what_means_something_else_ends_nothing(text: str | None) -> None:
    """X.SCR.09: "dung" is "đúng" more often than "dừng", and Huy is a name."""
    assert consent_of(text) is None


def test_a_pause_that_is_over_is_none() -> None:
    """X.SCR.10."""
    stored = after_reply(ACTIVE, NOON, HALF_AN_HOUR)

    during = automation_of({"automation": stored}, minutes(29))
    after = automation_of({"automation": stored}, minutes(30))

    assert during == Automation("human", minutes(30), "staff_replied")
    assert not during.may_speak
    assert after == Automation("active")
    assert after.may_speak


def test_who_has_opted_out_hears_nothing_however_active_automations_are() -> None:
    """X.SCR.09."""
    automation = automation_of({"automation": ACTIVE, "opted_out_at": NOON}, minutes(1))

    assert (automation.state, automation.opted_out_at) == ("active", NOON)
    assert not automation.may_speak


def test_a_conversation_of_before_has_active_automations() -> None:
    assert automation_of({}, NOON).may_speak


@pytest.mark.parametrize("order", [*itertools.permutations([0, 10, 20])])
def test_answers_in_any_order_pause_after_the_newest(order: tuple[int, ...]) -> None:
    """X.SCR.10: each answer starts the pause anew; what is counted is the newest answer so far."""
    stored: dict[str, Any] = dict(ACTIVE)
    for newest in itertools.accumulate(order, max):
        stored = after_reply(stored, minutes(newest), HALF_AN_HOUR)

    assert stored["paused_until"] == minutes(50)


def test_no_pause_means_no_pause() -> None:
    assert after_reply(ACTIVE, NOON, timedelta()) == ACTIVE


def test_an_answer_that_was_taken_back_gives_its_pause_back() -> None:
    stored = after_reply(ACTIVE, minutes(5), HALF_AN_HOUR)

    assert after_reply(stored, NOON, HALF_AN_HOUR)["paused_until"] == minutes(30)
    assert after_reply(stored, None, HALF_AN_HOUR) == ACTIVE


def test_an_answer_of_before_does_not_pause_what_was_given_back() -> None:
    back = given_back(minutes(10), replied_at=minutes(5))

    assert after_reply(back, minutes(9), HALF_AN_HOUR) == back
    again = after_reply(back, minutes(11), HALF_AN_HOUR)
    assert again["paused_until"] == minutes(41)
    assert after_reply(again, minutes(9), HALF_AN_HOUR) == back


def test_giving_back_counts_from_the_last_answer_where_its_clock_is_ahead() -> None:
    back = given_back(minutes(10), replied_at=minutes(10.5))

    assert after_reply(back, minutes(10.5), HALF_AN_HOUR) == back


def test_an_answer_never_shortens_a_pause_by_hand() -> None:
    endless = silenced(NOON, None)
    long = silenced(NOON, timedelta(hours=8))

    assert after_reply(endless, minutes(5), HALF_AN_HOUR) == endless
    assert after_reply(long, minutes(5), HALF_AN_HOUR) == long
    assert after_reply(long, minutes(470), HALF_AN_HOUR)["paused_until"] == minutes(500)
    assert automation_of({"automation": endless}, minutes(10_000)).state == "human"
