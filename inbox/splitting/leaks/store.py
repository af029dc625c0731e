"""Reads the leak board page by page, and what splitting would make of what waits now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from inbox.bots.credentials.model import WORKING
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.visibility import visible
from inbox.conversations.window import WindowRules
from inbox.mongo.client import Document, Mongo
from inbox.splitting.assigning.arrivals import arrival_of, facts_of
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.deciding import decide
from inbox.splitting.leaks.urgency import (
    URGENCIES,
    Urgency,
    after,
    index_of,
    order_of,
    urgency_query,
)
from inbox.splitting.model import Arrival, Decision, SplitConfig
from inbox.splitting.store import SplitStore
from inbox.staff.model import Actor


@dataclass(frozen=True, slots=True)
class Place:
    """After which conversation a page begins; `asked_at` is when the first page was asked for.

    How urgent something is changes with time: all pages look at one moment.
    """

    urgency: Urgency
    at: datetime
    id: str
    asked_at: datetime


class LeakStore:
    """Collection `conversations`, as one actor sees it."""

    def __init__(self, mongo: Mongo, situations: Situations, rules: WindowRules) -> None:
        self._mongo = mongo
        self._conversations = mongo["conversations"]
        self._situations = situations
        self._rules = rules
        self._split = SplitStore(mongo)
        self._reads = ConversationReads(mongo)

    async def page(
        self, actor: Actor, bot_id: str, place: Place | None, now: datetime, limit: int
    ) -> list[tuple[Urgency, Document]]:
        """Up to `limit`, the most urgent first.

        Indexes (bot_id, waiting_since, _id) and (bot_id, assignee_id, status, -last.at, -_id).
        """
        asked_at = now if place is None else place.asked_at
        begin = 0 if place is None else URGENCIES.index(place.urgency)
        found: list[tuple[Urgency, Document]] = []
        for urgency in URGENCIES[begin:]:
            wanted = [urgency_query(urgency, bot_id, asked_at, self._rules), visible(actor)]
            if place is not None and urgency == place.urgency:
                wanted.append(after(urgency, place.at, place.id))
            cursor = self._conversations.find({"$and": wanted}).hint(index_of(urgency))
            some = cursor.sort(order_of(urgency)).limit(limit - len(found))
            found += [(urgency, one) async for one in some]
            if len(found) >= limit:
                break
        return found

    async def decisions(
        self, bot_id: str, conversations: Sequence[Document], now: datetime
    ) -> tuple[SplitConfig, dict[str, Decision]]:
        """What would become of each waiting one if it were decided alone now; nothing is.

        The bot must exist.
        """
        found = await self._split.for_deciding(bot_id)
        if found is None:
            return SplitConfig(bot_id=bot_id), {}
        config, members = found
        waiting = [
            one for one in conversations if (one.get("split") or {}).get("state") == "waiting"
        ]
        if not waiting or not config.enabled:
            return config, {}
        arrivals = await self._arrivals(bot_id, waiting)
        carers = {id_ for one in arrivals for id_ in (one.last_carer_id, one.owner_id) if id_}
        people = await self._situations.of(config, members, carers, now)
        ledger = await self._split.ledger(bot_id)
        return config, {
            one.conversation_id: decide(config, one, people, ledger, now) for one in arrivals
        }

    async def down(self, bot_id: str) -> dict[str, tuple[str, str | None]]:
        """The bot's accounts that do not work: name, and the reason. Accounts are few: no index."""
        query = {"bot_id": bot_id, "health.state": {"$nin": [*sorted(WORKING), None]}}
        found = self._mongo["accounts"].find(query, {"name": 1, "health.reason": 1})
        return {one["_id"]: (one["name"], one["health"].get("reason")) async for one in found}

    async def names(self, ids: Iterable[str | None]) -> dict[str, str]:
        wanted = sorted({id_ for id_ in ids if id_ is not None})
        found = self._mongo["staff"].find({"_id": {"$in": wanted}}, {"name": 1})
        return {one["_id"]: one["name"] async for one in found}

    async def customers(self, conversations: Iterable[Document]) -> dict[str, Document]:
        return await self._reads.customers(one.get("customer_id") for one in conversations)

    async def exists(self, bot_id: str) -> bool:
        return await self._mongo["bots"].find_one({"_id": bot_id}, {"_id": 1}) is not None

    async def _arrivals(self, bot_id: str, waiting: Sequence[Document]) -> list[Arrival]:
        """As the assigner reads them; index (customer_id)."""
        customers = await self.customers(waiting)
        query = {"customer_id": {"$in": sorted(customers)}, "bot_id": bot_id}
        fields = {"customer_id": 1, "last_carer_id": 1, "last_out_at": 1}
        others: dict[str, list[Document]] = {}
        async for one in self._conversations.find(query, fields):
            others.setdefault(one["customer_id"], []).append(one)
        first_ids = [one["split"].get("first_id") for one in waiting]
        query = {"_id": {"$in": [id_ for id_ in first_ids if id_ is not None]}}
        firsts = {one["_id"]: one async for one in self._mongo["messages"].find(query)}
        return [
            arrival_of(
                one,
                customers.get(one.get("customer_id") or ""),
                [
                    other
                    for other in others.get(one.get("customer_id") or "", ())
                    if other["_id"] != one["_id"]
                ],
                facts_of(firsts.get(one["split"].get("first_id") or "")),
            )
            for one in waiting
        ]
