"""A bot that splits, on a real database: messages come in, people come and go, time passes."""

import itertools
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from inbox.clock import FixedClock
from inbox.conversations.applying import Applier
from inbox.conversations.changes import KeepMessage
from inbox.conversations.model import Author, IdentityRef, MessageRef, ThreadRef
from inbox.conversations.sheet import Terms
from inbox.ids import account_key
from inbox.mongo.client import Document, Mongo
from inbox.mongo.journal import JournalEntries
from inbox.mongo.leases import Leases
from inbox.splitting.assigning.alerting import Alerts
from inbox.splitting.assigning.following import FollowUps
from inbox.splitting.assigning.holding import HeldBots
from inbox.splitting.assigning.queues import Queues
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.assigning.store import AssignStore
from inbox.splitting.assigning.worker import Assigner
from inbox.splitting.documents import rule_document, rule_from
from inbox.splitting.presence.store import PresenceStore
from inbox.splitting.store import LAST, SplitStore, catch_all_id

BOT = "bot1"
ACCOUNTS = {account_key("zalo", "oa1"): BOT, account_key("facebook", "page1"): BOT}
ONE = timedelta(minutes=1)


class SplitDesk:
    """What happens at one bot; `assigner` is one process's, `another` makes a second one."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.splitting = {BOT}
        terms = Terms(splitting=self.splitting)
        self.applier = Applier(mongo, clock, JournalEntries(mongo, clock), terms=terms)
        self.presence = PresenceStore(mongo, clock)
        self.store = SplitStore(mongo)
        self.assigner = self.another("first")
        self._numbers = itertools.count(1)

    def another(self, owner: str) -> Assigner:
        """The assigner of a process of its own."""
        situations = Situations(self.mongo)
        queues = Queues(self.mongo, self.clock)
        leases = Leases(self.mongo, self.clock, owner=owner)
        return Assigner(
            AssignStore(self.mongo, situations, self.clock),
            queues,
            FollowUps(queues, self.store, situations, self.clock),
            Alerts(self.mongo, queues, self.clock),
            leases,
            HeldBots(leases, self.clock),
        )

    async def open(self, *people: str, **settings: Any) -> None:
        """A bot of these members that splits evenly unless `rule` says otherwise."""
        await self.mongo["bots"].insert_one(
            {
                "_id": BOT,
                "name": "Shop",
                "member_ids": list(people),
                "version": 1,
                "split": {"enabled": True, **settings},
            }
        )
        await self.mongo["staff"].insert_many(
            [
                {
                    "_id": one,
                    "name": one.title(),
                    "email": f"{one}@shop.vn",
                    "role": "sale",
                    "active": True,
                    "receiving": True,
                }
                for one in people
            ]
        )

    async def rule(self, **fields: Any) -> None:
        """Change the catch-all; with a `when` add a rule before it."""
        when = fields.get("when")
        id_ = f"rule{next(self._numbers)}" if when else catch_all_id(BOT)
        document = {"_id": id_, "bot_id": BOT, "position": 1 if when else LAST, "name": "Luật"}
        rule = rule_from({**document, **fields})
        await self.mongo["split_rules"].replace_one({"_id": id_}, rule_document(rule), upsert=True)

    async def message(
        self,
        person: str,
        text: str = "Chào shop",
        *,
        channel: str = "zalo",
        ago: timedelta = timedelta(0),
        **extra: Any,
    ) -> str:
        """The customer `person` has written so long ago; the id of their conversation."""
        account = "oa1" if channel == "zalo" else "page1"
        thread = ThreadRef(channel, account, "inbox", person)  # type: ignore[arg-type]
        number = next(self._numbers)
        change = KeepMessage(
            message=MessageRef(channel, account, f"mid{number}"),  # type: ignore[arg-type]
            at=self.clock.now() - ago - timedelta(seconds=1) + timedelta(milliseconds=number),
            thread=thread,
            customer=IdentityRef(channel, account, person),  # type: ignore[arg-type]
            direction="in",
            author=Author("customer"),
            text=text,
            extra=extra,
        )
        await self.applier.apply([change], bots=ACCOUNTS)
        return thread.id

    async def messages(self, people: Iterable[str]) -> list[str]:
        return [await self.message(one) for one in people]

    async def reply(self, conversation_id: str, staff_id: str) -> None:
        """Somebody of ours answers, as the reply transaction leaves the conversation."""
        await self.mongo["conversations"].update_one(
            {"_id": conversation_id},
            {
                "$set": {"last_out_at": self.clock.now(), "last_carer_id": staff_id},
                "$unset": {"waiting_since": 1},
            },
        )

    async def close(self, conversation_id: str) -> None:
        """Close it, a moment before now."""
        await self.mongo["conversations"].update_one(
            {"_id": conversation_id},
            {"$set": {"status": "closed", "status_at": self.clock.now() - ONE}},
        )

    async def online(self, *people: str, minutes: float = 1000) -> None:
        await self.presence.extend(
            dict.fromkeys(people, self.clock.now() + timedelta(minutes=minutes))
        )

    async def settle(self) -> None:
        """Everything that is due is decided."""
        while await self.assigner.step():
            pass
        await self.assigner.sweep()

    async def pass_time(self, minutes: float, *, step: timedelta = ONE) -> None:
        ends = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < ends:
            self.clock.advance(min(step, ends - self.clock.now()))
            await self.settle()

    async def conversation(self, conversation_id: str) -> Document:
        found = await self.mongo["conversations"].find_one({"_id": conversation_id})
        assert found is not None
        return found

    async def holder(self, conversation_id: str) -> str | None:
        return (await self.conversation(conversation_id)).get("assignee_id")

    async def holders(self, ids: Iterable[str]) -> list[str | None]:
        return [await self.holder(id_) for id_ in ids]

    async def receipts(self, conversation_id: str) -> list[Document]:
        """Oldest first."""
        found = self.mongo["receipts"].find({"conversation_id": conversation_id})
        return sorted(await found.to_list(), key=lambda one: one["at"])

    async def live(self) -> list[Document]:
        return (
            await self.mongo["live_events"].find({"conversation_id": {"$exists": True}}).to_list()
        )
