"""Changes of who has a conversation, each in one transaction with everything that tells of it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.view import View, conversation_view
from inbox.conversations.visibility import people_of
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.errors import NotFound
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.documents import config_from, ledger_from
from inbox.splitting.handling.changes import Handled, update_of, with_receipt
from inbox.splitting.handling.errors import Named
from inbox.splitting.model import LedgerEntry, SplitConfig
from inbox.splitting.store import SplitStore
from inbox.staff.notices.store import PersonalNotices
from inbox.timeline.kinds import interaction


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who could have a conversation of a bot."""

    id: str
    name: str
    initials: str
    receiving: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation inside a transaction, with its bot's settings (without the rules)."""

    conversation: Document
    config: SplitConfig
    colleagues: dict[str, Colleague]
    names: dict[str, str]

    def named(self, staff_id: str | None) -> Named | None:
        return None if staff_id is None else Named(staff_id, self.names.get(staff_id))


Customers = Mapping[str, Document]
Decide = Callable[[Case, Session], Awaitable[Handled | None]]


class HandlingStore:
    """Collections `conversations`, `receipts`, `interactions`, `notices` and what tells of them."""

    def __init__(self, mongo: Mongo, clock: Clock, rules: WindowRules = DEFAULT_RULES) -> None:
        self._mongo = mongo
        self._conversations = mongo["conversations"]
        self._clock = clock
        self._rules = rules
        self._split = SplitStore(mongo)
        self._reads = ConversationReads(mongo)
        self._notices = PersonalNotices(mongo)

    async def read(self, conversation_id: str, *, session: Session | None = None) -> Case:
        """Whoever may see it; who asks is the caller's to check.

        Raises:
            NotFound: there is no such conversation.
        """
        conversation = await self._conversations.find_one({"_id": conversation_id}, session=session)
        if conversation is None:
            raise NotFound
        bot_id = conversation.get("bot_id")
        bot = await self._mongo["bots"].find_one({"_id": bot_id}, session=session) or {}
        config = config_from(bot_id or "", bot.get("split") or {})
        colleagues = await self.colleagues(bot.get("member_ids", ()), session=session)
        names = {id_: one.name for id_, one in colleagues.items()}
        others = {conversation.get("assignee_id"), *conversation.get("participant_ids", ())}
        others.add(conversation.get("last_carer_id"))
        names |= await self.names(others - names.keys() - {None}, session=session)
        return Case(conversation, config, colleagues, names)

    async def colleagues(
        self, member_ids: Iterable[str], *, session: Session | None = None
    ) -> dict[str, Colleague]:
        """The active staff who see a bot with these members: they, owners and admins."""
        either = [{"_id": {"$in": list(member_ids)}}, {"role": {"$in": ["owner", "admin"]}}]
        found = self._mongo["staff"].find({"active": True, "$or": either}, session=session)
        return {
            one["_id"]: Colleague(
                one["_id"], one["name"], one["initials"], one.get("receiving", True)
            )
            async for one in found.sort("name", 1)
        }

    async def names(
        self, ids: Collection[str | None], *, session: Session | None = None
    ) -> dict[str, str]:
        """Today's names of staff, of those who have left too."""
        if not ids:
            return {}
        found = self._mongo["staff"].find({"_id": {"$in": list(ids)}}, {"name": 1}, session=session)
        return {one["_id"]: one["name"] async for one in found}

    async def is_given_only(self, conversation: Document, *, session: Session) -> bool:
        """Whether the rule that the conversation came by leaves giving to leaders."""
        split = conversation.get("split") or {}
        if split.get("state") == "manual":
            return True
        rule = await self._mongo["split_rules"].find_one(
            {"_id": split.get("rule_id")}, {"mode": 1}, session=session
        )
        return rule is not None and rule.get("mode") == "manual"

    async def change(self, conversation_id: str, decide: Decide) -> View:
        """Do what `decide` makes of a conversation; the conversation as it is then.

        `decide` may raise to refuse; None changes nothing. It may run several times.
        """

        async def work(session: Session) -> View:
            case = await self.read(conversation_id, session=session)
            handled = await decide(case, session)
            if handled is None:
                return await self._view(case.conversation, session)
            (after,) = await self.write([handled], session)
            return await self._view(after, session)

        return await self._mongo.transaction(work)

    async def write(self, changes: Sequence[Handled], session: Session) -> list[Document]:
        """Store changes and tell of them; the conversations as they are then."""
        stored = await self.note(changes, session)
        pairs = [(one.before, after) for one, after in zip(changes, stored, strict=True)]
        updates = [UpdateOne({"_id": old["_id"]}, update_of(old, new)) for old, new in pairs]
        await self._conversations.bulk_write(updates, ordered=False, session=session)
        customers = await self._customers(stored, session)
        events = [self._event(old, new, customers) for old, new in pairs]
        await self._mongo["live_events"].insert_many(events, session=session)
        return stored

    async def note(self, changes: Sequence[Handled], session: Session) -> list[Document]:
        """Everything but the conversations and their live events, which the caller writes.

        Receipts, rows of the timeline, notices, and in the books that somebody got one by hand.
        """
        receipts = [
            replace(
                one.receipt,
                rule_id=one.before.get("split", {}).get("rule_id"),
                round=one.after.get("split", {}).get("round", 0),
            )
            for one in changes
        ]
        ids = await self._split.add_receipts(receipts, session=session)
        stored = [with_receipt(one, id_) for one, id_ in zip(changes, ids, strict=True)]
        rows = [_row(one, id_) for one, id_ in zip(changes, ids, strict=True)]
        await self._mongo["interactions"].insert_many(rows, session=session)
        told = [notice for one in changes for notice in one.notices]
        await self._notices.add(told, at=self._clock.now(), session=session)
        await self._book(changes, session)
        return stored

    async def _book(self, changes: Sequence[Handled], session: Session) -> None:
        """Count what came beside the turns under the rule that the conversation came by."""
        counts: dict[tuple[str, str, str], int] = {}
        for one in changes:
            rule_id = one.before.get("split", {}).get("rule_id")
            if one.given_to is not None and rule_id is not None:
                key = (one.before["bot_id"], rule_id, one.given_to)
                counts[key] = counts.get(key, 0) + 1
        entries: list[LedgerEntry] = []
        for (bot_id, rule_id, staff_id), count in counts.items():
            found = await self._mongo["split_ledger"].find_one(
                {"_id": {"rule_id": rule_id, "staff_id": staff_id}}, session=session
            )
            entry = (
                ledger_from(found)
                if found
                else LedgerEntry(rule_id=rule_id, staff_id=staff_id, bot_id=bot_id)
            )
            entries.append(replace(entry, manual=entry.manual + count))
        await self._split.save_ledger(entries, session=session)

    def _event(self, before: Document, after: Document, customers: Customers) -> Document:
        now = self._clock.now()
        return live_event(
            type="conversation_changed",
            at=now,
            bot_id=after["bot_id"],
            conversation_id=after["_id"],
            customer_id=after.get("customer_id"),
            people=people_of(after),
            people_before=people_of(before),
            data={"conversation": self._shown(after, customers)},
        )

    async def _view(self, conversation: Document, session: Session) -> View:
        return self._shown(conversation, await self._customers([conversation], session))

    def _shown(self, conversation: Document, customers: Customers) -> View:
        customer = customers.get(conversation.get("customer_id") or "")
        now = self._clock.now()
        return conversation_view(conversation, customer=customer, now=now, rules=self._rules)

    async def _customers(
        self, conversations: Sequence[Document], session: Session
    ) -> dict[str, Document]:
        ids = (one.get("customer_id") for one in conversations)
        return await self._reads.customers(ids, session=session)


def _row(handled: Handled, receipt_id: str) -> Document:
    """The row of the timeline: what the receipt says in full."""
    receipt = handled.receipt
    return interaction(
        "assignment_changed",
        customer_id=handled.before.get("customer_id"),
        conversation_id=handled.before["_id"],
        at=receipt.at,
        actor_id=receipt.actor.id,
        data={
            "kind": receipt.kind,
            "before": receipt.before,
            "after": receipt.chosen,
            "reason": receipt.reason,
            "receipt_id": receipt_id,
        },
    )
