"""Merges customers and parts them again, each in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from inbox.clock import Clock
from inbox.customers.fields import changed_paths, differing_paths, every_path, stamped
from inbox.customers.merging.model import (
    Merge,
    MergeBuriedDeeper,
    MergeUndone,
    MergeWithItself,
    merged_fields,
    parted_fields,
)
from inbox.customers.store import CustomerStore
from inbox.errors import NotFound
from inbox.ids import conversation_key, random_id
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.search.tokens import FIELD, customer_tokens
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from inbox.timeline.kinds import interaction

MOST_DUPLICATES = 20

SETTLED_AFTER = timedelta(seconds=90)
"""A new conversation of the other record may be in a transaction that has read it before it went.
It commits within the 60 s that MongoDB lets a transaction live, and is moved then."""


class MergeStore:
    """Collections `merges {survivor_id, loser_id, before, ..., settling: due work}` and
    `redirects {_id: old customer id, to}`.
    """

    def __init__(
        self, mongo: Mongo, customers: CustomerStore, clock: Clock, *, pace: Pace | None = None
    ) -> None:
        self._mongo = mongo
        self._customers = customers
        self._clock = clock
        self._audit = AuditStore(mongo)
        self.due = DueWork(mongo, "merges", "settling", clock, pace=pace)

    async def duplicates(self, customer: Document) -> list[Document]:
        """Other customers with one of its phones or addresses; indexes (phones), (emails)."""
        either: list[Document] = []
        if phones := customer.get("phones"):
            either.append({"phones": {"$in": phones}})
        if emails := customer.get("emails"):
            either.append({"emails": {"$in": emails}})
        if not either:
            return []
        query = {"$or": either, "_id": {"$ne": customer["_id"]}}
        return await self._mongo["customers"].find(query).limit(MOST_DUPLICATES).to_list()

    async def merge(self, survivor_id: str, loser_id: str, actor: Actor) -> Document:
        """Make one record of two; the survivor as it is then. Repeating it changes nothing.

        Raises:
            MergeWithItself: both are the same record (by now).
            NotFound, NotAllowed: as CustomerStore.get, for both.
        """

        async def work(session: Session) -> Document:
            survivor = await self._customers.get(survivor_id, actor, session=session)
            if loser_id in survivor.get("merged_from", []):
                return survivor
            loser = await self._customers.get(loser_id, actor, session=session)
            if survivor["_id"] == loser["_id"]:
                raise MergeWithItself
            return await self._merge(survivor, loser, actor, session)

        after = await self._mongo.transaction(work)
        self.due.wake()
        self._customers.mirrors.wake()
        return after

    async def _merge(
        self, survivor: Document, loser: Document, actor: Actor, session: Session
    ) -> Document:
        now = self._clock.now()
        fields = merged_fields(survivor, loser)
        if "profile" in loser and "profile" not in survivor:
            fields["profile"] = due(now)
        await self._mongo["customers"].delete_one({"_id": loser["_id"]}, session=session)
        moved = await self._ids({"customer_id": loser["_id"]}, session)
        await self._point(moved, survivor["_id"], session)
        beside = self._customers.mirrors.merge(survivor, loser)
        after = await self._write(survivor, fields, now, session, read_as=loser, beside=beside)
        await self._mongo["redirects"].update_many(
            {"to": loser["_id"]}, {"$set": {"to": survivor["_id"]}}, session=session
        )
        await self._mongo["redirects"].insert_one(
            {"_id": loser["_id"], "to": survivor["_id"]}, session=session
        )
        merge = {
            "_id": random_id(),
            "survivor_id": survivor["_id"],
            "loser_id": loser["_id"],
            "people": sorted(one["id"] for one in after["identities"]),
            "at": now,
            "actor_id": actor.id,
            "before": {"survivor": survivor, "loser": loser},
            "conversation_ids": moved,
            "settling": due(now + SETTLED_AFTER),
        }
        await self._mongo["merges"].insert_one(merge, session=session)
        await self._note("merged", survivor["_id"], loser["_id"], actor, session)
        return after

    async def undo(self, merge_id: str, actor: Actor) -> tuple[Document, Document]:
        """Part the two records again; the survivor and the one that is back.

        The other record is as it was before the merge; what was edited since stays with the
        survivor. Conversations of its channel identities go back to it, new ones too.

        Raises:
            NotFound: no such merge. NotAllowed: as CustomerStore.get.
            MergeUndone, MergeBuriedDeeper: see there.
        """

        async def work(session: Session) -> tuple[Document, Document]:
            found = await self._mongo["merges"].find_one({"_id": merge_id}, session=session)
            if found is None:
                raise NotFound
            merge = _merge(found)
            survivor = await self._customers.get(merge.survivor_id, actor, session=session)
            if merge.undone_at is not None:
                raise MergeUndone
            if survivor["_id"] != merge.survivor_id or not _holds(survivor, merge.before["loser"]):
                raise MergeBuriedDeeper
            return await self._undo(merge, survivor, actor, session)

        parted = await self._mongo.transaction(work)
        self._customers.mirrors.wake()
        return parted

    async def _undo(
        self, merge: Merge, survivor: Document, actor: Actor, session: Session
    ) -> tuple[Document, Document]:
        now = self._clock.now()
        both = (merge.before["survivor"], merge.before["loser"])
        beside = self._customers.mirrors.part(survivor, *both)
        fields = parted_fields(survivor, merge)
        after = await self._write(survivor, fields, now, session, beside=beside)
        back = {**merge.before["loser"], "updated_at": now}
        if survivor.get("automated"):  # by a script that runs in a conversation of the other
            back["automated"] = True
        back["version"] = version = _next_version(back, survivor)
        back["field_versions"] = stamped(back, survivor, differing_paths(back, survivor), version)
        if "profile" in back:
            back["profile"] = due(now)
        back[FIELD] = customer_tokens(back)
        await self._mongo["customers"].insert_one(back, session=session)
        theirs = await self._conversations_of(merge, session)
        await self._point(theirs, merge.loser_id, session)
        await self._mirror_again(back, survivor, now, session)
        await self._mongo["redirects"].delete_one({"_id": merge.loser_id}, session=session)
        await self._mongo["redirects"].update_many(
            {"_id": {"$in": back.get("merged_from", [])}},
            {"$set": {"to": merge.loser_id}},
            session=session,
        )
        await self._mongo["merges"].update_one(
            {"_id": merge.id},
            {"$set": {"undone_at": now, "undone_by": actor.id}, "$unset": {"settling": 1}},
            session=session,
        )
        await self._note("unmerged", merge.survivor_id, merge.loser_id, actor, session)
        return after, back

    async def _mirror_again(
        self, back: Document, survivor: Document, now: datetime, session: Session
    ) -> None:
        """Where a CRM's record comes along, every field is to be compared with it: the survivor
        may have written into it.
        """
        mirrors = self._customers.mirrors
        beside = mirrors.restore(survivor, back, now)
        if beside:
            marks = await mirrors.marks(back, every_path(back, back), now, session=session)
            await self._mongo["customers"].update_one(
                {"_id": back["_id"]}, {"$set": {**marks, **beside}}, session=session
            )

    async def _conversations_of(self, merge: Merge, session: Session) -> list[str]:
        """Those that were moved, and threads that the loser's identities began since."""
        begun = [
            conversation_key(one["channel"], one["account_id"], "inbox", one["external_id"])
            for one in merge.before["loser"]["identities"]
        ]
        query = {
            "customer_id": merge.survivor_id,
            "_id": {"$in": [*merge.conversation_ids, *begun]},
        }
        return await self._ids(query, session)

    async def last_of(self, customer: Document) -> Merge | None:
        """The merge of this record that may be undone: its latest one."""
        found = await self._mongo["merges"].find_one(
            {"survivor_id": customer["_id"], "undone_at": {"$exists": False}}, sort=[("at", -1)]
        )
        return None if found is None else _merge(found)

    async def settle(self, claimed: Claimed) -> None:
        """Move what began for the record that is gone while it was merged."""
        merge = _merge(claimed.document)

        async def work(session: Session) -> None:
            held = {"_id": merge.id, "settling.token": claimed.token}
            if await self._mongo["merges"].find_one(held, {"_id": 1}, session=session) is None:
                return
            late = await self._ids({"customer_id": merge.loser_id}, session)
            redirect = await self._mongo["redirects"].find_one(
                {"_id": merge.loser_id}, session=session
            )
            if late and redirect is not None:
                await self._point(late, redirect["to"], session)
                await self._mongo["merges"].update_one(
                    {"_id": merge.id},
                    {"$addToSet": {"conversation_ids": {"$each": late}}},
                    session=session,
                )
            await self.due.finish(claimed, session=session)

        await self._mongo.transaction(work)

    async def _write(
        self,
        customer: Document,
        fields: dict[str, Any],
        now: datetime,
        session: Session,
        *,
        read_as: Document | None = None,
        beside: Mapping[str, Any] = {},
    ) -> Document:
        """Set fields, each with a new version of its own: an edit made before clashes.

        So do those that `read_as` has otherwise: its readers write here from now on, and what
        they have read is not what is here. `beside` are paths that have no version, None is to
        $unset; where a CRM's record comes along, every field is to be compared with it.
        """
        paths = changed_paths(customer, fields)
        marked = every_path(customer, read_as or customer) if beside else paths
        marks = await self._customers.mirrors.marks(customer, marked, now, session=session)
        version = _next_version(customer, read_as or customer)
        sets = {name: value for name, value in fields.items() if value is not None}
        sets[FIELD] = customer_tokens({**customer, **fields})
        after_it = {**customer, **fields}
        told = paths if read_as is None else {*paths, *differing_paths(after_it, read_as)}
        versions = stamped(customer, read_as or customer, told, version)
        update: Document = {
            "$set": {
                **sets,
                **marks,
                **{name: value for name, value in beside.items() if value is not None},
                "field_versions": versions,
                "version": version,
                "updated_at": now,
            }
        }
        unset = fields.keys() - sets.keys()
        unset |= {name for name, value in beside.items() if value is None}
        if unset:
            update["$unset"] = dict.fromkeys(unset, 1)
        after = await self._mongo["customers"].find_one_and_update(
            {"_id": customer["_id"]}, update, return_document=True, session=session
        )
        assert after is not None, "read in this transaction"
        return after

    async def _ids(self, query: Document, session: Session) -> list[str]:
        found = self._mongo["conversations"].find(query, {"_id": 1}, session=session)
        return sorted([one["_id"] async for one in found])

    async def _point(self, ids: Sequence[str], customer_id: str, session: Session) -> None:
        await self._mongo["conversations"].update_many(
            {"_id": {"$in": list(ids)}}, {"$set": {"customer_id": customer_id}}, session=session
        )

    async def _note(
        self,
        type_: Literal["merged", "unmerged"],
        survivor_id: str,
        loser_id: str,
        actor: Actor,
        session: Session,
    ) -> None:
        """A row of the timeline, a line of the audit log, and the news for open inboxes."""
        now = self._clock.now()
        row = interaction(
            type_,
            customer_id=survivor_id,
            at=now,
            actor_id=actor.id,
            data={"customer_id": loser_id},
        )
        await self._mongo["interactions"].insert_one(row, session=session)
        await self._audit.record(
            actor,
            f"customers_{type_}",
            ("customer", survivor_id),
            at=now,
            changes={"customer": {"other": loser_id}},
            session=session,
        )
        bots = await self._mongo["conversations"].distinct(
            "bot_id", {"customer_id": {"$in": [survivor_id, loser_id]}}, session=session
        )
        events = [
            live_event(
                type="customer_changed",
                at=now,
                bot_ids=[bot for bot in bots if isinstance(bot, str)],
                customer_id=id_,
                data={"fields": ["identities"]},
            )
            for id_ in (survivor_id, loser_id)
        ]
        await self._mongo["live_events"].insert_many(events, session=session)


def _next_version(customer: Document, read_as: Document) -> int:
    """Newer than what readers of either record have seen."""
    return int(max(customer.get("version", 1), read_as.get("version", 1))) + 1


def _holds(survivor: Document, loser: Document) -> bool:
    here = {one["id"] for one in survivor["identities"]}
    return all(one["id"] in here for one in loser["identities"])


def _merge(document: Document) -> Merge:
    return Merge(
        id=document["_id"],
        survivor_id=document["survivor_id"],
        loser_id=document["loser_id"],
        at=document["at"],
        actor_id=document.get("actor_id"),
        before=document["before"],
        conversation_ids=tuple(document["conversation_ids"]),
        undone_at=document.get("undone_at"),
    )
