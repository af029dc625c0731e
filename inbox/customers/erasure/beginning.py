"""The first transaction of an erasure: tombstones, conversations and the customer, all at once."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from inbox.conversations.view import conversation_view
from inbox.conversations.visibility import people_of
from inbox.customers.erasure.files import ErasedFiles
from inbox.customers.erasure.scope import Scope
from inbox.customers.erasure.traces import patterns
from inbox.customers.mirroring.marking import Mirrors
from inbox.ids import conversation_key
from inbox.live.model import EventType, live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import due


class Bury(Protocol):
    """Leaves tombstones for ids until a time."""

    async def __call__(
        self, ids: Iterable[str], until: datetime, *, session: Session | None = None
    ) -> None: ...


class Beginning:
    """Runs inside one transaction; `bury` leaves tombstones in it."""

    def __init__(
        self, mongo: Mongo, now: datetime, session: Session, bury: Bury, mirrors: Mirrors
    ) -> None:
        self._mongo = mongo
        self._mirrors = mirrors
        self._now = now
        self._session = session
        self._bury = bury

    async def run(self, erasure: Document) -> Scope:
        scope = await self._scope(erasure)
        await self._bury(scope.identity_ids, scope.up_to, session=self._session)
        kept = [await self._end_conversation(id_, scope) for id_ in scope.conversation_ids]
        scope = replace(scope, came_back=any(kept))
        await self._mongo["conversations"].update_many(
            {"_id": {"$in": list(scope.shared_ids)}},
            [
                {
                    "$set": {
                        "redacted_at": self._now,
                        "customer_id": {
                            "$cond": [
                                {"$eq": ["$customer_id", scope.customer_id]},
                                "$$REMOVE",
                                "$customer_id",
                            ]
                        },
                    }
                }
            ],
            session=self._session,
        )
        await self._end_customer(scope)
        await self._mongo["erasures"].update_one(
            {"_id": erasure["_id"]}, {"$set": {"scope": scope.document()}}, session=self._session
        )
        return scope

    async def _scope(self, erasure: Document) -> Scope:
        customer = await self._customer(erasure)
        customer_id: str | None = customer.get("_id") if customer else None
        identities = (customer or {}).get("identities", [])
        identity_ids = sorted({*erasure["identity_ids"], *(one["id"] for one in identities)})
        of_customer = await self._conversations_of(customer_id) if customer_id else []
        inbox = {one["_id"] for one in of_customer if one["kind"] == "inbox"} | {
            conversation_key(one["channel"], one["account_id"], "inbox", one["external_id"])
            for one in identities
        }
        shared = {one["_id"] for one in of_customer if one["kind"] != "inbox"}
        shared |= set(
            await self._mongo["messages"].distinct(
                "conversation_id", {"author.id": {"$in": identity_ids}}, session=self._session
            )
        )
        return Scope(
            customer_id=customer_id,
            identity_ids=tuple(identity_ids),
            external_ids=tuple(sorted({one["external_id"] for one in identities})),
            conversation_ids=tuple(sorted(inbox)),
            shared_ids=tuple(sorted(shared - inbox)),
            up_to=await self._up_to(erasure, sorted(inbox)),
            begun_at=self._now,
            came_back=False,
            patterns=tuple(patterns(customer or {})),
        )

    async def _customer(self, erasure: Document) -> Document | None:
        """Who is meant: also when their record was merged into another since it was asked for."""
        customers = self._mongo["customers"]
        if "customer_id" in erasure:
            query = {"_id": erasure["customer_id"]}
            found = await customers.find_one(query, session=self._session)
            if found is not None:
                return found
        identities = {"identities.id": {"$in": erasure["identity_ids"]}}
        return await customers.find_one(identities, session=self._session)

    async def _conversations_of(self, customer_id: str) -> list[Document]:
        found = self._mongo["conversations"].find(
            {"customer_id": customer_id}, {"kind": 1}, session=self._session
        )
        return await found.to_list()

    async def _up_to(self, erasure: Document, conversation_ids: Sequence[str]) -> datetime:
        """What the platform said; else now, or the newest message of a clock ahead of ours."""
        if "erase_up_to" in erasure:
            said: datetime = erasure["erase_up_to"]
            return said
        newest = await self._mongo["messages"].find_one(
            {"conversation_id": {"$in": list(conversation_ids)}, "at": {"$type": "date"}},
            {"at": 1},
            sort=[("at", -1)],
            session=self._session,
        )
        return max(self._now, newest["at"]) if newest else self._now

    async def _end_conversation(self, conversation_id: str, scope: Scope) -> bool:
        """Delete the conversation, or empty it when the person has written since: True then."""
        later = await self._mongo["messages"].find_one(
            {"conversation_id": conversation_id, "at": {"$gt": scope.up_to}},
            {"_id": 1},
            session=self._session,
        )
        conversations = self._mongo["conversations"]
        # Written even where there is none: a first message that is being applied right now
        # inserts it, and only a write of the same id makes that transaction collide with this.
        before = await conversations.find_one_and_update(
            {"_id": conversation_id},
            {"$set": {"redacted_at": self._now}},
            upsert=True,
            session=self._session,
        )
        kept = later is not None and before is not None
        if not kept:
            await conversations.delete_one({"_id": conversation_id}, session=self._session)
        if before is not None:
            await self._tell("conversation_removed", before, {})
            if kept:
                await self._recount(before, scope)
        return kept

    async def _recount(self, before: Document, scope: Scope) -> None:
        """The counts of a conversation whose older part goes."""
        inbound: Document = {
            "conversation_id": before["_id"],
            "direction": "in",
            "at": {"$gt": scope.up_to},
        }
        messages = self._mongo["messages"]
        unread = await messages.count_documents(
            {**inbound, "seq": {"$gt": before["read_seq"]}}, session=self._session
        )
        sets: Document = {"unread": unread}
        unset: Document = {}
        waiting_since = before.get("waiting_since")
        if waiting_since is not None and waiting_since <= scope.up_to:
            first = await messages.find_one(
                inbound, {"at": 1}, sort=[("at", 1)], session=self._session
            )
            (sets if first else unset)["waiting_since"] = first["at"] if first else 1
        await self._mongo["conversations"].update_one(
            {"_id": before["_id"]},
            {"$set": sets} | ({"$unset": unset} if unset else {}),
            session=self._session,
        )
        after = await self._mongo["conversations"].find_one(
            {"_id": before["_id"]}, session=self._session
        )
        assert after is not None
        view = conversation_view(after, customer=None, now=self._now)
        await self._tell("conversation_changed", after, {"conversation": view})

    async def _end_customer(self, scope: Scope) -> None:
        """Delete the customer, or make a new nameless one of them when they have come back."""
        customers = self._mongo["customers"]
        if scope.customer_id is None:
            return
        before = await customers.find_one({"_id": scope.customer_id}, session=self._session)
        assert before is not None, "read in this transaction"
        await self._mirrors.erase(before, session=self._session)
        files = ErasedFiles(self._mongo, self._now)
        await files.let_go_of_avatars(before.get("identities") or (), self._session)
        if not scope.came_back:
            await customers.delete_one({"_id": scope.customer_id}, session=self._session)
            return
        kept = ("id", "channel", "account_id", "external_id", "temporary")
        after = {
            "_id": before["_id"],
            "phones": [],
            "emails": [],
            "note": "",
            "attributes": {},
            "tag_ids": [],
            "follower_ids": [],
            "identities": [
                {name: one[name] for name in kept if name in one} for one in before["identities"]
            ],
            "version": before["version"] + 1,
            "field_versions": {},
            "merged_from": [],
            "origin": before["origin"],
            "created_at": self._now,
            "updated_at": self._now,
            "profile": due(self._now),
        }
        if before.get("automated"):  # what their new life began goes on
            after["automated"] = True
        await customers.replace_one({"_id": before["_id"]}, after, session=self._session)

    async def _tell(self, type_: EventType, conversation: Document, data: dict[str, Any]) -> None:
        event = live_event(
            type=type_,
            at=self._now,
            bot_id=conversation.get("bot_id"),
            conversation_id=conversation["_id"],
            people=people_of(conversation),
            data=data,
        )
        await self._mongo["live_events"].insert_one(event, session=self._session)
