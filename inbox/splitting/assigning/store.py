"""One batch of assignments in one transaction: read, decide, write, tell."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.conversations.telling import message_event
from inbox.conversations.view import conversation_view, customer_brief
from inbox.conversations.visibility import people_of
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.assigning.outcome import (
    Wish,
    after,
    is_hopeless,
    is_news,
    receipt_for,
    release_receipt,
    released,
    rule_of,
    update_of,
)
from inbox.splitting.assigning.reading import CaseReader, Cases
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.deciding import Batch, decide_batch
from inbox.splitting.model import Receipt, SplitConfig
from inbox.splitting.store import SplitStore

MOST_WITHHELD = 20
"""Messages of one conversation that are told when it is given; readers load the others."""

Confirm = Callable[[Session], Awaitable[None]]
"""Raises LeaseLost when this process does not assign for the bot any more."""


class LeaseLost(Exception):
    """Another process assigns for this bot now."""


@dataclass(frozen=True, slots=True)
class Change:
    """A conversation before and after, and the receipt that says why."""

    before: Document
    after: Document
    receipt: Receipt


class AssignStore:
    """What the assigner reads and writes. A batch that is repeated finds nothing left to do."""

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
        self._cases = CaseReader(mongo)

    async def pending(self, limit: int) -> dict[str, list[str]]:
        """Conversations that wait for their first decision, by bot, oldest first."""
        query = {"split.due_at": {"$lte": self._clock.now()}}
        found = self._conversations.find(query, {"bot_id": 1}).sort("split.due_at", 1).limit(limit)
        by_bot: dict[str, list[str]] = {}
        async for one in found:
            by_bot.setdefault(one["bot_id"], []).append(one["_id"])
        return by_bot

    async def waiting(self, bot_id: str, limit: int) -> list[str]:
        """Conversations that nobody could receive yet, oldest first."""
        query = {"bot_id": bot_id, "split.state": "waiting"}
        found = self._conversations.find(query, {"_id": 1}).sort("split.since", 1).limit(limit)
        return [one["_id"] async for one in found]

    async def bots_with_waiting(self) -> list[str]:
        found = await self._conversations.distinct("bot_id", {"split.state": "waiting"})
        return sorted(bot for bot in found if isinstance(bot, str))

    async def unanswered(self, bot_id: str, before: datetime, limit: int) -> list[Document]:
        """Open conversations whose customer waits since before a moment, the longest first.

        Index (bot_id, waiting_since).
        """
        query = {"bot_id": bot_id, "status": "open", "waiting_since": {"$lte": before}}
        return await self._conversations.find(query).sort("waiting_since", 1).limit(limit).to_list()

    async def assign(self, bot_id: str, wishes: Sequence[Wish], confirm: Confirm) -> list[Change]:
        """Decide these conversations and write what differs, all or nothing.

        Raises:
            LeaseLost: by `confirm`; nothing is written.
        """
        by_id = {wish.conversation_id: wish for wish in wishes}

        async def work(session: Session) -> list[Change]:
            now = self._clock.now()
            cases = await self._cases.read(bot_id, by_id, session)
            found = await self._split.for_deciding(bot_id, session=session)
            if not cases.conversations or found is None:
                return []
            config, members = found
            if not config.enabled:
                await confirm(session)
                await self._let_go(cases, now, session)
                return []
            arrivals = [one for one in cases.arrivals if not by_id[one.conversation_id].release]
            carers = {id_ for one in arrivals for id_ in (one.last_carer_id, one.owner_id) if id_}
            people = await self._situations.of(config, members, carers, now, session=session)
            ledger = await self._split.ledger(bot_id, session=session)
            batch = decide_batch(config, arrivals, people, ledger, now)
            changes = await self._changes(cases, config, batch, by_id, session)
            if changes:
                await confirm(session)
                await self._write(changes, cases, now, session)
                await self._split.save_ledger(batch.ledger, session=session)
            return changes

        return await self._mongo.transaction(work)

    async def _changes(
        self,
        cases: Cases,
        config: SplitConfig,
        batch: Batch,
        wishes: dict[str, Wish],
        session: Session,
    ) -> list[Change]:
        """What is to be written, each with its receipt, which is stored here."""
        decisions = {one.receipt.conversation_id: one for one in batch.decisions}
        now = self._clock.now()
        told: list[tuple[Document, Wish, Receipt]] = []
        for before in cases.conversations:
            wish, decision = wishes[before["_id"]], decisions.get(before["_id"])
            if decision is None or (wish.kind == "resplit" and is_hopeless(decision)):
                excluded = decision.receipt.excluded if decision is not None else ()
                receipt = release_receipt(before, rule_of(config, before), excluded, now)
                told.append((before, wish, receipt))
            elif is_news(before, decision, wish):
                told.append((before, wish, receipt_for(before, decision, wish)))
        ids = await self._split.add_receipts([receipt for *_, receipt in told], session=session)
        changes: list[Change] = []
        for (before, wish, receipt), id_ in zip(told, ids, strict=True):
            decision = decisions.get(before["_id"])
            if receipt.kind == "released" or decision is None:
                done = released(before, receipt_id=id_, at=receipt.at)
            else:
                facts = cases.facts[before["_id"]]
                done = after(before, decision, wish, receipt_id=id_, facts=facts)
            changes.append(Change(before, done, receipt))
        return changes

    async def _write(
        self, changes: Sequence[Change], cases: Cases, now: datetime, session: Session
    ) -> None:
        writes = [
            UpdateOne({"_id": one.before["_id"]}, update_of(one.before, one.after))
            for one in changes
        ]
        await self._conversations.bulk_write(writes, ordered=False, session=session)
        events = [event for one in changes for event in self._events(one, cases, now)]
        await self._mongo["live_events"].insert_many(events, session=session)
        await self._take_seats(changes, now, session)

    async def _take_seats(self, changes: Sequence[Change], now: datetime, session: Session) -> None:
        """Assigners of two bots that give to one person at once collide here.

        Both have counted the person's conversations; the one that repeats counts anew, so that
        no cap is overshot.
        """
        given: dict[str, int] = {}
        for change in changes:
            if change.receipt.chosen is not None:
                given[change.receipt.chosen] = given.get(change.receipt.chosen, 0) + 1
        seats = [
            UpdateOne(
                {"_id": staff_id},
                {"$inc": {"given": count}, "$set": {"last_given_at": now}},
                upsert=True,
            )
            for staff_id, count in sorted(given.items())
        ]
        if seats:
            await self._mongo["split_seats"].bulk_write(seats, session=session)

    def _events(self, change: Change, cases: Cases, now: datetime) -> list[Document]:
        """What was withheld is told now; else that other people are in charge."""
        conversation = change.after
        customer = cases.customers.get(conversation.get("customer_id") or "")
        events: list[Document] = []
        for message in cases.messages.get(conversation["_id"], [])[-MOST_WITHHELD:]:
            event = message_event(
                "message_received",
                message,
                conversation,
                now,
                self._rules,
                people_before=people_of(change.before),
            )
            if customer is not None:
                event["data"]["conversation"]["customer"] = customer_brief(customer, conversation)
            events.append(event)
        if not events:
            view = conversation_view(conversation, customer=customer, now=now, rules=self._rules)
            event = live_event(
                type="conversation_changed",
                at=now,
                bot_id=conversation["bot_id"],
                conversation_id=conversation["_id"],
                customer_id=conversation.get("customer_id"),
                people=people_of(conversation),
                people_before=people_of(change.before),
                data={"conversation": view},
            )
            events.append(event)
        return events

    async def _let_go(self, cases: Cases, now: datetime, session: Session) -> None:
        """Splitting was switched off: what waited for it is everybody's, and is told now."""
        writes: list[UpdateOne] = []
        events: list[Document] = []
        for before in cases.conversations:
            done = {**before, "split": {"state": "off"}}
            writes.append(UpdateOne({"_id": before["_id"]}, {"$set": {"split": done["split"]}}))
            receipt = release_receipt(before, None, (), now)
            events += self._events(Change(before, done, receipt), cases, now)
        await self._conversations.bulk_write(writes, ordered=False, session=session)
        await self._mongo["live_events"].insert_many(events, session=session)
