"""A channel in memory that behaves: it takes messages, refuses, stalls, and forgets to answer."""

import asyncio
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from inbox.ports import (
    Absent,
    AccountRef,
    Draft,
    Outgoing,
    Part,
    Recipient,
    SendError,
    SendRefused,
    SendUncertain,
    Sent,
)

TEXT_LIMIT = 40
"""Characters per platform message."""
FILE_LIMIT = 1024
"""Bytes per file."""


class TooBig(SendRefused):
    code = "too_big"
    vi = "Tệp quá lớn."
    en = "The file is too big."


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the customer got."""

    id: str
    account: str
    recipient: str
    text: str | None
    reference: str
    file: str | None = None
    content: str | None = None
    reply_to: str | None = None
    comment_id: str | None = None
    by_human: bool = False


Silence = Literal["taken", "lost"]
"""A call without an answer: the message was taken all the same, or lost on the way."""


@dataclass(slots=True)
class FakePlatform:
    """What the customers got, and what goes wrong with the next calls, in their order.

    `None` takes the message, an error is raised and nothing is taken, a `Silence` raises
    SendUncertain. With `file` it is kept there, so that it outlives the process. `hides` is a
    platform whose history cannot be read.
    """

    faults: list[SendError | Silence | Exception | None] = field(default_factory=list)
    file: Path | None = None
    hides: bool = False
    signals: list[str] = field(default_factory=list)
    calls: int = 0
    gate: asyncio.Event | None = None
    """While it is there and not set, calls stall before anything is taken."""
    answers: asyncio.Event | None = None
    """While it is there and not set, calls stall after the message was taken."""
    _taken: list[Taken] = field(default_factory=list)

    @property
    def taken(self) -> list[Taken]:
        if self.file is None:
            return list(self._taken)
        if not self.file.exists():
            return []
        return [Taken(**json.loads(line)) for line in self.file.read_text().splitlines()]

    @property
    def texts(self) -> list[str | None]:
        return [one.text for one in self.taken]

    def take(self, outgoing: Outgoing, content: bytes | None) -> str:
        taken = Taken(
            id=f"mid.{os.getpid()}.{len(self.taken) + 1}",
            account=outgoing.account.account_id,
            recipient=outgoing.recipient.external_id,
            text=outgoing.part.text,
            reference=outgoing.reference,
            file=outgoing.file.name if outgoing.file else None,
            content=None if content is None else content.decode(),
            reply_to=outgoing.reply_to,
            comment_id=outgoing.recipient.comment_id,
            by_human=outgoing.by_human,
        )
        if self.file is None:
            self._taken.append(taken)
        else:
            with self.file.open("a") as log:
                log.write(json.dumps(asdict(taken)) + "\n")
                log.flush()
                os.fsync(log.fileno())
        return taken.id


class FakeMessenger:
    """Sends to a FakePlatform; one text of 40 characters or one file per message."""

    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform

    def plan(self, draft: Draft) -> tuple[Part, ...]:
        if any(file.size > FILE_LIMIT for file in draft.files):
            raise TooBig
        parts = [Part(n, text=piece) for n, piece in enumerate(_pieces(draft.text))]
        if draft.sticker is not None:
            parts.append(Part(len(parts), sticker=draft.sticker))
        for place in range(len(draft.files)):
            parts.append(Part(len(parts), file=place))
        last = parts[-1]
        parts[-1] = Part(
            last.n, last.text, last.file, draft.quick_replies, draft.buttons, last.sticker
        )
        return tuple(parts)

    async def send(self, outgoing: Outgoing) -> Sent:
        platform = self.platform
        platform.calls += 1
        if platform.gate is not None:
            await platform.gate.wait()
        content = None
        if outgoing.file is not None:
            content = b"".join([chunk async for chunk in outgoing.file.read()])
        fault = platform.faults.pop(0) if platform.faults else None
        if isinstance(fault, Exception):
            raise fault
        if fault == "lost":
            raise SendUncertain("no answer")
        id_ = platform.take(outgoing, content)
        if fault == "taken":
            raise SendUncertain("no answer")
        if platform.answers is not None:
            await platform.answers.wait()
        comment_id = outgoing.recipient.comment_id
        return Sent(id_, recipient_id=None if comment_id is None else f"who-wrote-{comment_id}")

    async def find_sent(self, outgoing: Outgoing, since: datetime) -> str | Absent | None:
        if self.platform.hides:
            return None
        found = [one.id for one in self.platform.taken if one.reference == outgoing.reference]
        return found[0] if found else Absent.ABSENT

    async def show_typing(self, account: AccountRef, recipient: Recipient) -> None:
        self.platform.signals.append(f"typing:{recipient.external_id}")

    async def mark_seen(self, account: AccountRef, recipient: Recipient) -> None:
        self.platform.signals.append(f"seen:{recipient.external_id}")


def _pieces(text: str | None) -> Iterable[str]:
    for start in range(0, len(text or ""), TEXT_LIMIT):
        yield (text or "")[start : start + TEXT_LIMIT]
