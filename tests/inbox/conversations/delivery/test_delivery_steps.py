"""What comes next for a conversation: a table over the states of its messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inbox.conversations.delivery.steps import (
    CHECKS,
    Check,
    Doubt,
    Send,
    Step,
    Wait,
    next_check,
    next_step,
)

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
EARLIER = NOW - timedelta(seconds=1)


def part(state: str, **fields: Any) -> dict[str, Any]:
    return {"n": 0, "state": state, **fields}


def messages(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"_id": f"m{number}", "parts": [one]} for number, one in enumerate(parts)]


QUEUED = part("queued")
WAITS = part("queued", retry_at=LATER)
FRESH = part("uncertain", check_at=LATER)
FIRST_LOOK = part("uncertain", check_at=EARLIER)
DOUBTED = part("uncertain", check_at=LATER, checks=1)
TO_CHECK = part("uncertain", check_at=EARLIER, checks=1)


def name(step: Step) -> str:
    match step:
        case Wait(until):
            return f"wait {until and until - NOW}"
        case Send(message) | Doubt(message) | Check(message):
            return f"{type(step).__name__} {message['_id']}"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([], "wait None", id="nothing"),
        pytest.param([part("sent"), QUEUED, QUEUED], "Send m1", id="the first that is queued"),
        pytest.param([WAITS, QUEUED], "wait 0:00:30", id="who waits holds up the rest"),
        pytest.param([part("queued", retry_at=NOW)], "Send m0", id="its time has come"),
        pytest.param([part("sending"), QUEUED], "Doubt m0", id="left behind"),
        pytest.param([FRESH, QUEUED], "wait 0:00:30", id="it may still be on its way"),
        pytest.param([FIRST_LOOK, QUEUED], "Check m0", id="the first look goes before sending"),
        pytest.param([DOUBTED, QUEUED], "Send m1", id="an old doubt holds up nothing"),
        pytest.param([TO_CHECK, QUEUED], "Send m1", id="sending goes first"),
        pytest.param([TO_CHECK, WAITS], "Check m0", id="checking while another waits"),
        pytest.param([DOUBTED], "wait 0:00:30", id="not yet"),
        pytest.param([part("failed", error={"code": "x"})], "wait None", id="failed"),
    ],
)
def test_next_step(parts: list[dict[str, Any]], expected: str) -> None:
    assert name(next_step(messages(*parts), NOW)) == expected


def test_looks_grow_rarer_and_end() -> None:
    assert next_check(part("uncertain"), NOW) == NOW + CHECKS[1]
    assert next_check(part("uncertain", checks=1), NOW) == NOW + CHECKS[2]
    assert next_check(part("uncertain", checks=2), NOW) is None
