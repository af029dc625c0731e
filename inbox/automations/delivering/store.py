"""What is to be told to whom, and what became of it: queues, events, and the log of deliveries."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from inbox.automations.delivering.client import Outcome
from inbox.automations.documents import automation_from, event_from
from inbox.automations.model import Automation, Event, Secrets
from inbox.bots.secrets import SecretBox
from inbox.clock import Clock
from inbox.ids import hash_id
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Backoff, Claimed, DueWork, Pace, due

PAGE = 50
"""Events read at a time."""


TryState = Literal["delivered", "failing", "parked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One call. `parked`: nobody tries it any more by itself, what comes after it goes on."""

    event: Event
    state: TryState
    outcome: Outcome
    at: datetime
    took_ms: int


@dataclass(frozen=True, slots=True)
class Receiver:
    """An automation with what signs its events."""

    automation: Automation
    secrets: Secrets


class DeliveryStore:
    """`automation_queues`, `automation_events` and `automation_deliveries`.

    A queue goes through its stream by `next`; `last` is the newest number in it. One with `only`
    tells a single event once more. A delivery is `{_id: automation and event, state: delivered |
    failing | parked, attempts, at, tried_at, status?, error?}`.
    """

    def __init__(
        self,
        mongo: Mongo,
        box: SecretBox,
        clock: Clock,
        *,
        lease: timedelta,
        backoff: Backoff | None = None,
    ) -> None:
        self._mongo = mongo
        self._box = box
        self._queues = mongo["automation_queues"]
        self._events = mongo["automation_events"]
        self._log = mongo["automation_deliveries"]
        self._clock = clock
        longest = Backoff(timedelta(seconds=5), timedelta(minutes=10))
        self._pace = Pace(lease=lease, backoff=backoff or longest)

    def due(self, automation_id: str) -> DueWork:
        """The queues of one automation: nobody waits behind another one's."""
        only = {"automation_id": automation_id}
        return DueWork(
            self._mongo, "automation_queues", "work", self._clock, pace=self._pace, only=only
        )

    async def enabled_ids(self) -> list[str]:
        """The automations that are switched on."""
        return await self._mongo["automations"].distinct("_id", {"enabled": True})

    async def receiver(self, automation_id: str, *, also_off: bool = False) -> Receiver | None:
        """Where events go now; None while it is switched off."""
        query = {"_id": automation_id, **({} if also_off else {"enabled": True})}
        found = await self._mongo["automations"].find_one(query)
        if found is None:
            return None
        return Receiver(automation_from(found), secrets_from(self._box.open(found["sealed"])))

    async def queue(self, claimed: Claimed) -> Document | None:
        """How a queue is now; None: it was deleted with its automation, or its person erased."""
        return await self._queues.find_one({"_id": claimed.id})

    async def waiting(self, queue: Document) -> list[Event]:
        """The next events of a queue, at most a page; index automation_events (stream_id, seq).

        Those that its automation wanted when they happened: what came while it was off is not.
        """
        if (only := queue.get("only")) is not None:
            found = self._events.find({"_id": only})
            return [event_from(one) async for one in found]
        query = {
            "stream_id": queue["stream_id"],
            "seq": {"$gte": queue["next"], "$lte": queue["last"]},
            "to": queue["automation_id"],
        }
        found = self._events.find(query).sort("seq", 1).limit(PAGE)
        return [event_from(one) async for one in found]

    async def keep(self, claimed: Claimed, tries: Sequence[Try], up_to: int | None) -> bool:
        """Log tries in their order, then go on behind the number `up_to`; None: stay.

        Dying in between tells some events once more. False when the lease was lost.
        """
        await self.log(claimed, tries)
        if up_to is None or claimed.document.get("only") is not None:
            return True
        result = await self._queues.update_one(
            {"_id": claimed.id, "work.token": claimed.token},
            {"$set": {"next": up_to + 1, "work.attempts": 1}},
        )
        return result.matched_count == 1

    async def log(self, claimed: Claimed, tries: Sequence[Try]) -> None:
        """Keep what became of events."""
        if tries:
            writes = [self._logged(claimed, one) for one in tries]
            await self._log.bulk_write(writes, ordered=True)

    async def relayed_at(self, event_id: str) -> datetime | None:
        found = await self._events.find_one({"_id": event_id}, {"relayed_at": 1})
        return None if found is None else found["relayed_at"]

    async def finish(self, claimed: Claimed, queue: Document) -> bool:
        """Nothing is left, unless something came since `queue` was read; whether it is finished.

        One that told a single event is deleted.
        """
        held = {"_id": claimed.id, "work.token": claimed.token}
        if claimed.document.get("only") is not None:
            await self._queues.delete_one(held)
            return True
        result = await self._queues.update_one(
            {**held, "last": queue["last"]},
            {"$unset": {"work": 1}, "$set": {"next": queue["last"] + 1}},
        )
        if result.matched_count:
            return True
        return await self._queues.find_one(held, {"_id": 1}) is None  # the lease was lost

    async def wake_all(self, automation_id: str) -> None:
        """The receiver answers again: nobody waits for the end of a pause."""
        now = self._clock.now()
        await self._queues.update_many(
            {
                "automation_id": automation_id,
                "work.due_at": {"$gt": now},
                "work.token": {"$exists": False},
            },
            {"$set": {"work.due_at": now}},
        )

    async def replay(self, automation_id: str, bot_id: str, event_ids: Sequence[str]) -> int:
        """Tell events once more, each by itself; how many there still are. Safe to repeat."""
        known = await self._events.distinct(
            "_id", {"_id": {"$in": list(event_ids)}, "bot_id": bot_id}
        )
        now = self._clock.now()
        for event_id in known:
            id_ = hash_id("automation_replay", automation_id, event_id)
            fields = {"automation_id": automation_id, "bot_id": bot_id, "only": event_id}
            with suppress(DuplicateKeyError):  # it is being told just now
                await self._queues.update_one(
                    {"_id": id_, "work.token": {"$exists": False}},
                    {"$set": {**fields, "work": due(now)}},
                    upsert=True,
                )
        return len(known)

    def _logged(self, claimed: Claimed, tried: Try) -> UpdateOne:
        automation_id = claimed.document["automation_id"]
        event, outcome = tried.event, tried.outcome
        sets: dict[str, Any] = {
            "automation_id": automation_id,
            "event_id": event.id,
            "type": event.type,
            "conversation_id": event.conversation_id,
            "sequence": event.sequence,
            "at": event.at,
            "state": tried.state,
            "tried_at": tried.at,
            "status": outcome.status,
            "error": None if outcome.is_taken else outcome.reason,
            "took_ms": tried.took_ms,
        }
        return UpdateOne(
            {"_id": hash_id("automation_delivery", automation_id, event.id)},
            {"$set": sets, "$inc": {"attempts": 1}},
            upsert=True,
        )


def secrets_from(opened: dict[str, str]) -> Secrets:
    """`signing` holds several, parted by blanks, newest first."""
    return Secrets(
        tuple(opened["signing"].split()), opened.get("app_secret"), opened.get("verify_token")
    )


def sealed_secrets(secrets: Secrets, box: SecretBox) -> bytes:
    named = {"app_secret": secrets.app_secret, "verify_token": secrets.verify_token}
    kept = {name: value for name, value in named.items() if value is not None}
    return box.seal({"signing": " ".join(secrets.signing), **kept})
