"""Reply windows (X.INB.06): what happened, when it is, and what the channel lets us do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inbox.conversations.window import (
    WindowRules,
    closed_since,
    may_answer_privately,
    window_of,
)

WROTE = datetime(2026, 11, 20, 5, tzinfo=UTC)
"""When the customer last wrote."""


def after(days: float = 0, hours: float = 0) -> datetime:
    return WROTE + timedelta(days=days, hours=hours)


STANDARD = {"until": after(days=1), "kind": "standard"}
AD = {"until": after(days=7), "kind": "ad"}
ZALO = {"until": after(days=7), "kind": "consultation", "free_until": after(hours=48)}


def conversation(channel: str = "facebook", kind: str = "inbox", **fields: Any) -> dict[str, Any]:
    return {"channel": channel, "kind": kind, "last_in_at": WROTE} | fields


@pytest.mark.parametrize(
    ("fields", "now", "expected"),
    [
        pytest.param({"window": STANDARD}, after(hours=23), "standard free", id="first day"),
        pytest.param({"window": STANDARD}, after(days=1), "human_agent free people", id="edge"),
        pytest.param({"window": STANDARD}, after(days=6.9), "human_agent free people", id="week"),
        pytest.param({"window": STANDARD}, after(days=7), None, id="after a week"),
        pytest.param({"window": AD}, after(days=6.9), "ad free", id="ad"),
        pytest.param({"window": AD}, after(days=7), None, id="after an ad"),
        pytest.param(
            {"window": AD, "last_in_at": after(days=2)},
            after(days=8),
            "human_agent free people",
            id="ad over, but the customer wrote later",
        ),
        pytest.param({"last_in_at": None}, after(), None, id="never wrote"),
        pytest.param({}, after(hours=1), "standard free", id="only the time is known"),
        pytest.param({"window": {**STANDARD, "closed_at": after(hours=1)}}, after(hours=2), None),
        pytest.param(
            {"channel": "instagram", "window": STANDARD}, after(days=3), "human_agent free people"
        ),
        pytest.param({"channel": "zalo", "window": ZALO}, after(hours=47), "consultation free"),
        pytest.param({"channel": "zalo", "window": ZALO}, after(hours=48), "consultation billed"),
        pytest.param({"channel": "zalo", "window": ZALO}, after(days=7), None, id="zalo closed"),
        pytest.param({"channel": "zalo"}, after(days=3), "consultation billed", id="zalo guessed"),
        pytest.param({"kind": "comment"}, after(days=99), "comment free", id="public answer"),
        pytest.param({"channel": "zalo", "kind": "group"}, after(days=99), "group free"),
    ],
)
def test_window(fields: dict[str, Any], now: datetime, expected: str | None) -> None:
    window = window_of(conversation(**fields), now)

    shown = window and f"{window.kind} {window.cost}{' people' if window.human_only else ''}"
    assert shown == expected


def test_the_human_agent_window_is_only_there_when_meta_granted_it() -> None:
    rules = WindowRules(human_agent=False)

    assert window_of(conversation(window=STANDARD), after(days=2), rules) is None


def test_when_it_closed_is_known() -> None:
    without = WindowRules(human_agent=False)

    assert closed_since(conversation(window=STANDARD)) == after(days=7)
    assert closed_since(conversation(window=STANDARD), without) == after(days=1)
    assert closed_since(conversation("zalo", window=ZALO)) == after(days=7)
    assert closed_since(conversation(last_in_at=None)) is None
    closed = {**STANDARD, "closed_at": after(hours=3)}
    assert closed_since(conversation(window=closed)) == after(hours=3)


def test_a_comment_may_be_answered_privately_for_a_week() -> None:
    assert may_answer_privately(WROTE, after(days=6.9))
    assert not may_answer_privately(WROTE, after(days=7))
