"""What one batch of assignments is decided from, read in its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.assigning.arrivals import arrival_of, facts_of
from inbox.splitting.assigning.outcome import Wish, is_open_case, is_over, split_of, tried_of
from inbox.splitting.model import Arrival


@dataclass(slots=True)
class Cases:
    """Conversations in the order of the wishes, with everything around them.

    `over` are those that were closed before they were decided. `messages` are those that nobody
    was told of yet, by conversation; `firsts` with what each visit began.
    """

    conversations: list[Document]
    over: list[Document]
    customers: Mapping[str, Document]
    messages: Mapping[str, list[Document]]
    firsts: Mapping[str, Document]
    arrivals: list[Arrival]

    def first_id(self, conversation: Document) -> str | None:
        """The message that this visit began with, whether or not it is still there."""
        first = self.firsts.get(conversation["_id"])
        known: str | None = (conversation.get("split") or {}).get("first_id")
        return first["_id"] if first is not None else known


class CaseReader:
    """Reads conversations that are still to be decided."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._conversations = mongo["conversations"]
        self._messages = mongo["messages"]

    async def read(
        self, bot_id: str, wishes: Mapping[str, Wish], session: Session, *, others: bool = True
    ) -> Cases | None:
        """None when there is nothing to do; `others`: whether a rule asks for other conversations
        of the customers.
        """
        query = {"_id": {"$in": list(wishes)}, "bot_id": bot_id}
        found = {one["_id"]: one async for one in self._conversations.find(query, session=session)}
        ordered = [(found[id_], wish) for id_, wish in wishes.items() if id_ in found]
        conversations = [one for one, wish in ordered if is_open_case(one, wish)]
        over = [one for one, _ in ordered if is_over(one)]
        if not conversations and not over:
            return None
        customers = await self._customers([*conversations, *over], session)
        also = await self._others(bot_id, list(customers), session) if others else {}
        messages = await self._withheld([*conversations, *over], session)
        firsts = await self._firsts(conversations, messages, session)
        arrivals = [
            _arrival(one, customers, also, firsts.get(one["_id"]), wishes[one["_id"]])
            for one in conversations
        ]
        return Cases(conversations, over, customers, messages, firsts, arrivals)

    async def _customers(
        self, conversations: Sequence[Document], session: Session
    ) -> dict[str, Document]:
        ids = sorted({one["customer_id"] for one in conversations if one.get("customer_id")})
        found = self._mongo["customers"].find({"_id": {"$in": ids}}, session=session)
        return {one["_id"]: one async for one in found}

    async def _others(
        self, bot_id: str, ids: Sequence[str], session: Session
    ) -> dict[str, list[Document]]:
        """All conversations of these customers in this bot; index (customer_id)."""
        query = {"customer_id": {"$in": ids}, "bot_id": bot_id}
        fields = {"customer_id": 1, "last_carer_id": 1, "last_out_at": 1}
        others: dict[str, list[Document]] = {}
        async for one in self._conversations.find(query, fields, session=session):
            others.setdefault(one["customer_id"], []).append(one)
        return others

    async def _withheld(
        self, conversations: Sequence[Document], session: Session
    ) -> dict[str, list[Document]]:
        """The messages that nobody was told of yet, by conversation, in order."""
        pending = {
            one["_id"]: one["split"]
            for one in conversations
            if (one.get("split") or {}).get("state") == "pending"
        }
        if not pending:
            return {}
        earliest = min(split["from_at"] for split in pending.values())
        query = {"conversation_id": {"$in": list(pending)}, "at": {"$gte": earliest}}
        messages: dict[str, list[Document]] = {}
        async for one in self._messages.find(query, session=session).sort("seq", 1):
            if one["seq"] >= pending[one["conversation_id"]]["from_seq"]:
                messages.setdefault(one["conversation_id"], []).append(one)
        return messages

    async def _firsts(
        self,
        conversations: Sequence[Document],
        withheld: Mapping[str, list[Document]],
        session: Session,
    ) -> dict[str, Document]:
        """The message that each visit began with: what the conditions of rules look at."""
        firsts: dict[str, Document] = {}
        wanted: list[Document] = []
        for one in conversations:
            inbound = (m for m in withheld.get(one["_id"], ()) if m.get("direction") == "in")
            if (first := next(inbound, None)) is not None:
                firsts[one["_id"]] = first
            elif (query := _first_query(one)) is not None:
                wanted.append(query)
        if wanted:
            async for one in self._messages.find({"$or": wanted}, session=session):
                firsts.setdefault(one["conversation_id"], one)
        return firsts


def _first_query(conversation: Document) -> Document | None:
    """Where the message is that a visit began with, if that is known or can be guessed."""
    if first_id := (conversation.get("split") or {}).get("first_id"):
        return {"_id": first_id}
    if since := conversation.get("waiting_since"):
        return {"conversation_id": conversation["_id"], "at": since, "direction": "in"}
    return None


def _arrival(
    conversation: Document,
    customers: Mapping[str, Document],
    others: Mapping[str, list[Document]],
    first: Document | None,
    wish: Wish,
) -> Arrival:
    customer_id = conversation.get("customer_id") or ""
    rest = [one for one in others.get(customer_id, ()) if one["_id"] != conversation["_id"]]
    had_it = conversation.get("assignee_id")
    arrival = arrival_of(
        {**conversation, "split": split_of(conversation, wish)},
        customers.get(customer_id),
        rest,
        facts_of(first),
        excluded=[had_it] if wish.kind is not None and had_it is not None else [],
    )
    arrival = replace(arrival, tried=tuple(tried_of(conversation, wish)))
    # Whoever had it must not get it back at once as the one who knows the customer.
    return replace(arrival, round=arrival.round + 1) if wish.kind is not None else arrival
