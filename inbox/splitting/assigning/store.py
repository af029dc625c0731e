"""One batch of assignments in one transaction: read, decide, write, tell."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.conversations.telling import message_event
from inbox.conversations.view import conversation_view, customer_brief
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.assigning.arrivals import arrival_of, facts_of
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.deciding import decide_batch
from inbox.splitting.model import Arrival, Decision, Receipt, ReceiptKind, Rule, SplitConfig
from inbox.splitting.store import SplitStore

MOST_WITHHELD = 20
"""Messages of one conversation that are told when it is given; more are read, not told."""

Confirm = Callable[[Session], Any]
"""Raises when the assigner's lease is lost; awaited in every transaction."""


class LeaseLost(Exception):
    """Another process assigns for this bot now."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A conversation that is to be decided again, and why.

    `kind` is what its receipt says beside the outcome; `excluded` must not get it now; a new
    `round` begins when `counts`.
    """

    conversation_id: str
    kind: ReceiptKind | None = None
    excluded: tuple[str, ...] = ()
    counts: bool = False
    adds: bool = False


@dataclass(slots=True)
class _Turn:
    """What is read for one batch."""

    config: SplitConfig
    now: datetime
    conversations: list[Document]
    customers: Mapping[str, Document]
    arrivals: list[Arrival]
    messages: Mapping[str, list[Document]]
    wishes: Mapping[str, Wish]
    facts: Mapping[str, dict[str, Any]]


