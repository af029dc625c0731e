"""What one batch of assignments is decided from, read in its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.assigning.arrivals import arrival_of, facts_of
from inbox.splitting.assigning.outcome import Wish, is_open_case
from inbox.splitting.model import Arrival


@dataclass(slots=True)
class Cases:
    """Conversations in the order of the wishes, with everything around them.

    `messages` are those that nobody was told of yet, by conversation; `facts` what the first
    one says.
    """

    conversations: list[Document]
    customers: Mapping[str, Document]
    messages: Mapping[str, list[Document]]
    facts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)


class CaseReader:
    """Reads conversations that are still to be decided."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._conversations = mongo["conversations"]

    async def read(self, bot_id: str, wishes: Mapping[str, Wish], session: Session) -> Cases:
        query = {"_id": {"$in": list(wishes)}, "bot_id": bot_id}
        found = {one["_id"]: one async for one in self._conversations.find(query, session=session)}
        conversations = [
            found[id_]
            for id_, wish in wishes.items()
            if id_ in found and is_open_case(found[id_], wish)
        ]
        if not conversations:
            return Cases([], {}, {})
        customers, others = await self._customers(bot_id, conversations, session)
        cases = Cases(conversations, customers, await self._withheld(conversations, session))
        cases.facts = {
            one["_id"]: one["split"].get("facts")
            or facts_of(_first(cases.messages.get(one["_id"])))
            for one in conversations
        }
        cases.arrivals = [
            self._arrival(one, cases, others, wishes[one["_id"]]) for one in conversations
        ]
        return cases

    def _arrival(
        self,
        conversation: Document,
        cases: Cases,
        others: Mapping[str, list[Document]],
        wish: Wish,
    ) -> Arrival:
        customer_id = conversation.get("customer_id") or ""
        rest = [one for one in others.get(customer_id, ()) if one["_id"] != conversation["_id"]]
        had_it = conversation.get("assignee_id")
        arrival = arrival_of(
            conversation,
            cases.customers.get(customer_id),
            rest,
            cases.facts[conversation["_id"]],
            excluded=[had_it] if wish.kind is not None and had_it is not None else [],
        )
        return replace(arrival, round=arrival.round + 1) if wish.kind is not None else arrival

    async def _customers(
        self, bot_id: str, conversations: Sequence[Document], session: Session
    ) -> tuple[dict[str, Document], dict[str, list[Document]]]:
        """The customers, and all their conversations in this bot; index (customer_id)."""
        ids = sorted({one["customer_id"] for one in conversations if one.get("customer_id")})
        found = self._mongo["customers"].find({"_id": {"$in": ids}}, session=session)
        customers = {one["_id"]: one async for one in found}
        query = {"customer_id": {"$in": ids}, "bot_id": bot_id}
        fields = {"customer_id": 1, "last_carer_id": 1, "last_out_at": 1}
        others: dict[str, list[Document]] = {}
        async for one in self._conversations.find(query, fields, session=session):
            others.setdefault(one["customer_id"], []).append(one)
        return customers, others

    async def _withheld(
        self, conversations: Sequence[Document], session: Session
    ) -> dict[str, list[Document]]:
        """The messages that nobody was told of yet, by conversation, in order."""
        pending = {
            one["_id"]: one["split"] for one in conversations if one["split"]["state"] == "pending"
        }
        if not pending:
            return {}
        earliest = min(split["from_at"] for split in pending.values())
        query = {"conversation_id": {"$in": list(pending)}, "at": {"$gte": earliest}}
        messages: dict[str, list[Document]] = {}
        async for one in self._mongo["messages"].find(query, session=session).sort("seq", 1):
            if one["seq"] >= pending[one["conversation_id"]]["from_seq"]:
                messages.setdefault(one["conversation_id"], []).append(one)
        return messages


def _first(messages: Sequence[Document] | None) -> Document | None:
    return next((one for one in messages or () if one.get("direction") == "in"), None)
