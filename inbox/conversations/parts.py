"""The parts of a message of ours, and what the message is by what became of them: pure.

A part goes queued -> sending -> sent | failed | uncertain; an uncertain one ends as sent or
failed. Its content is kept until it is sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from inbox.conversations.sheet import Document, Tracked
from inbox.ports import Button, Card, Part, SendError

FATE_UNKNOWN = "fate_unknown"
SKIPPED = "skipped"
_UNSETTLED = frozenset({"queued", "sending", "uncertain"})
_GONE_WHEN_SENT = ("content", "token", "error", "retry_at", "check_at", "checks")


class FateUnknown(SendError):
    """Nothing tells whether the customer has it: neither an echo nor the platform's history."""

    code = FATE_UNKNOWN
    vi = "Không xác định được tin nhắn đã đến khách hay chưa. Hãy kiểm tra rồi gửi lại nếu cần."
    en = "Nobody can tell whether the message reached the customer. Check, then send it again."


class NotReceived(SendError):
    """In doubt for long, and the platform's history does not have it."""

    code = "not_received"
    vi = "Nền tảng không ghi nhận tin nhắn này: khách chưa nhận được. Hãy gửi lại nếu cần."
    en = "The platform does not have this message: the customer did not get it. Send it again."


UNDECIDED = frozenset({FATE_UNKNOWN, NotReceived.code})
"""Failures that an echo, however late, or a person may still turn into "sent"."""


class Skipped(SendError):
    """An earlier part of the same message could not be sent."""

    code = SKIPPED
    vi = "Không gửi vì phần trước của tin nhắn này bị lỗi."
    en = "Not sent because an earlier part of this message failed."


def new_parts(plan: Sequence[Part]) -> list[Document]:
    """The parts of a new message, all queued."""
    return [
        {"n": part.n, "state": "queued", "attempts": 0, "content": _content(part)} for part in plan
    ]


def _content(part: Part) -> Document:
    fields = asdict(part)
    del fields["n"]
    kept = {name: value for name, value in fields.items() if value not in (None, (), [])}
    for name in ("quick_replies", "buttons"):
        if name in kept:
            kept[name] = [dict(button) for button in kept[name]]
    if part.cards:
        kept["cards"] = card_documents(part.cards)
    return kept


def card_documents(cards: Sequence[Card]) -> list[Document]:
    """Cards as they are stored, here and in the content of a message."""
    return [_filled({**asdict(card), "buttons": _button_documents(card)}) for card in cards]


def _button_documents(card: Card) -> list[Document]:
    return [_filled(asdict(button)) for button in card.buttons]


def _filled(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _cards(documents: Sequence[Document] | None) -> tuple[Card, ...]:
    return tuple(
        Card(**{**document, "buttons": buttons(document.get("buttons"))})
        for document in documents or ()
    )


def planned(part: Document) -> Part:
    """The platform message that a part was planned to be."""
    content = part.get("content") or {}
    return Part(
        n=part["n"],
        text=content.get("text"),
        file=content.get("file"),
        quick_replies=buttons(content.get("quick_replies")),
        buttons=buttons(content.get("buttons")),
        sticker=content.get("sticker"),
        cards=_cards(content.get("cards")),
    )


def buttons(documents: Sequence[Document] | None) -> tuple[Button, ...]:
    return tuple(Button(**document) for document in documents or ())


def error_of(error: SendError, at: datetime) -> Document:
    """A failure as it is stored and shown."""
    shown = {"code": error.code, "vi": error.vi, "en": error.en, "at": at}
    if error.platform_code is not None:
        shown["platform_code"] = error.platform_code
    return shown


def part_at(message: Tracked, n: int) -> Document | None:
    """The part with this number; None when there is none."""
    parts: list[Document] = message.get("parts") or []
    return next((part for part in parts if part["n"] == n), None)


def is_last(message: Tracked, n: int) -> bool:
    parts: list[Document] = message.get("parts") or []
    return n == len(parts) - 1


def set_part(message: Tracked, n: int, **fields: Any) -> None:
    """Change fields of one part (None removes) and what follows from it for the message."""
    set_parts(message, lambda part: fields if part["n"] == n else {})


def set_parts(message: Tracked, change: Callable[[Document], Document]) -> None:
    """As `set_part`, for every part: `change` gives the fields that change."""
    parts = []
    for part in message.get("parts") or []:
        merged = {**part, **change(part)}
        parts.append({name: value for name, value in merged.items() if value is not None})
    message.put("parts", parts)
    message.put("status", _status(parts))
    message.put("error", _error(parts))
    message.put("pending", True if any(_may_change(part) for part in parts) else None)
    sent = all(part["state"] == "sent" for part in parts)
    message.put("sent_at", max(sent_at(part) for part in parts) if sent else None)


def mark_sent(
    message: Tracked, n: int, external_id: str | None, *, echo_at: datetime | None = None
) -> None:
    """The platform has it. The first id that was told stays; `echo_at` is the platform's time."""
    part = part_at(message, n)
    assert part is not None
    times = [at for at in (part.get("echo_at"), echo_at) if at is not None]
    set_part(
        message,
        n,
        state="sent",
        external_id=part.get("external_id") or external_id,
        echo_at=min(times, default=None),
        **dict.fromkeys(_GONE_WHEN_SENT),
    )


def fail(message: Tracked, n: int, error: Document) -> None:
    """This part failed for good, and what was to follow it is skipped."""
    skipped = error_of(Skipped(), error["at"])

    def change(part: Document) -> Document:
        if part["n"] == n:
            return failed(error)
        if part["n"] > n and part["state"] == "queued":
            return failed(skipped)
        return {}

    set_parts(message, change)


def failed(error: Document) -> Document:
    """The fields of a part that failed."""
    cleared = dict.fromkeys(("token", "retry_at", "check_at", "checks"))
    return {"state": "failed", "error": error, **cleared}


def requeued() -> Document:
    """The fields of a part that is to be sent (again) as soon as possible."""
    cleared = ("token", "retry_at", "check_at", "checks", "error")
    return {"state": "queued", "attempts": 0, **dict.fromkeys(cleared)}


def sent_at(part: Document) -> datetime:
    """When the platform says it was written, else when we began to send it."""
    at: datetime = part.get("echo_at") or part["at"]
    return at


def reached_at(message: Tracked) -> datetime | None:
    """When the platform says it was written; what we wrote is told by its echo only."""
    if message.get("parts") is None:
        at: datetime | None = message.get("at")
        return at
    times = [part["echo_at"] for part in message.get("parts") if "echo_at" in part]
    return max(times) if times and message.get("sent_at") is not None else None


def _may_change(part: Document) -> bool:
    """By itself: a part whose fate is unknown still ends when its echo comes."""
    if part["state"] in _UNSETTLED:
        return True
    return bool(part["state"] == "failed" and part["error"]["code"] in UNDECIDED)


def _status(parts: Sequence[Document]) -> str:
    states = {part["state"] for part in parts}
    if "sending" in states or ("queued" in states and "sent" in states):
        return "sending"
    for state in ("queued", "uncertain", "failed"):
        if state in states:
            return state
    return "sent"


def _error(parts: Sequence[Document]) -> Document | None:
    """Why it failed or is in doubt: the reason of the first part that has one of its own."""
    if _status(parts) not in ("failed", "uncertain"):
        return None
    errors: list[Document] = [
        part["error"] for part in parts if part["state"] in ("failed", "uncertain")
    ]
    own = [error for error in errors if error["code"] != SKIPPED]
    return (own or errors)[0]