class AssignStore:
    """Reads and writes of the assigner. Repeating a batch finds nothing left to do."""

    def __init__(
        self,
        mongo: Mongo,
        situations: Situations,
        clock: Clock,
        rules: WindowRules = DEFAULT_RULES,
    ) -> None:
        self._mongo = mongo
        self._conversations = mongo["conversations"]
        self._situations = situations
        self._clock = clock
        self._rules = rules
        self._split = SplitStore(mongo)

    async def pending(self, limit: int) -> dict[str, list[str]]:
        """Conversations that wait for their first decision, by bot, oldest first."""
        query = {"split.due_at": {"$lte": self._clock.now()}}
        found = self._conversations.find(query, {"bot_id": 1}).sort("split.due_at", 1).limit(limit)
        by_bot: dict[str, list[str]] = {}
        async for one in found:
            by_bot.setdefault(one["bot_id"], []).append(one["_id"])
        return by_bot

    async def waiting(self, bot_id: str, limit: int) -> list[str]:
        """Conversations nobody could receive yet, oldest first."""
        query = {"bot_id": bot_id, "split.state": "waiting"}
        found = self._conversations.find(query, {"_id": 1}).sort("split.since", 1).limit(limit)
        return [one["_id"] async for one in found]

    async def bots_with_waiting(self) -> list[str]:
        """Index (split.state, ...), partial on what waits."""
        found = await self._conversations.distinct("bot_id", {"split.state": "waiting"})
        return sorted(bot for bot in found if isinstance(bot, str))

    async def unanswered(self, bot_id: str, before: datetime, limit: int) -> list[Document]:
        """Open conversations whose customer waits since before a moment, the longest first."""
        query = {"bot_id": bot_id, "status": "open", "waiting_since": {"$lte": before}}
        return await self._conversations.find(query).sort("waiting_since", 1).limit(limit).to_list()

    async def assign(self, bot_id: str, wishes: Sequence[Wish], confirm: Confirm) -> list[Decision]:
        """Decide these conversations and write what differs, all or nothing.

        Raises:
            LeaseLost: by `confirm`; nothing is written.
        """
        by_id = {wish.conversation_id: wish for wish in wishes}

        async def work(session: Session) -> list[Decision]:
            turn = await self._read(bot_id, by_id, session)
            if turn is None:
                return []
            if not turn.config.enabled:
                await confirm(session)
                await self._let_go(turn, session)
                return []
            found = await self._split.for_deciding(bot_id, session=session)
            assert found is not None, "read in this transaction"
            config, members = found
            carers = {a.last_carer_id for a in turn.arrivals} | {a.owner_id for a in turn.arrivals}
            more = [id_ for id_ in carers if id_ is not None]
            people = await self._situations.of(config, members, more, turn.now, session=session)
            ledger = await self._split.ledger(bot_id, session=session)
            batch = decide_batch(config, turn.arrivals, people, ledger, turn.now)
            decided = [
                (conversation, decision)
                for conversation, decision in zip(turn.conversations, batch.decisions, strict=True)
                if _is_news(conversation, decision, by_id[conversation["_id"]])
            ]
            if not decided:
                return []
            await confirm(session)
            await self._write(turn, decided, session)
            if any(decision.ledger for _, decision in decided):
                await self._split.save_ledger(batch.ledger, session=session)
            return [decision for _, decision in decided]

        return await self._mongo.transaction(work)

    async def _read(
        self, bot_id: str, wishes: Mapping[str, Wish], session: Session
    ) -> _Turn | None:
        config = await self._split.config(bot_id, session=session)
        found = self._conversations.find(
            {"_id": {"$in": list(wishes)}, "bot_id": bot_id}, session=session
        )
        conversations = [one for one in await found.to_list() if _is_open_case(one, wishes)]
        if config is None or not conversations:
            return None
        place = {id_: number for number, id_ in enumerate(wishes)}
        conversations.sort(key=lambda one: place[one["_id"]])
        customers, others = await self._customers(conversations, session)
        messages = await self._withheld(conversations, session)
        facts = {
            one["_id"]: one["split"].get("facts") or facts_of(_first(messages.get(one["_id"])))
            for one in conversations
        }
        arrivals = [
            self._arrival(one, customers, others, facts[one["_id"]], wishes[one["_id"]])
            for one in conversations
        ]
        now = self._clock.now()
        return _Turn(config, now, conversations, customers, arrivals, messages, wishes, facts)

    def _arrival(
        self,
        conversation: Document,
        customers: Mapping[str, Document],
        others: Mapping[str, list[Document]],
        facts: Mapping[str, Any],
        wish: Wish,
    ) -> Arrival:
        customer_id = conversation.get("customer_id") or ""
        rest = [one for one in others.get(customer_id, ()) if one["_id"] != conversation["_id"]]
        arrival = arrival_of(
            conversation, customers.get(customer_id), rest, facts, excluded=wish.excluded
        )
        return replace(arrival, round=arrival.round + 1) if wish.counts else arrival

    async def _customers(
        self, conversations: Sequence[Document], session: Session
    ) -> tuple[dict[str, Document], dict[str, list[Document]]]:
        """The customers, and all their conversations of this bot; index (customer_id)."""
        ids = sorted({one["customer_id"] for one in conversations if one.get("customer_id")})
        found = self._mongo["customers"].find({"_id": {"$in": ids}}, session=session)
        customers = {one["_id"]: one async for one in found}
        query = {"customer_id": {"$in": ids}, "bot_id": conversations[0]["bot_id"]}
        fields = {"customer_id": 1, "last_carer_id": 1, "last_out_at": 1}
        others: dict[str, list[Document]] = {}
        async for one in self._conversations.find(query, fields, session=session):
            others.setdefault(one["customer_id"], []).append(one)
        return customers, others

    async def _withheld(
        self, conversations: Sequence[Document], session: Session
    ) -> dict[str, list[Document]]:
        """The messages that nobody was told of yet, by conversation, in order."""
        pending = {one["_id"]: one["split"] for one in conversations if _is_pending(one)}
        if not pending:
            return {}
        earliest = min(split["from_at"] for split in pending.values())
        query = {"conversation_id": {"$in": list(pending)}, "at": {"$gte": earliest}}
        messages: dict[str, list[Document]] = {}
        async for one in self._mongo["messages"].find(query, session=session).sort("seq", 1):
            if one["seq"] >= pending[one["conversation_id"]]["from_seq"]:
                messages.setdefault(one["conversation_id"], []).append(one)
        return messages

    async def _write(
        self, turn: _Turn, decided: Sequence[tuple[Document, Decision]], session: Session
    ) -> None:
        receipts = [_receipt(conversation, d, turn.wishes) for conversation, d in decided]
        receipt_ids = await self._split.add_receipts(receipts, session=session)
        writes: list[UpdateOne] = []
        events: list[Document] = []
        for (before, decision), receipt_id in zip(decided, receipt_ids, strict=True):
            after = self._after(before, decision, receipt_id, turn)
            writes.append(UpdateOne({"_id": before["_id"]}, _update(before, after)))
            events += self._events(before, after, turn)
        await self._conversations.bulk_write(writes, ordered=False, session=session)
        await self._mongo["live_events"].insert_many(events, session=session)
        await self._take_seats(decided, turn.now, session)

    async def _take_seats(
        self, decided: Sequence[tuple[Document, Decision]], now: datetime, session: Session
    ) -> None:
        """Assigners of two bots that give to one person at once collide here.

        Both have counted the person's conversations; the one that repeats counts anew, so that
        no cap is overshot.
        """
        counts: dict[str, int] = {}
        for _, decision in decided:
            if decision.chosen is not None:
                counts[decision.chosen] = counts.get(decision.chosen, 0) + 1
        seats = [
            UpdateOne(
                {"_id": staff_id},
                {"$inc": {"given": n}, "$set": {"last_given_at": now}},
                upsert=True,
            )
            for staff_id, n in sorted(counts.items())
        ]
        if seats:
            await self._mongo["split_seats"].bulk_write(seats, session=session)

    def _after(
        self, before: Document, decision: Decision, receipt_id: str, turn: _Turn
    ) -> Document:
        """The conversation as it is once it is decided."""
        wish, split = turn.wishes[before["_id"]], before["split"]
        after = dict(before)
        state = {"assigned": "assigned", "fallback": "assigned", "excluded_source": "manual"}.get(
            decision.outcome, decision.outcome
        )
        tried = list(split.get("tried", ()))
        people = list(before.get("participant_ids", ()))
        if decision.chosen is not None:
            tried.append(decision.chosen)
            after["assignee_id"] = decision.chosen
            if not wish.adds:
                people = [id_ for id_ in people if id_ != before.get("assignee_id")]
            people = [decision.chosen, *(id_ for id_ in people if id_ != decision.chosen)]
        elif wish.counts and not wish.adds:
            after.pop("assignee_id", None)
            people = [id_ for id_ in people if id_ != before.get("assignee_id")]
        after["participant_ids"] = people
        kept = {name: split[name] for name in ("since",) if name in split}
        after["split"] = {
            **kept,
            "state": state,
            "rule_id": decision.rule.id if decision.rule else None,
            "round": split.get("round", 0) + wish.counts,
            "tried": tried,
            "receipt_id": receipt_id,
            "decided_at": turn.now,
        }
        if state == "waiting":
            after["split"]["facts"] = turn.facts[before["_id"]]
        return after

    def _events(self, before: Document, after: Document, turn: _Turn) -> list[Document]:
        """What was withheld is told now; else that the people in charge are others."""
        withheld = turn.messages.get(before["_id"], ()) if _is_pending(before) else ()
        customer = turn.customers.get(before.get("customer_id") or "")
        events: list[Document] = []
        for message in list(withheld)[-MOST_WITHHELD:]:
            if message.get("at") is None:
                continue
            event = message_event("message_received", message, after, turn.now, self._rules)
            if customer is not None:
                event["data"]["conversation"]["customer"] = customer_brief(customer, after)
            events.append(_since_before(event, before))
        if not events:
            view = conversation_view(after, customer=customer, now=turn.now, rules=self._rules)
            event = live_event(
                type="conversation_changed",
                at=turn.now,
                bot_id=after["bot_id"],
                conversation_id=after["_id"],
                customer_id=after.get("customer_id"),
                assignee_after=after.get("assignee_id"),
                participants_after=after.get("participant_ids", ()),
                data={"conversation": view},
            )
            events.append(_since_before(event, before))
        return events

    async def _let_go(self, turn: _Turn, session: Session) -> None:
        """Splitting was switched off: the conversation is everybody's, and is told now."""
        writes: list[UpdateOne] = []
        events: list[Document] = []
        for before in turn.conversations:
            after = {**before, "split": {"state": "off"}}
            writes.append(UpdateOne({"_id": before["_id"]}, {"$set": {"split": after["split"]}}))
            events += self._events(before, after, turn)
        await self._conversations.bulk_write(writes, ordered=False, session=session)
        await self._mongo["live_events"].insert_many(events, session=session)


