"""What each simulated customer really received: the truth that exactly-once is judged by."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from inbox.conversations.model import Channel

Kind = Literal["message", "group", "anonymous", "comment", "private_reply"]


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file as it arrived; `sha256` of its bytes where the platform was given them."""

    kind: str
    name: str | None = None
    size: int | None = None
    sha256: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """One platform message that was accepted, whatever became of the answer.

    `customer_id` is the person, the group, the visitor or the comment that it went to;
    `reference` is what the sender attached to it (Meta's `metadata`).
    """

    channel: Channel
    account_id: str
    customer_id: str
    kind: Kind
    platform_id: str
    accepted_at: datetime
    text: str | None = None
    files: tuple[ReceivedFile, ...] = ()
    reference: str | None = None
    reply_to: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "accepted_at": self.accepted_at.isoformat()}


@dataclass(frozen=True, slots=True)
class Gesture:
    """Something shown that is no message: typing, seen, a reaction."""

    account_id: str
    customer_id: str
    name: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


class Ledger:
    """In the order in which the platforms accepted; nothing is ever taken out."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.gestures: list[Gesture] = []
        self.last_at: dict[str, datetime] = {}

    def accept(self, received: Received) -> None:
        self.received.append(received)
        self.last_at[received.customer_id] = received.accepted_at

    def of(self, customer_id: str, account_id: str | None = None) -> list[Received]:
        """What one customer received, in order."""
        return [
            one
            for one in self.received
            if one.customer_id == customer_id and account_id in (None, one.account_id)
        ]

    def texts(self, customer_id: str) -> list[str]:
        return [one.text for one in self.of(customer_id) if one.text is not None]

    def counts(self) -> Counter[tuple[str, str, str | None]]:
        """How often each (account, customer, text) was received: more than once is a double."""
        return Counter((one.account_id, one.customer_id, one.text) for one in self.received)

    def json(self) -> dict[str, Any]:
        return {
            "received": [one.json() for one in self.received],
            "gestures": [one.json() for one in self.gestures],
        }
