"""What a worker does next for one conversation: pure, read from the messages on their way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.conversations.sheet import Document

CHECKS = (timedelta(seconds=10), timedelta(seconds=60), timedelta(minutes=10))
"""Pauses before each look into the platform's history for a part in doubt. After the last one
its fate is unknown: only its echo or a person can tell."""


@dataclass(frozen=True, slots=True)
class Send:
    """It is this part's turn."""

    message: Document
    part: Document


@dataclass(frozen=True, slots=True)
class Doubt:
    """Somebody died while sending this part: it may have arrived."""

    message: Document
    part: Document


@dataclass(frozen=True, slots=True)
class Check:
    """Look whether this part in doubt has arrived."""

    message: Document
    part: Document


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`; None: nothing at all."""

    until: datetime | None


Step = Send | Doubt | Check | Wait


def next_step(messages: Sequence[Document], now: datetime) -> Step:
    """The next step for messages in the order of their `seq`, by whoever holds the conversation.

    The holder has nothing in flight when it asks, so a part that is being sent was left behind.
    A part that waits for its next try holds up everything after it. A part in doubt does so
    until the first look: it may still be on its way, and what follows would overtake it. After
    that, sending goes before checking.
    """
    in_doubt: list[tuple[Document, Document]] = []
    waits: list[datetime] = []
    for message, part in ((one, part) for one in messages for part in one["parts"]):
        if part["state"] == "sending":
            return Doubt(message, part)
        if part["state"] == "queued":
            retry_at = part.get("retry_at")
            if retry_at is None or retry_at <= now:
                return Send(message, part)
            waits.append(retry_at)
            break
        if part["state"] == "uncertain":
            in_doubt.append((message, part))
            if not part.get("checks"):
                break
    return _look(in_doubt, waits, now)


def _look(
    in_doubt: Sequence[tuple[Document, Document]], waits: Sequence[datetime], now: datetime
) -> Step:
    """Check what is in doubt for longest, if it is time; else wait for whatever comes first."""
    looks = sorted(in_doubt, key=lambda one: one[1]["check_at"])
    if looks and looks[0][1]["check_at"] <= now:
        return Check(*looks[0])
    return Wait(min([*waits, *(part["check_at"] for _, part in looks[:1])], default=None))


def next_check(part: Document, now: datetime) -> datetime | None:
    """When to look again after one more look has found nothing; None when that was the last."""
    done = part.get("checks", 0) + 1
    return now + CHECKS[done] if done < len(CHECKS) else None
