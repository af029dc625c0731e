"""A shop with timed scripts: customers who write, agents who attach, and time that passes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.scripts import Enrolling, Scripts
from inbox.clock import FixedClock
from inbox.config import TagsConfig
from inbox.conversations.applying import Applier
from inbox.conversations.changes import KeepMessage
from inbox.conversations.marking.routes import MarkingRoutes
from inbox.conversations.marking.store import MarkingStore
from inbox.conversations.model import Author, Channel, IdentityRef, MessageRef, ThreadRef, Window
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.replying.routes import ReplyRoutes
from inbox.conversations.sheet import Terms
from inbox.conversations.window import DEFAULT_RULES
from inbox.customers.store import CustomerStore
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.journal import JournalEntries
from inbox.panels import Panels
from inbox.sidebar.routes import SidebarRoutes
from inbox.signals.store import SignalStore
from inbox.tags.routes import TagRoutes
from inbox.tags.service import TagService
from tests.inbox.inbox_world import (
    Answer,
    Api,
    Document,
    an_actor,
    inbox_routes,
    media_links,
    serve,
)
from tests.reply_world import ReplyWorld

BOT = "bot1"
OTHER_BOT = "bot2"
PAGES: dict[str, str] = {"facebook": "page1", "zalo": "oa1"}
OTHER_PAGE = "page2"


def delay(n: int, unit: str = "hour") -> Document:
    return {"kind": "delay", "n": n, "unit": unit}


def step(n: int, unit: str = "hour", text: str | None = None, **fields: Any) -> Document:
    """A step so long after the one before, which says `text` or when it is due."""
    return {"when": delay(n, unit), "content": {"text": text or f"+{n} {unit}"}, **fields}


class ScriptWorld(ReplyWorld):
    """`platform` is what the customers got; `api` asks as lan (sale), lead (manager) or guest."""

    api: Api

    def __init__(self, mongo: Mongo, clock: FixedClock, folder: Path) -> None:
        super().__init__(mongo, clock, folder)
        self.triggering: set[str] = set()
        """The bots whose messages may attach scripts, as the directory of accounts has them."""
        terms = Terms(triggering=self.triggering)
        self.applier = Applier(mongo, clock, JournalEntries(mongo, clock), terms=terms)
        self.enrolling = Enrolling(mongo, clock)
        self.scripts = self.another_process()
        self.store = self.enrolling.store

    def another_process(self) -> Scripts:
        """The workers of one more process."""
        return Scripts(
            Enrolling(self.mongo, self.clock),
            self.replies,
            self.uploads,
            self.messengers,
            signals=SignalStore(self.mongo, self.clock),
            rules=DEFAULT_RULES,
        )

    async def open(self) -> None:
        """Two bots with their accounts, and the people of the shop."""
        await self.mongo["bots"].insert_many(
            [
                {"_id": BOT, "name": "Shop Hoa", "member_ids": ["lan", "lead"], "version": 1},
                {"_id": OTHER_BOT, "name": "Shop Hai", "member_ids": ["guest"], "version": 1},
            ]
        )
        await self.connect()
        await self.connect(channel="zalo", account="oa1")
        await self.mongo["accounts"].insert_one(
            {"_id": account_key("facebook", OTHER_PAGE), "channel": "facebook", "bot_id": OTHER_BOT}
        )
        people = {"lan": "sale", "lead": "manager", "guest": "sale"}
        await self.mongo["staff"].insert_many(
            [
                {"_id": id_, "name": id_.title(), "role": role, "active": True}
                | {"email": f"{id_}@shop.vn"}
                for id_, role in people.items()
            ]
        )

    async def script(self, *steps: Document, bot: str = BOT, **fields: Any) -> str:
        """Write a script that is on; its id."""
        self._counter += 1
        self.clock.advance(timedelta(milliseconds=1))  # no two are of the same age
        body = {"name": f"Kịch bản {self._counter}", "enabled": True, "steps": steps, **fields}
        by = "lead" if bot == BOT else "boss"
        answer = await self.api.call("POST", f"/bots/{bot}/scripts", by, json=body)
        assert answer.status == 201, answer.json
        id_: str = answer.json["id"]
        return id_

    async def edit(self, script_id: str, **fields: Any) -> Answer:
        return await self.api.call("PATCH", f"/bots/{BOT}/scripts/{script_id}", "lead", json=fields)

    async def read_script(self, script_id: str) -> Any:
        return (await self.api.get(f"/bots/{BOT}/scripts/{script_id}", "lead")).json

    async def writes(
        self,
        person: str = "hoa",
        text: str = "Chào shop",
        *,
        channel: Channel = "facebook",
        page: str | None = None,
        ago: timedelta = timedelta(0),
    ) -> str:
        """A customer has written; the id of the customer."""
        self._counter += 1
        account, at = page or PAGES[channel], self.clock.now() - ago
        length = timedelta(days=7) if channel == "zalo" else timedelta(hours=24)
        free = at + timedelta(hours=48) if channel == "zalo" else None
        person_ref = IdentityRef(channel, account, person)
        change = KeepMessage(
            message=MessageRef(channel, account, f"mid{self._counter}"),
            at=at,
            thread=ThreadRef(channel, account, "inbox", person),
            customer=person_ref,
            direction="in",
            author=Author("customer"),
            text=text,
            window=Window(at + length, "consultation" if free else "standard", free),
        )
        bots = {account_key(c, a): BOT for c, a in PAGES.items()}
        bots[account_key("facebook", OTHER_PAGE)] = OTHER_BOT
        await self.applier.apply([change], bots=bots)
        self.clock.advance(timedelta(milliseconds=1))
        return person_ref.id

    async def echoes(self, person: str = "hoa", text: str = "Dạ em đây") -> None:
        """A person of the shop has answered in the platform's own tool."""
        self._counter += 1
        account = PAGES["facebook"]
        change = KeepMessage(
            message=MessageRef("facebook", account, f"mid{self._counter}"),
            at=self.clock.now(),
            thread=ThreadRef("facebook", account, "inbox", person),
            customer=IdentityRef("facebook", account, person),
            direction="out",
            author=Author("staff", None, "Ngoài hệ thống"),
            text=text,
            human_reply=True,
        )
        await self.applier.apply([change], bots={account_key("facebook", account): BOT})

    async def thread_of(self, customer_id: str) -> str:
        found = await self.mongo["conversations"].find_one({"customer_id": customer_id})
        assert found is not None
        id_: str = found["_id"]
        return id_

    async def attach(self, customer_id: str, *script_ids: str, by: str = "lan") -> Answer:
        path = f"/customers/{customer_id}/enrolments"
        return await self.api.call("POST", path, by, json={"script_ids": script_ids})

    async def attached(self, customer_id: str, *script_ids: str) -> str:
        """Attach one; the id of the enrolment."""
        answer = await self.attach(customer_id, *script_ids)
        assert answer.status == 200, answer.json
        (one,) = answer.json["items"]
        assert one["outcome"] == "created", one
        id_: str = one["enrolment"]["id"]
        return id_

    async def change(self, customer_id: str, enrolment_id: str, action: str) -> Answer:
        path = f"/customers/{customer_id}/enrolments/{enrolment_id}"
        return await self.api.call("PATCH", path, "lan", json={"action": action})

    async def detach(self, customer_id: str, enrolment_id: str) -> Answer:
        path = f"/customers/{customer_id}/enrolments/{enrolment_id}"
        return await self.api.call("DELETE", path, "lan")

    async def enrolments(self, customer_id: str) -> Any:
        """As the API shows them: newest first."""
        answer = await self.api.get(f"/customers/{customer_id}/enrolments", "lan")
        assert answer.status == 200, answer.json
        return answer.json

    async def enrolment(self, customer_id: str) -> Any:
        """The newest one."""
        return (await self.enrolments(customer_id))["items"][0]

    async def block(self, customer_id: str) -> Any:
        thread = await self.thread_of(customer_id)
        answer = await self.api.get(f"/conversations/{thread}/sidebar", "lan")
        return answer.json["blocks"]["scripts"]

    async def settle(self, *processes: Scripts) -> None:
        """Everything that is due is done, and delivered."""
        busy = True
        while busy:
            busy = False
            for one in processes or (self.scripts,):
                done = [
                    await one.heeding.step(),
                    await one.retiming.step(),
                    await one.recurring.step(),
                    await one.running.step(),
                ]
                busy = busy or any(done)
        await self.deliver(rounds=3)

    async def pass_time(self, *, until: datetime | None = None, **length: float) -> None:
        """Let the time pass, from one due moment to the next."""
        end = until or self.clock.now() + timedelta(**length)
        await self.settle()
        while (at := await self._next_due()) is not None and at <= end:
            self.clock.advance(max(at - self.clock.now(), timedelta()))
            await self.settle()
        self.clock.advance(max(end - self.clock.now(), timedelta()))
        await self.settle()

    async def _next_due(self) -> datetime | None:
        places = (("enrolments", "work"), ("signals", "work"), ("scripts", "calendar"))
        moments = []
        for collection, path in (*places, ("scripts", "retime"), ("conversations", "delivery")):
            found = await self.mongo[collection].find_one(
                {f"{path}.due_at": {"$exists": True}}, {path: 1}, sort=[(f"{path}.due_at", 1)]
            )
            if found is not None:
                moments.append(found[path]["due_at"])
        return min(moments, default=None)

    def got(self, account: str | None = None) -> list[str | None]:
        """The texts that customers got, in order."""
        return [one.text for one in self.platform.taken if account in (None, one.account)]

    async def said_at(self) -> list[tuple[str, datetime]]:
        """What scripts said, and when, in order."""
        found = self.mongo["messages"].find({"author.kind": "script", "internal": False})
        rows = await found.sort([("at", 1), ("seq", 1)]).to_list()
        return [(one["text"], one["at"]) for one in rows]


@asynccontextmanager
async def script_world(mongo: Mongo, clock: FixedClock, folder: Path) -> AsyncIterator[ScriptWorld]:
    world = ScriptWorld(mongo, clock, folder)
    await world.open()
    reads, links = ConversationReads(mongo), media_links(clock)
    customers = CustomerStore(mongo, clock)
    panels = Panels(world.enrolling.panels(), within=timedelta(seconds=20))
    tables: Sequence[Any] = [
        *(one for one in inbox_routes(mongo, clock) if not isinstance(one, MarkingRoutes)),
        MarkingRoutes(MarkingStore(mongo, reads, clock), links),
        ReplyRoutes(world.replies, reads, world.signals, links),
        TagRoutes(TagService(mongo, customers, clock, TagsConfig())),
        SidebarRoutes(panels, reads),
        *world.scripts.tables(),
    ]
    world.api = await serve(
        tables,
        an_actor("lan", BOT),
        an_actor("lead", BOT, role="manager"),
        an_actor("guest", OTHER_BOT),
        an_actor("boss", role="admin"),
    )
    try:
        yield world
    finally:
        await world.api.close()
