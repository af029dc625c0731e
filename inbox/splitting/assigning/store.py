"""One batch of assignments in one transaction: read, decide, write, tell."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.conversations.window import DEFAULT_RULES, WindowRules
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
from inbox.splitting.assigning.telling import leaders_told, live_events
from inbox.splitting.conditions import asks_for
from inbox.splitting.deciding import Batch, decide_batch
from inbox.splitting.model import Receipt, SplitConfig
from inbox.splitting.store import SplitStore
from inbox.staff.notices.model import NewNotice
from inbox.staff.notices.store import PersonalNotices

Confirm = Callable[[Session], Awaitable[None]]
"""Raises LeaseLost when this process does not assign for the bot any more."""


class LeaseLost(Exception):
    """Another process assigns for this bot now."""


@dataclass(frozen=True, slots=True)
class Change:
    """A conversation before and after; the receipt says why, None when it is only let go."""

    before: Document
    after: Document
    receipt: Receipt | None = None


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
        self._notices = PersonalNotices(mongo)

    async def assign(self, bot_id: str, wishes: Sequence[Wish], confirm: Confirm) -> list[Change]:
        """Decide these conversations and write what differs, all or nothing.

        Raises:
            LeaseLost: by `confirm`; nothing is written.
        """
        by_id = {wish.conversation_id: wish for wish in wishes}

        async def work(session: Session) -> list[Change]:
            found = await self._split.for_deciding(bot_id, session=session)
            others = found is not None and _asks_for_others(found[0])
            cases = await self._cases.read(bot_id, by_id, session, others=others)
            if cases is None:
                return []
            if found is None or not found[0].enabled:
                changes = [_let_go(one) for one in [*cases.over, *cases.conversations]]
                batch = None
            else:
                batch = await self._decide(*found, cases, by_id, session)
                changes = await self._changes(cases, found[0], batch, by_id, session)
                changes += [_let_go(one) for one in cases.over]
            if changes:
                await confirm(session)
                await self._write(changes, cases, session)
                if found is not None:
                    await self._notices.add(
                        await self._leaders_told(changes, *found, session),
                        at=self._clock.now(),
                        session=session,
                    )
                if batch is not None:
                    await self._split.save_ledger(batch.ledger, session=session)
            return changes

        return await self._mongo.transaction(work)

    async def _decide(
        self,
        config: SplitConfig,
        members: Sequence[str],
        cases: Cases,
        wishes: dict[str, Wish],
        session: Session,
    ) -> Batch:
        now = self._clock.now()
        arrivals = [one for one in cases.arrivals if not wishes[one.conversation_id].release]
        if not arrivals:
            return Batch([], (), {})
        carers = {id_ for one in arrivals for id_ in (one.last_carer_id, one.owner_id) if id_}
        people = await self._situations.of(config, members, carers, now, session=session)
        ledger = await self._split.ledger(config.bot_id, session=session)
        return decide_batch(config, arrivals, people, ledger, now)

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
        told: list[tuple[Document, Receipt]] = []
        for before in cases.conversations:
            wish, decision = wishes[before["_id"]], decisions.get(before["_id"])
            if decision is None or (wish.kind == "resplit" and is_hopeless(decision)):
                rule, over = rule_of(config, before), decision is None
                excluded = () if decision is None else decision.receipt.excluded
                told.append((before, release_receipt(before, rule, excluded, now, over=over)))
            elif is_news(before, decision, wish):
                told.append((before, receipt_for(before, decision, wish)))
        ids = await self._split.add_receipts([receipt for _, receipt in told], session=session)
        changes: list[Change] = []
        for (before, receipt), id_ in zip(told, ids, strict=True):
            decision = decisions.get(before["_id"])
            if receipt.kind == "released" or decision is None:
                done = released(before, receipt_id=id_, at=receipt.at)
            else:
                wish, first_id = wishes[before["_id"]], cases.first_id(before)
                done = after(before, decision, wish, receipt_id=id_, first_id=first_id)
            changes.append(Change(before, done, receipt))
        return changes

    async def _write(self, changes: Sequence[Change], cases: Cases, session: Session) -> None:
        now = self._clock.now()
        writes = [
            UpdateOne({"_id": one.before["_id"]}, update_of(one.before, one.after))
            for one in changes
        ]
        await self._conversations.bulk_write(writes, ordered=False, session=session)
        events = [
            event
            for one in changes
            for event in live_events(one.before, one.after, cases, now, self._rules)
        ]
        await self._mongo["live_events"].insert_many(events, session=session)
        await self._take_seats(changes, now, session)

    async def _take_seats(self, changes: Sequence[Change], now: datetime, session: Session) -> None:
        """Assigners of two bots that give to one person at once collide here.

        Both have counted the person's conversations; the one that repeats counts anew, so that
        no cap is overshot.
        """
        given: dict[str, int] = {}
        for change in changes:
            if change.receipt is not None and change.receipt.chosen is not None:
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

    async def _leaders_told(
        self,
        changes: Sequence[Change],
        config: SplitConfig,
        members: Sequence[str],
        session: Session,
    ) -> list[NewNotice]:
        """Every chain that has ended in vain is told to those who lead."""
        ended = [one.after for one in changes if one.receipt and one.receipt.kind == "released"]
        if not ended:
            return []
        found = self._mongo["staff"].find(
            {"active": True, "role": {"$ne": "sale"}}, {"role": 1}, session=session
        )
        return leaders_told(ended, config, members, await found.to_list())


def _asks_for_others(config: SplitConfig) -> bool:
    """Whether a rule wants to know if a customer was here before, in another conversation."""
    return any(
        rule.keep_returning.enabled or asks_for(rule.when, "returning") for rule in config.rules
    )


def _let_go(before: Document) -> Change:
    """Splitting is off, or it was closed meanwhile: it is told as it is."""
    return Change(before, {**before, "split": {"state": "off"}})
