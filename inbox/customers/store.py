"""Reads and edits the collection `customers`, as far as the actor may see them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from pymongo import ReturnDocument

from inbox.clock import Clock
from inbox.conversations.visibility import visible
from inbox.customers.checking import EditChecks
from inbox.customers.fields import (
    shown_name,
    value_at,
    version_of,
    with_changes,
)
from inbox.customers.mirroring.marking import Mirrors
from inbox.errors import NotAllowed, NotFound, VersionClash
from inbox.live.model import live_event
from inbox.live.store import LiveStore
from inbox.mongo.client import Document, Mongo, Session
from inbox.search.tokens import FIELD, customer_tokens
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from inbox.timeline.kinds import DirectoryKind, interaction


class CustomerStore:
    """A customer is visible where one of their conversations is; admins see all."""

    def __init__(self, mongo: Mongo, clock: Clock, mirrors: Mirrors | None = None) -> None:
        """Without `mirrors` nothing is marked for a CRM."""
        self.mirrors = mirrors or Mirrors(mongo)
        self._mongo = mongo
        self._customers = mongo["customers"]
        self._clock = clock
        self._live = LiveStore(mongo)
        self._audit = AuditStore(mongo)
        self._checks = EditChecks(mongo)

    async def get(
        self, customer_id: str, actor: Actor, *, session: Session | None = None
    ) -> Document:
        """The customer; the id of one that was merged leads to the one it was merged into.

        Raises:
            NotFound: there is none.
            NotAllowed: none of their conversations is visible to the actor.
        """
        try:
            return await self._get(customer_id, actor, session)
        except (NotFound, NotAllowed):
            if session is not None:
                raise
        # Old ids are followed in one snapshot: a merge or its undoing may come between two reads,
        # and what is read by an old id must be what an edit by that id is compared with.
        return await self._mongo.transaction(partial(self._get, customer_id, actor))

    async def _get(self, customer_id: str, actor: Actor, session: Session | None) -> Document:
        found = await self.find(customer_id, session)
        if not actor.sees_every_bot:
            seen = await self._mongo["conversations"].find_one(
                {"$and": [{"customer_id": found["_id"]}, visible(actor)]},
                {"_id": 1},
                session=session,
            )
            if seen is None:
                raise NotAllowed
        return found

    async def find(self, customer_id: str, session: Session | None) -> Document:
        """The customer, whoever asks; in a transaction an old id leads on. Raises NotFound."""
        found = await self._customers.find_one({"_id": customer_id}, session=session)
        if found is None and session is not None:
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
        """Set `fields`; the customer as it is then. With it: a timeline row, a line of the audit
        log and a live event.

        Args:
            customer_id: whose.
            fields: values by path (inbox/customers/fields.py), spelled as editing.py does; None
                takes an attribute or the owner away. What is there already is not written again.
            actor: who edits.
            version: what the edit was made from. It succeeds if and only if no edited field has
                a newer version of its own, so edits of different fields both win. None: always.

        Raises:
            VersionClash: with the clashing fields and their current values.
            InvalidInput: see EditChecks.check.
            NotFound, NotAllowed: as `get`.
        """

        async def work(session: Session) -> Document:
            before = await self.get(customer_id, actor, session=session)
            return await self.edit_within(before, fields, actor, version=version, session=session)

        after = await self._mongo.transaction(work)
        self.mirrors.wake()
        return after

    async def edit_within(
        self,
        before: Document,
        fields: Mapping[str, Any],
        actor: Actor,
        *,
        version: int | None,
        session: Session,
    ) -> Document:
        """`edit` of a customer that was read in this transaction. Raises VersionClash,
        InvalidInput; wake the mirrors after the commit.
        """
        checked = await self._checks.check(before, fields, session)
        clash = [path for path in checked if _is_newer(before, path, version)]
        if clash:
            raise _clash(before, clash)
        changed = {k: v for k, v in checked.items() if value_at(before, k) != v}
        if not changed:
            return before
        after = await self._write(before, changed, session)
        await self._note(before, changed, actor, after["updated_at"], session)
        return after

    async def _write(self, before: Document, changed: dict[str, Any], session: Session) -> Document:
        """Read in the same transaction, so whoever edits meanwhile collides with this write."""
        next_version = {"$add": ["$version", 1]}
        now = self._clock.now()
        marks = await self.mirrors.marks(before, changed, now, session=session)
        sets: Document = {"version": next_version, "updated_at": now}
        for path, value in changed.items():
            sets[path] = "$$REMOVE" if value is None else {"$literal": value}
            sets[f"field_versions.{path}"] = next_version
        sets |= {path: {"$literal": value} for path, value in marks.items()}
        sets[FIELD] = {"$literal": customer_tokens(with_changes(before, changed))}
        after = await self._customers.find_one_and_update(
            {"_id": before["_id"]},
            [{"$set": sets}],
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        assert after is not None, "read in this transaction"
        return after

    async def _note(
        self,
        before: Document,
        changed: dict[str, Any],
        actor: Actor,
        at: datetime,
        session: Session,
    ) -> None:
        old = {shown_name(path): value_at(before, path) for path in changed}
        new = {shown_name(path): value for path, value in changed.items()}
        await self._mongo["interactions"].insert_many(
            [
                interaction(kind, customer_id=before["_id"], at=at, actor_id=actor.id, data=data)
                for kind, data in _told(old, new)
            ],
            session=session,
        )
        await self._audit.record(
            actor,
            "customer_edited",
            ("customer", before["_id"]),
            at=at,
            changes={name: {"before": old[name], "after": new[name]} for name in sorted(new)},
            session=session,
        )
        event = live_event(
            type="customer_changed",
            at=at,
            bot_ids=await self._bot_ids(before["_id"], session),
            customer_id=before["_id"],
            data={"fields": sorted(new)},
        )
        await self._live.insert([event], session=session)

    async def _bot_ids(self, customer_id: str, session: Session) -> list[str]:
        found = await self._mongo["conversations"].distinct(
            "bot_id", {"customer_id": customer_id}, session=session
        )
        return [bot_id for bot_id in found if isinstance(bot_id, str)]


def _told(
    old: dict[str, Any], new: dict[str, Any]
) -> Iterator[tuple[DirectoryKind, dict[str, Any]]]:
    """The rows of the timeline: who was given the customer is a row of its own."""
    if "owner" in new:
        yield "assigned", {"before": old["owner"], "after": new["owner"]}
    edited = sorted(new.keys() - {"owner"})
    if edited:
        yield (
            "edited",
            {
                "before": {name: old[name] for name in edited},
                "after": {name: new[name] for name in edited},
            },
        )


def _is_newer(customer: Document, path: str, version: int | None) -> bool:
    return version is not None and version_of(customer, path) > version


def _clash(customer: Document, paths: list[str]) -> VersionClash:
    current = {shown_name(path): value_at(customer, path) for path in paths}
    return VersionClash(
        fields=sorted(current), current={**current, "version": customer.get("version", 1)}
    )
