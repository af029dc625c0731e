"""Reads and edits the collection `customers`, as far as the actor may see them."""

from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from inbox.clock import Clock
from inbox.conversations.visibility import visible
from inbox.customers.mirroring.marking import Mirrors
from inbox.errors import NotAllowed, NotFound, VersionClash
from inbox.ids import random_id
from inbox.live.model import live_event
from inbox.live.store import LiveStore
from inbox.mongo.client import Document, Mongo, Session
from inbox.search.tokens import FIELD, customer_tokens
from inbox.staff.model import Actor


class CustomerStore:
    """A customer is visible where one of their conversations is; admins see all."""

    def __init__(self, mongo: Mongo, clock: Clock, mirrors: Mirrors | None = None) -> None:
        """Without `mirrors` nothing is marked for a CRM."""
        self.mirrors = mirrors or Mirrors(mongo)
        self._mongo = mongo
        self._customers = mongo["customers"]
        self._clock = clock
        self._live = LiveStore(mongo)

    async def get(
        self, customer_id: str, actor: Actor, *, session: Session | None = None
    ) -> Document:
        """The customer; the id of one that was merged leads to the one it was merged into.

        Raises:
            NotFound: there is none.
            NotAllowed: none of their conversations is visible to the actor.
        """
        found = await self._find(customer_id, session)
        if not actor.sees_every_bot:
            seen = await self._mongo["conversations"].find_one(
                {"$and": [{"customer_id": found["_id"]}, visible(actor)]},
                {"_id": 1},
                session=session,
            )
            if seen is None:
                raise NotAllowed
        return found

    async def _find(self, customer_id: str, session: Session | None) -> Document:
        found = await self._customers.find_one({"_id": customer_id}, session=session)
        if found is None:
            redirect = await self._mongo["redirects"].find_one(
                {"_id": customer_id}, session=session
            )
            if redirect is None:
                raise NotFound
            found = await self._customers.find_one({"_id": redirect["to"]}, session=session)
        if found is None:
            raise NotFound
        return found

    async def edit(
        self, customer_id: str, fields: dict[str, Any], actor: Actor, *, version: int | None
    ) -> Document:
        """Set `fields`; the customer as it is then. With it: a timeline row and a live event.

        Args:
            customer_id: whose.
            fields: checked values by name. Values that are there already are not written again.
            actor: who edits.
            version: what the edit was made from. It succeeds if and only if no edited field has
                a newer version of its own, so edits of different fields both win. None: always.

        Raises:
            VersionClash: with the clashing fields and their current values.
            NotFound, NotAllowed: as `get`.
        """

        async def work(session: Session) -> Document:
            before = await self.get(customer_id, actor, session=session)
            clash = [name for name in fields if _is_newer(before, name, version)]
            if clash:
                raise _clash(before, clash)
            changed = {k: v for k, v in fields.items() if before.get(k) != v}
            if not changed:
                return before
            after = await self._write(before, changed, version, session)
            if after is None:  # cannot be: the snapshot of `before` said otherwise
                raise _clash(before, sorted(changed))
            await self._note(before, changed, actor, after["updated_at"], session)
            return after

        after = await self._mongo.transaction(work)
        self.mirrors.wake()
        return after

    async def _write(
        self, before: Document, changed: dict[str, Any], version: int | None, session: Session
    ) -> Document | None:
        next_version = {"$add": ["$version", 1]}
        now = self._clock.now()
        marks = await self.mirrors.marks(before, changed, now, session=session)
        sets: Document = {"version": next_version, "updated_at": now}
        for name, value in changed.items():
            sets[name] = {"$literal": value}
            sets[f"field_versions.{name}"] = next_version
        sets |= {path: {"$literal": value} for path, value in marks.items()}
        sets[FIELD] = {"$literal": customer_tokens({**before, **changed})}
        query: Document = {"_id": before["_id"]}
        if version is not None:
            not_newer = [{f"field_versions.{name}": {"$not": {"$gt": version}}} for name in changed]
            query["$and"] = not_newer
        return await self._customers.find_one_and_update(
            query, [{"$set": sets}], return_document=ReturnDocument.AFTER, session=session
        )

    async def _note(
        self,
        before: Document,
        changed: dict[str, Any],
        actor: Actor,
        at: datetime,
        session: Session,
    ) -> None:
        await self._mongo["interactions"].insert_one(
            {
                "_id": random_id(),
                "customer_id": before["_id"],
                "type": "edited",
                "at": at,
                "actor_id": actor.id,
                "data": {
                    "before": {name: before.get(name) for name in changed},
                    "after": changed,
                },
            },
            session=session,
        )
        event = live_event(
            type="customer_changed",
            at=at,
            bot_ids=await self._bot_ids(before["_id"], session),
            customer_id=before["_id"],
            data={"fields": sorted(changed)},
        )
        await self._live.insert([event], session=session)

    async def _bot_ids(self, customer_id: str, session: Session) -> list[str]:
        found = await self._mongo["conversations"].distinct(
            "bot_id", {"customer_id": customer_id}, session=session
        )
        return [bot_id for bot_id in found if isinstance(bot_id, str)]


def _is_newer(customer: Document, name: str, version: int | None) -> bool:
    return version is not None and customer.get("field_versions", {}).get(name, 0) > version


def _clash(customer: Document, names: list[str]) -> VersionClash:
    current = {name: customer.get(name) for name in names}
    return VersionClash(
        fields=sorted(names), current={**current, "version": customer.get("version", 1)}
    )
