"""Erasures asked for, the transaction that begins one, and the tombstones they leave."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.conversations.view import conversation_view
from inbox.customers.erasure.scope import Scope
from inbox.customers.erasure.traces import patterns
from inbox.errors import NotFound
from inbox.ids import conversation_key
from inbox.live.model import EventType, live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when facts about an erased message are dropped: it never comes back."""
_PATIENCE_S = 120
"""Erasing scans collections that have no index for it; nobody waits for the answer."""


class ErasureStore:
    """Collections `erasures` (path `run`) and `erased`."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._clock = clock
        self._audit = AuditStore(mongo)
        self.due = DueWork(mongo, "erasures", "run", clock, pace=pace)

    @staticmethod
    def patiently() -> AbstractContextManager[None]:
        """Operations inside may take two minutes."""
        return pymongo.timeout(_PATIENCE_S)

    async def request(self, customer_id: str, actor: Actor) -> datetime:
        """Have a customer erased; when it was asked for. While one is waiting, that one counts.

        Raises:
            NotFound: there is no such customer (any more).
        """

        async def work(session: Session) -> datetime:
            customer = await self._mongo["customers"].find_one(
                {"_id": customer_id}, {"identities.id": 1}, session=session
            )
            if customer is None:
                raise NotFound
            waiting = await self._mongo["erasures"].find_one(
                {"customer_id": customer_id, "scope": None, "run": {"$exists": True}},
                session=session,
            )
            if waiting is not None:
                asked: datetime = waiting["requested_at"]
                return asked
            now = self._clock.now()
            await self._mongo["erasures"].insert_one(
                {
                    "_id": f"{customer_id}:{now.isoformat()}",
                    "customer_id": customer_id,
                    "identity_ids": [one["id"] for one in customer.get("identities", [])],
                    "requested_at": now,
                    "by": actor.id,
                    "run": due(now),
                },
                session=session,
            )
            await self._audit.record(
                actor,
                "customer_erasure_requested",
                ("customer", customer_id),
                at=now,
                session=session,
            )
            return now

        requested_at = await self._mongo.transaction(work)
        self.due.wake()
        return requested_at

    async def request_for_identity(
        self, identity_id: str, at: datetime, *, session: Session | None = None
    ) -> None:
        """Have the person behind an identity erased, as the platform asked at `at`.

        Whoever that customer is is found when the erasure begins. What happens after `at` is
        kept. Repeating is harmless.
        """
        now = self._clock.now()
        await self._mongo["erasures"].update_one(
            {"_id": f"{identity_id}:{at.isoformat()}"},
            {
                "$setOnInsert": {
                    "identity_ids": [identity_id],
                    "erase_up_to": at,
                    "requested_at": now,
                    "by": "platform",
                    "run": due(now),
                }
            },
            upsert=True,
            session=session,
        )
        self.due.wake()

    async def begin(self, claimed: Claimed) -> Scope:
        """Take the person out of the inbox and fix the scope, all in one transaction.

        Tombstones, the end of their conversations and of their customer document commit
        together: applying a message writes its conversation too, so a transaction that ran
        meanwhile collides, runs again and reads the tombstone. Once begun, the same scope.
        """

        async def work(session: Session) -> Scope:
            erasure = await self._mongo["erasures"].find_one({"_id": claimed.id}, session=session)
            assert erasure is not None, "erasures are never deleted"
            if erasure.get("scope") is not None:
                return Scope.from_document(erasure["scope"])
            return await _Beginning(self._mongo, self._clock, session).run(erasure)

        return await self._mongo.transaction(work)

    async def bury(
        self, ids: Iterable[str], until: datetime, *, session: Session | None = None
    ) -> None:
        """Leave tombstones: what speaks of these ids and happened until then is never applied."""
        writes = [
            UpdateOne({"_id": id_}, {"$max": {"erased_at": until}}, upsert=True) for id_ in ids
        ]
        if writes:
            await self._mongo["erased"].bulk_write(writes, ordered=False, session=session)

    async def forget_patterns(self, claimed: Claimed) -> None:
        """The first pass is through: the erasure itself names the person no longer."""
        await self._mongo["erasures"].update_one(
            {"_id": claimed.id}, {"$unset": {"scope.patterns": 1}}
        )

    async def finish(self, claimed: Claimed) -> None:
        """Keep that and when it was done; hashes of ids are all that stays.

        In one transaction: without its scope, a repeat would begin anew and take along what the
        person has written since.
        """

        async def work(session: Session) -> None:
            await self._mongo["erasures"].update_one(
                {"_id": claimed.id},
                {"$set": {"done_at": self._clock.now()}, "$unset": {"scope": 1}},
                session=session,
            )
            await self.due.finish(claimed, session=session)

        await self._mongo.transaction(work)


class _Beginning:
    """The one transaction of `begin`."""

    def __init__(self, mongo: Mongo, clock: Clock, session: Session) -> None:
        self._mongo = mongo
        self._now = clock.now()
        self._session = session
        self._store = ErasureStore(mongo, clock)

    async def run(self, erasure: Document) -> Scope:
        scope = await self._scope(erasure)
        await self._store.bury(scope.identity_ids, scope.up_to, session=self._session)
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
        query = {"identities.id": {"$in": erasure["identity_ids"]}}
        if "customer_id" in erasure:
            query = {"_id": erasure["customer_id"]}
        return await self._mongo["customers"].find_one(query, session=self._session)

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
        view = conversation_view(after, customer=None)
        await self._tell("conversation_changed", after, {"conversation": view})

    async def _end_customer(self, scope: Scope) -> None:
        """Delete the customer, or make a new nameless one of them when they have come back."""
        customers = self._mongo["customers"]
        if scope.customer_id is None:
            return
        if not scope.came_back:
            await customers.delete_one({"_id": scope.customer_id}, session=self._session)
            return
        before = await customers.find_one({"_id": scope.customer_id}, session=self._session)
        assert before is not None, "read in this transaction"
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
        await customers.replace_one({"_id": before["_id"]}, after, session=self._session)

    async def _tell(self, type_: EventType, conversation: Document, data: dict[str, Any]) -> None:
        event = live_event(
            type=type_,
            at=self._now,
            bot_id=conversation.get("bot_id"),
            conversation_id=conversation["_id"],
            assignee_before=conversation.get("assignee_id"),
            assignee_after=conversation.get("assignee_id"),
            participants_before=conversation.get("participant_ids", ()),
            participants_after=conversation.get("participant_ids", ()),
            data=data,
        )
        await self._mongo["live_events"].insert_one(event, session=self._session)