def _is_pending(conversation: Document) -> bool:
    return bool(conversation.get("split", {}).get("state") == "pending")


def _is_open_case(conversation: Document, wishes: Mapping[str, Wish]) -> bool:
    """Whether it is still to be decided: somebody may have taken or answered it meanwhile."""
    state = conversation.get("split", {}).get("state")
    if wishes[conversation["_id"]].kind is None:
        return state in ("pending", "waiting")
    return state == "assigned" and conversation.get("waiting_since") is not None


def _is_news(conversation: Document, decision: Decision, wish: Wish) -> bool:
    """A conversation that waits and goes on waiting for the same reason is left alone."""
    waits = conversation["split"]["state"] == "waiting" and decision.outcome == "waiting"
    if waits:
        return False
    redistributed_to_nobody = wish.kind is not None and not wish.counts and decision.chosen is None
    return not redistributed_to_nobody


def _receipt(conversation: Document, decision: Decision, wishes: Mapping[str, Wish]) -> Receipt:
    wish = wishes[conversation["_id"]]
    receipt = replace(decision.receipt, before=conversation.get("assignee_id"))
    if wish.kind is not None and decision.chosen is not None:
        return replace(receipt, kind=wish.kind)
    return receipt


def _first(messages: Sequence[Document] | None) -> Document | None:
    return next((one for one in messages or () if one.get("direction") == "in"), None)


def _update(before: Document, after: Document) -> Document:
    names = ("assignee_id", "participant_ids", "split")
    sets = {name: after[name] for name in names if name in after}
    unsets = {name: 1 for name in names if name in before and name not in after}
    return {"$set": sets, "$unset": unsets} if unsets else {"$set": sets}


def _since_before(event: Document, before: Document) -> Document:
    """Nobody saw a conversation that was withheld; others saw who they see now."""
    pending = _is_pending(before)
    event["assignee"]["before"] = None if pending else before.get("assignee_id")
    people: Collection[str] = () if pending else before.get("participant_ids", ())
    event["participants"]["before"] = list(people)
    return event


def waits_since(conversation: Document, minutes: int) -> datetime:
    """When somebody should have answered: since the customer waits, or since it was given."""
    waiting: datetime = conversation["waiting_since"]
    given: datetime | None = conversation.get("split", {}).get("decided_at")
    return max(waiting, given or waiting) + timedelta(minutes=minutes)


def rule_of(config: SplitConfig, conversation: Document) -> Rule | None:
    """The rule that gave a conversation, if it is still there."""
    rule_id = conversation.get("split", {}).get("rule_id")
    return next((rule for rule in config.rules if rule.id == rule_id), None)
