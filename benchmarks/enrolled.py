"""Shops whose customers run a script, for benchmarks/scripts.py: a million that wait, some due."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Self

from inbox.clock import SystemClock
from inbox.ids import conversation_key, identity_key, random_id
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import due
from inbox.mongo.indexes import ensure_indexes
from scheduler.enrolments.store import EnrolmentStore, Start
from scheduler.scripts.documents import script_document
from scheduler.scripts.model import Content, Delay, Next, Script, Step

BOT, AGENT, PAGE = "bench", "lan", "300000000000000"
_BATCH = 5000
_FIRST = timedelta(hours=1)
"""From the start to the first step; twice that to the second."""
_SOON = timedelta(hours=2)
"""Before then nothing of what waits falls due."""
_SPREAD = timedelta(days=90)


@dataclass(slots=True)
class Shop:
    """A database with one script. Enrolments are copies of one that EnrolmentStore made."""

    mongo: Mongo
    template: Document
    numbers: Iterator[int]

    @classmethod
    async def opened(cls, uri: str, name: str, waiting: int) -> Self:
        """With so many enrolments that wait for a day of the next three months, and all indexes."""
        mongo = Mongo.connect(uri, name, timeoutMS=None)  # indexes of a million take longer
        now = SystemClock().now()
        script = _script(now)
        await mongo["bots"].insert_one({"_id": BOT, "name": "Shop Hoa", "member_ids": [AGENT]})
        await mongo["staff"].insert_one({"_id": AGENT, "name": "Lan", "email": "lan@shop.example"})
        await mongo["scripts"].insert_one(script_document(script))
        shop = cls(mongo, await _template(mongo, script), count())
        every = _SPREAD / max(1, waiting)
        moments = (now + _SOON + n * every for n in range(waiting))
        await shop._insert(
            "enrolments", (shop._enrolment(next(shop.numbers), at) for at in moments)
        )
        await ensure_indexes(mongo)
        return shop

    async def fall_due(self, moments: Sequence[datetime]) -> dict[str, datetime]:
        """One more customer for each moment, whose first step is due then; by enrolment."""
        numbers = list(islice(self.numbers, len(moments)))
        await self._insert("customers", map(_customer, numbers))
        await self._insert("conversations", map(_conversation, numbers))
        documents = [
            self._enrolment(number, at) for number, at in zip(numbers, moments, strict=True)
        ]
        await self._insert("enrolments", documents)
        return {one["_id"]: one["next_at"] for one in documents}

    async def taken(self, ids: Iterable[str]) -> dict[str, datetime]:
        """When the first step was taken, as the enrolments tell it."""
        found = self.mongo["enrolments"].find({"_id": {"$in": list(ids)}}, {"log": 1})
        return {one["_id"]: one["log"][0]["at"] async for one in found if one["log"]}

    async def forget(self, ids: Iterable[str]) -> None:
        await self.mongo["enrolments"].delete_many({"_id": {"$in": list(ids)}})

    async def close(self) -> None:
        await self.mongo.client.drop_database(self.mongo.db.name)
        await self.mongo.close()

    def _enrolment(self, number: int, at: datetime) -> Document:
        return self.template | {
            "_id": random_id(),
            "customer_id": _customer_id(number),
            "conversation_id": _conversation_id(number),
            "started_at": at - _FIRST,
            "next_at": at,
            "work": due(at),
        }

    async def _insert(self, collection: str, documents: Iterable[Document]) -> None:
        left = iter(documents)
        while batch := list(islice(left, _BATCH)):
            await self.mongo[collection].insert_many(batch, ordered=False)


async def _template(mongo: Mongo, script: Script) -> Document:
    """An enrolment as the service makes it; not there any more."""
    store = EnrolmentStore(mongo, SystemClock())
    thread = {"_id": _conversation_id(0), "customer_id": _customer_id(0)}
    following = Next(script.steps[0], script.created_at)

    async def work(session: Session) -> Document:
        return await store.insert(script, thread, following, Start("staff", AGENT), session=session)

    document = await mongo.transaction(work)
    await mongo["enrolments"].delete_one({"_id": document["_id"]})
    return document


def _script(now: datetime) -> Script:
    steps = tuple(
        Step(f"step{n}", Delay(n + 1, "hour"), Content(f"Chào {{name}}, đây là bước {n}"))
        for n in range(3)
    )
    return Script(
        id=random_id(), bot_id=BOT, name="Chăm sóc", enabled=True, steps=steps, created_at=now
    )


def _customer_id(number: int) -> str:
    return identity_key("facebook", PAGE, str(number))


def _conversation_id(number: int) -> str:
    return conversation_key("facebook", PAGE, "inbox", str(number))


def _customer(number: int) -> Document:
    return {
        "_id": _customer_id(number),
        "name": f"Khách {number}",
        "phones": [f"+84{900_000_000 + number}"],
        "emails": [],
        "attributes": {},
        "tag_ids": [],
        "merged_from": [],
    }


def _conversation(number: int) -> Document:
    return {
        "_id": _conversation_id(number),
        "bot_id": BOT,
        "customer_id": _customer_id(number),
        "kind": "inbox",
        "external_id": str(number),
        "assignee_id": AGENT,
        "status": "open",
    }
