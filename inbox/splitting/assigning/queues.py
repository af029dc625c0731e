"""Which conversations are to be decided: new ones, waiting ones, unanswered ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.conversations.automation import person_has
from inbox.conversations.withholding import SPLIT_KINDS
from inbox.mongo.client import Document, Mongo

LOOKED_BACK = timedelta(days=14)
"""Whoever has waited longer for an answer is not followed up any more.

"Ok thank you" is seldom answered, so that what waits for an answer grows for ever.
"""
MISSED_WITHIN = timedelta(hours=1)
"""How long ago a customer may have written whom splitting has missed."""
ALERTED_WITHIN = timedelta(days=1)
"""How long after it fell due an alert is still news."""
_MOST_MISSED = 200
_PLACE = {"bot_id": 1, "split": 1, "status": 1, "assignee_id": 1}
_PEOPLE = {**_PLACE, "waiting_since": 1, "late_in_at": 1, "last_in_at": 1}

_OWNER = {"waiting_since": 1, "kind": 1, "automation": 1, "last_out_at": 1, "given_back_at": 1}

Place = tuple[datetime, str]
"""Where a look has ended: a time and the id there."""


@dataclass(frozen=True, slots=True)
class _Answering:
    """A program that answers, and after how long without people it does so again."""

    hand_back_after: timedelta | None

    def people_have(self, conversation: Document, now: datetime) -> bool:
        return person_has(conversation, now, self.hand_back_after)


class Queues:
    """Reads `conversations` outside of transactions: what is found is read again to be decided."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._conversations = mongo["conversations"]
        self._bots = mongo["bots"]
        self._automations = mongo["automations"]
        self._clock = clock

    async def pending(self, limit: int, *, but: Collection[str] = ()) -> dict[str, list[str]]:
        """Conversations that wait for their first decision, by bot, oldest first.

        Whatever the clock says that they are due at: a process with a wrong clock may have
        received them.
        """
        query: Document = {"split.due_at": {"$type": "date"}}
        if but:
            query["_id"] = {"$nin": list(but)}
        found = self._conversations.find(query, {"bot_id": 1}).sort("split.due_at", 1).limit(limit)
        by_bot: dict[str, list[str]] = {}
        async for one in found:
            by_bot.setdefault(one["bot_id"], []).append(one["_id"])
        return by_bot

    async def bots_with_waiting(self) -> list[str]:
        found = await self._conversations.distinct("bot_id", {"split.state": "waiting"})
        return sorted(bot for bot in found if isinstance(bot, str))

    async def bots_to_watch(self) -> list[str]:
        """Bots that split or have somebody alerted. Bots are few: no index."""
        query = {"$or": [{"split.enabled": True}, {"split.alert": {"$type": "object"}}]}
        return sorted([bot["_id"] async for bot in self._bots.find(query, {"_id": 1})])

    async def queues(self, bot_id: str) -> list[str | None]:
        """The names of what waits together in a bot; None is what was put there by hand.

        Index (split.state, bot_id, split.queue, split.since).
        """
        query = {"bot_id": bot_id, "split.state": "waiting"}
        found = await self._conversations.distinct("split.queue", query)
        return [None, *sorted(one for one in found if isinstance(one, str))]

    async def waiting(
        self, bot_id: str, queues: Sequence[str | None], limit: int
    ) -> list[tuple[str | None, str]]:
        """The oldest waiting conversations of some queues: queue and id."""
        query = {"bot_id": bot_id, "split.state": "waiting", "split.queue": {"$in": list(queues)}}
        found = self._conversations.find(query, {"split.queue": 1}).sort("split.since", 1)
        return [(one["split"].get("queue"), one["_id"]) async for one in found.limit(limit)]

    async def waiting_after(self, bot_id: str, place: Place | None, limit: int) -> list[Document]:
        """Waiting conversations from a place on, oldest first."""
        query: Document = {"bot_id": bot_id, "split.state": "waiting"}
        if place is not None:
            since, id_ = place
            query["split.since"] = {"$gte": since}
            query["$or"] = [{"split.since": {"$gt": since}}, {"_id": {"$gt": id_}}]
        found = self._conversations.find(query, {"split.since": 1})
        return await found.sort([("split.since", 1), ("_id", 1)]).limit(limit).to_list()

    async def missed(self, bot_id: str) -> list[Document]:
        """Customers who wrote lately and wait, though no splitting has ever been asked.

        They wrote while it was being switched on, or came from another bot. Whom a program answers
        is missed by nobody: splitting is asked when that one hands them over.
        Index (bot_id, assignee_id, status, -last.at, -_id): of those who have nobody alone.
        """
        now = self._clock.now()
        lately, answering = now - MISSED_WITHIN, await self._answering(bot_id)
        query = {
            "bot_id": bot_id,
            "assignee_id": None,
            "status": "open",
            "last.at": {"$gt": lately},
            "waiting_since": {"$gt": lately},
            "kind": {"$in": sorted(SPLIT_KINDS)},
            "split.state": {"$nin": ["pending", "waiting", "claimable", "manual", "released"]},
        }
        missed: list[Document] = []
        async with self._conversations.find(query, _OWNER).sort("waiting_since", 1) as found:
            async for one in found:
                if answering is None or one["kind"] != "inbox" or answering.people_have(one, now):
                    missed.append(one)
                if len(missed) == _MOST_MISSED:
                    break
        return missed

    async def _answering(self, bot_id: str) -> "_Answering | None":
        """The automation that answers customers first; index automations (answers, bot_id)."""
        query = {"answers": True, "bot_id": bot_id, "enabled": True}
        found = await self._automations.find_one(query, {"hand_back_after_s": 1})
        if found is None:
            return None
        seconds = found.get("hand_back_after_s")
        return _Answering(None if seconds is None else timedelta(seconds=seconds))

    async def unanswered(
        self, bot_id: str, *, before: datetime, after: datetime | None, limit: int
    ) -> list[Document]:
        """Assigned conversations whose customer waits, the longest first, from a moment on.

        Index (bot_id, waiting_since).
        """
        first = self._clock.now() - LOOKED_BACK
        query = {
            "bot_id": bot_id,
            "waiting_since": {"$gte": max(after or first, first), "$lte": before},
            "status": "open",
            "split.state": "assigned",
            "assignee_id": {"$type": "string"},
        }
        found = self._conversations.find(query, _PEOPLE).sort("waiting_since", 1)
        return await found.limit(limit).to_list()

    async def unalerted(self, bot_id: str, *, before: datetime, limit: int) -> list[Document]:
        """Whose customers wait since before a moment, and nobody was told of it; latest first.

        Index (bot_id, waiting_since).
        """
        query = {
            "bot_id": bot_id,
            "waiting_since": {"$gte": before - ALERTED_WITHIN, "$lte": before},
            "status": "open",
            **NOT_ALERTED,
        }
        found = self._conversations.find(query, _PEOPLE).sort("waiting_since", -1)
        return await found.limit(limit).to_list()


NOT_ALERTED: Document = {
    "$or": [
        {"alerted_for": None},
        {"$expr": {"$lte": ["$alerted_for", {"$ifNull": ["$last_out_at", None]}]}},
    ]
}
"""Nobody was told since the last answer. (`waiting_since` alone may change meanwhile: a message
may come late, or be taken back.)"""
