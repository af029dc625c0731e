"""Erasures asked for, the transaction that begins one, and the tombstones they leave."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pymongo
from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.customers.erasure.beginning import Beginning
from inbox.customers.erasure.scope import Scope
from inbox.customers.mirroring.marking import Mirrors
from inbox.errors import NotFound
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Until when facts about an erased message are dropped: it never comes back."""
_PATIENCE_S = 120
"""Erasing scans collections that have no index for it; nobody waits for the answer."""


class ErasureStore:
    """Collections `erasures` (path `run`) and `erased`."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        *,
        pace: Pace | None = None,
        mirrors: Mirrors | None = None,
    ) -> None:
        """Without `mirrors` no CRM is told to forget anybody: for whoever only asks."""
        self._mongo = mongo
        self._mirrors = mirrors or Mirrors(mongo)
        self._clock = clock
        self._audit = AuditStore(mongo)
        self.due = DueWork(mongo, "erasures", "run", clock, pace=pace)

    @staticmethod
    def patiently() -> AbstractContextManager[None]:
        """Operations inside may take two minutes."""
        return pymongo.timeout(_PATIENCE_S)

    async def request(self, customer_id: str, actor: Actor) -> datetime:
        """Have a customer erased; when it was asked for. While one is waiting, that one counts.

        The id of a record that was merged means the one that it was merged into.

        Raises:
            NotFound: there is no such customer (any more).
        """

        async def work(session: Session) -> datetime:
            redirect = await self._mongo["redirects"].find_one(
                {"_id": customer_id}, session=session
            )
            meant: str = customer_id if redirect is None else redirect["to"]
            customer = await self._mongo["customers"].find_one(
                {"_id": meant}, {"identities.id": 1}, session=session
            )
            if customer is None:
                raise NotFound
            waiting = await self._mongo["erasures"].find_one(
                {"customer_id": meant, "scope": None, "run": {"$exists": True}},
                session=session,
            )
            if waiting is not None:
                asked: datetime = waiting["requested_at"]
                return asked
            now = self._clock.now()
            await self._mongo["erasures"].insert_one(
                {
                    "_id": f"{meant}:{now.isoformat()}",
                    "customer_id": meant,
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
                ("customer", meant),
                at=now,
                session=session,
            )
            return now

        requested_at = await self._mongo.transaction(work)
        self.due.wake()
        return requested_at

    async def request_for_identity(
        self, identity_id: str, at: datetime, *, session: Session | None = None
    ) -> str:
        """Have the person behind an identity erased, as the platform asked at `at`.

        Whoever that customer is is found when the erasure begins. What happens after `at` is
        kept. Repeating is harmless. The id of the erasure.
        """
        now = self._clock.now()
        erasure_id = f"{identity_id}:{at.isoformat()}"
        await self._mongo["erasures"].update_one(
            {"_id": erasure_id},
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
        return erasure_id

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
            beginning = Beginning(self._mongo, self._clock.now(), session, self.bury, self._mirrors)
            return await beginning.run(erasure)

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
