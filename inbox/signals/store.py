"""Signals in the database: written with what they tell of, deleted when they were heeded."""

from collections.abc import Iterable
from dataclasses import asdict

from inbox.clock import Clock
from inbox.ids import random_id
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import DueWork, Pace, due
from inbox.signals.model import Signal

_PATH = "work"


class SignalStore:
    """The collection `signals`: the fields of Signal and `work`, which is due at once."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._signals = mongo["signals"]
        self._clock = clock
        self.due = DueWork(mongo, "signals", _PATH, clock, pace=pace)

    async def add(self, signals: Iterable[Signal], *, session: Session) -> None:
        """Keep signals, in the transaction of what they tell of; `due.wake` after it."""
        now = self._clock.now()
        rows = [signal_document(one) | {"_id": random_id(), _PATH: due(now)} for one in signals]
        if rows:
            await self._signals.insert_many(rows, session=session)

    async def is_waiting(self, customer_id: str, *, session: Session) -> bool:
        """Whether something about a customer is still to be heeded; index (customer_id).

        Parked ones do not count: they would keep everything waiting for ever.
        """
        query = {"customer_id": customer_id, f"{_PATH}.due_at": {"$exists": True}}
        return await self._signals.find_one(query, {"_id": 1}, session=session) is not None

    async def delete(self, signal_id: str, token: str, *, session: Session) -> bool:
        """It was heeded. False when the lease was lost: somebody else heeds it."""
        held = {"_id": signal_id, f"{_PATH}.token": token}
        return (await self._signals.delete_one(held, session=session)).deleted_count == 1


def signal_document(signal: Signal) -> Document:
    """What is not there is left out."""
    return {name: value for name, value in asdict(signal).items() if value not in (None, False)}


def signal_from(document: Document) -> Signal:
    names = ("bot_id", "conversation_id", "message_id", "tag_id", "first", "late")
    return Signal(
        kind=document["kind"],
        at=document["at"],
        customer_id=document["customer_id"],
        **{name: document[name] for name in names if name in document},
    )
