"""Takes over what was changed in another system, as an edit with its history. One transaction."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal

import orjson
from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.customers.fields import shown_name, version_of
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.model import Actor
from inbox.tags.service import TagService
from inbox.timeline.kinds import interaction


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed the field at `path` in different ways: who won, what each of them had."""

    path: str
    winner: Literal["inbox", "crm"]
    kept: Any
    lost: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """`fields` are values by path (inbox/customers/fields.py); tags come and go by name."""

    source: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    add_tags: Collection[str] = ()
    remove_tags: Collection[str] = ()
    conflicts: Sequence[Conflict] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.add_tags or self.remove_tags or self.conflicts)


@dataclass(frozen=True, slots=True)
class Adopted:
    """The customer as they are now, the tags that could not be attached (retired ones), and the
    names of those that they have, by id: some may be new.
    """

    customer: Document
    left_out: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class Adopting:
    """Edits of people in another system. Repeating one changes nothing and tells nothing twice."""

    def __init__(
        self, mongo: Mongo, customers: CustomerStore, tags: TagService, clock: Clock
    ) -> None:
        self._mongo = mongo
        self._customers = customers
        self._tags = tags
        self._clock = clock

    async def adopt(
        self,
        customer_id: str,
        version: int,
        news: News,
        also: Callable[[Adopted, Session], Awaitable[None]],
    ) -> Adopted:
        """Make the edits, with rows of the timeline, a line of the audit log and a live event.

        Args:
            customer_id: whose.
            version: of the customer that the news were compared with.
            news: what is to be taken over.
            also: written in the same transaction; what it raises undoes everything.

        Raises:
            VersionClash: one of the fields was edited since: compare anew.
            InvalidInput: see EditChecks.check.
            NotFound: they were erased; one who was merged is followed.
        """
        actor = crm_actor(news.source)

        async def work(session: Session) -> Adopted:
            before = await self._customers.find(customer_id, session)
            after = await self._customers.edit_within(
                before, news.fields, actor, version=version, session=session
            )
            left_out = await self._tags.follow(
                after, news.add_tags, news.remove_tags, actor, session=session
            )
            await self._tell(before, news, session)
            after = await self._customers.find(customer_id, session)
            adopted = Adopted(after, tuple(left_out), await self._names(after, session))
            await also(adopted, session)
            return adopted

        adopted = await self._mongo.transaction(work)
        self._customers.mirrors.wake()
        self._tags.store.signals.due.wake()
        return adopted

    async def _names(self, customer: Document, session: Session) -> dict[str, str]:
        ids = {*customer.get("tag_ids", ())}
        return {
            one.id: one.name for one in await self._tags.store.all(session=session) if one.id in ids
        }

    async def _tell(self, customer: Document, news: News, session: Session) -> None:
        """The loser's value, which nobody has any more: once, however often this is repeated."""
        now = self._clock.now()
        writes = [
            UpdateOne({"_id": row.pop("_id")}, {"$setOnInsert": row}, upsert=True)
            for row in (_row(customer, one, news.source, now) for one in news.conflicts)
        ]
        if writes:
            await self._mongo["interactions"].bulk_write(writes, session=session)


def crm_actor(source: str) -> Actor:
    """Who edits: people of whom only the CRM knows who they are."""
    return Actor(id=f"crm:{source}", name=f"CRM {source}", role="owner", kind="system")


def _row(customer: Document, conflict: Conflict, source: str, at: datetime) -> Document:
    """Of one edit of ours and one value there is one row, however often they are compared."""
    data = {
        "field": shown_name(conflict.path),
        "winner": conflict.winner,
        "kept": conflict.kept,
        "lost": conflict.lost,
        "connection": source,
    }
    edit = version_of(customer, conflict.path)
    key = orjson.dumps([customer["_id"], data, edit], default=str)
    row = interaction(
        "crm_conflict", customer_id=customer["_id"], at=at, actor_id=f"crm:{source}", data=data
    )
    return {**row, "_id": blake2b(key, digest_size=16).hexdigest()}
