"""The collection `tags`, and the tags of customers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.customers.mirroring.marking import Mirrors
from inbox.ids import random_id
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.signals.model import Signal
from inbox.signals.store import SignalStore
from inbox.tags.model import Colour, Tag, first_colour, shown_name, tag_key
from inbox.timeline.kinds import interaction

TagKind = Literal["tag_added", "tag_removed"]


class TagStore:
    """`{_id, name, key, colour, position, created_at, retired_at?, removal?, renaming?: due work,
    removed_at?, removed_by?, triggers_scripts?: a script may begin where it is attached}`.

    `key` is unique. A tag that is being deleted has `removal` and no key: its name is free again
    at once, while customers lose it batch by batch.
    """

    def __init__(
        self,
        mongo: Mongo,
        mirrors: Mirrors,
        clock: Clock,
        *,
        pace: Pace | None = None,
        signals: SignalStore | None = None,
    ) -> None:
        self.signals = signals or SignalStore(mongo, clock)
        self._mirrors = mirrors
        self._mongo = mongo
        self._tags = mongo["tags"]
        self._customers = mongo["customers"]
        self._clock = clock
        self.due = DueWork(mongo, "tags", "removal", clock, pace=pace)
        self.renamed = DueWork(mongo, "tags", "renaming", clock, pace=pace)

    async def all(self, *, session: Session | None = None) -> list[Tag]:
        """The catalogue in order; a few hundred at most, so no paging."""
        found = self._tags.find({"key": {"$exists": True}}, session=session)
        return [_tag(one) async for one in found.sort([("position", 1), ("key", 1)])]

    async def get(self, tag_id: str, *, session: Session | None = None) -> Tag | None:
        query = {"_id": tag_id, "key": {"$exists": True}}
        found = await self._tags.find_one(query, session=session)
        return None if found is None else _tag(found)

    async def by_name(self, name: str, *, session: Session) -> Tag | None:
        """The tag of this name in any spelling; unique index on `key`."""
        found = await self._tags.find_one({"key": tag_key(name)}, session=session)
        return None if found is None else _tag(found)

    async def insert(self, name: str, colour: Colour | None, *, session: Session) -> Tag:
        """A new tag at the end. Two at once collide on `key`; the one that repeats finds it."""
        last = await self._tags.find_one(
            {}, {"position": 1}, sort=[("position", -1)], session=session
        )
        key = tag_key(name)
        tag = Tag(
            id=random_id(),
            name=shown_name(name),
            key=key,
            colour=colour or first_colour(key),
            position=(last or {}).get("position", 0) + 1,
            created_at=self._clock.now(),
        )
        await self._tags.insert_one(_document(tag), session=session)
        await self.tell_catalogue(session)
        return tag

    async def update(self, tag_id: str, changes: Document, *, session: Session) -> None:
        """Set fields; a value of None unsets its field."""
        sets = {name: value for name, value in changes.items() if value is not None}
        update: Document = {"$set": sets} if sets else {}
        if unset := changes.keys() - sets.keys():
            update["$unset"] = dict.fromkeys(unset, 1)
        if update:
            await self._tags.update_one({"_id": tag_id}, update, session=session)

    async def order(self, ids: Sequence[str], *, session: Session) -> None:
        writes = [
            UpdateOne({"_id": id_}, {"$set": {"position": place}})
            for place, id_ in enumerate(ids, start=1)
        ]
        if writes:
            await self._tags.bulk_write(writes, session=session)

    async def usage(self, ids: Collection[str]) -> dict[str, int]:
        """How many customers have each of these tags; index (tag_ids)."""
        steps: list[Document] = [
            {"$match": {"tag_ids": {"$in": list(ids)}}},
            {"$unwind": "$tag_ids"},
            {"$match": {"tag_ids": {"$in": list(ids)}}},
            {"$group": {"_id": "$tag_ids", "count": {"$sum": 1}}},
        ]
        counted = await (await self._customers.aggregate(steps)).to_list()
        found = {one["_id"]: one["count"] for one in counted}
        return {id_: found.get(id_, 0) for id_ in ids}

    async def usage_of(self, tag_id: str, *, session: Session) -> int:
        return await self._customers.count_documents({"tag_ids": tag_id}, session=session)

    async def set_tags(
        self,
        customer: Document,
        tag_ids: Sequence[str],
        *,
        row: tuple[TagKind, Tag],
        actor_id: str | None,
        session: Session,
    ) -> None:
        """Write the tags of a customer, with a row of the timeline and a live event.

        `row` is the type of the row and the tag that it is about.
        """
        now = self._clock.now()
        marks = await self._mirrors.marks(customer, ["tag_ids"], now, session=session)
        await self._customers.update_one(
            {"_id": customer["_id"]},
            {
                "$set": {"tag_ids": list(tag_ids), "updated_at": now, **marks},
                "$inc": {"version": 1},
            },
            session=session,
        )
        type_, tag = row
        await self._mongo["interactions"].insert_one(
            _row(customer["_id"], type_, tag, actor_id, now), session=session
        )
        bots = await self._mongo["conversations"].distinct(
            "bot_id", {"customer_id": customer["_id"]}, session=session
        )
        event = live_event(
            type="customer_changed",
            at=now,
            bot_ids=[bot for bot in bots if isinstance(bot, str)],
            customer_id=customer["_id"],
            data={"fields": ["tags"]},
        )
        await self._mongo["live_events"].insert_one(event, session=session)
        if customer.get("automated") or await self._triggers(type_, tag, session):
            signal = Signal(kind=type_, at=now, customer_id=customer["_id"], tag_id=tag.id)
            await self.signals.add([signal], session=session)

    async def _triggers(self, type_: TagKind, tag: Tag, session: Session) -> bool:
        """Whether a script may begin because of it."""
        if type_ != "tag_added":
            return False
        query = {"_id": tag.id, "triggers_scripts": True}
        return await self._tags.find_one(query, {"_id": 1}, session=session) is not None

    async def begin_removal(self, tag: Tag, actor_id: str, *, session: Session) -> None:
        """The tag leaves the catalogue now and its customers as due work."""
        now = self._clock.now()
        await self._tags.update_one(
            {"_id": tag.id},
            {
                "$set": {"removal": due(now), "removed_by": actor_id, "removed_at": now},
                "$unset": {"key": 1, "renaming": 1},
            },
            session=session,
        )
        await self.tell_catalogue(session)

    async def detach_some(self, claimed: Claimed, limit: int) -> int:
        """Take a deleted tag from up to `limit` customers; how many had it. All or nothing."""
        tag = _tag({**claimed.document, "key": ""})

        async def work(session: Session) -> int:
            held = {"_id": tag.id, "removal.token": claimed.token}
            if await self._tags.find_one(held, {"_id": 1}, session=session) is None:
                return 0  # somebody else took over
            found = self._customers.find({"tag_ids": tag.id}, session=session)
            customers = await found.limit(limit).to_list()
            if customers:
                await self._take_from(customers, tag, claimed.document.get("removed_by"), session)
            return len(customers)

        count = await self._mongo.transaction(work)
        self._mirrors.wake()
        self.signals.due.wake()
        return count

    async def _take_from(
        self, customers: Sequence[Document], tag: Tag, actor_id: str | None, session: Session
    ) -> None:
        now = self._clock.now()
        writes: list[UpdateOne] = []
        for one in customers:
            marks = await self._mirrors.marks(one, ["tag_ids"], now, session=session)
            update = {
                "$pull": {"tag_ids": tag.id},
                "$set": {"updated_at": now, **marks},
                "$inc": {"version": 1},
            }
            writes.append(UpdateOne({"_id": one["_id"]}, update))
        await self._customers.bulk_write(writes, ordered=False, session=session)
        rows = [_row(one["_id"], "tag_removed", tag, actor_id, now) for one in customers]
        await self._mongo["interactions"].insert_many(rows, session=session)
        lost = [
            Signal(kind="tag_removed", at=now, customer_id=one["_id"], tag_id=tag.id)
            for one in customers
            if one.get("automated")
        ]
        await self.signals.add(lost, session=session)

    async def begin_renaming(self, tag_id: str, *, session: Session) -> None:
        """Its customers' tags are to be mirrored under the new name, as due work."""
        await self._tags.update_one(
            {"_id": tag_id},
            {"$set": {"renaming": due(self._clock.now()), "renamed_up_to": ""}},
            session=session,
        )

    async def mark_some(self, claimed: Claimed, limit: int) -> int:
        """Mark up to `limit` customers of a renamed tag for the mirrors; how many."""

        async def work(session: Session) -> int:
            held = {"_id": claimed.id, "renaming.token": claimed.token}
            tag = await self._tags.find_one(held, session=session)
            if tag is None:
                return 0  # somebody else took over, or it was renamed again or deleted
            query = {"tag_ids": claimed.id, "_id": {"$gt": tag["renamed_up_to"]}}
            found = self._customers.find(query, session=session).sort("_id", 1).limit(limit)
            customers = await found.to_list()
            await self._mark(customers, session)
            if customers:
                done = {"renamed_up_to": customers[-1]["_id"]}
                await self._tags.update_one(held, {"$set": done}, session=session)
            return len(customers)

        count = await self._mongo.transaction(work)
        self._mirrors.wake()
        return count

    async def _mark(self, customers: Sequence[Document], session: Session) -> None:
        writes: list[UpdateOne] = []
        for one in customers:
            now = self._clock.now()
            if marks := await self._mirrors.marks(one, ["tag_ids"], now, session=session):
                writes.append(UpdateOne({"_id": one["_id"]}, {"$set": marks}))
        if writes:
            await self._customers.bulk_write(writes, ordered=False, session=session)

    async def finish_removal(self, claimed: Claimed) -> None:
        """No customer has it any more."""
        await self._tags.delete_one({"_id": claimed.id, "removal.token": claimed.token})

    async def tell_catalogue(self, session: Session) -> None:
        """Every open inbox reads the catalogue anew."""
        bots = self._mongo["bots"].find({}, {"_id": 1}, session=session)
        event = live_event(
            type="tags_changed",
            at=self._clock.now(),
            bot_ids=[bot["_id"] async for bot in bots],
        )
        await self._mongo["live_events"].insert_one(event, session=session)


def _row(
    customer_id: str, type_: TagKind, tag: Tag, actor_id: str | None, at: datetime
) -> Document:
    return interaction(
        type_,
        customer_id=customer_id,
        at=at,
        actor_id=actor_id,
        data={"tag_id": tag.id, "name": tag.name},
    )


def _document(tag: Tag) -> Document:
    return {
        "_id": tag.id,
        "name": tag.name,
        "key": tag.key,
        "colour": tag.colour,
        "position": tag.position,
        "created_at": tag.created_at,
    }


def _tag(document: Document) -> Tag:
    return Tag(
        id=document["_id"],
        name=document["name"],
        key=document["key"],
        colour=document["colour"],
        position=document["position"],
        created_at=document["created_at"],
        retired_at=document.get("retired_at"),
    )
