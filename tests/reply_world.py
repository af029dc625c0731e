"""A small inbox that answers over a fake channel: conversations, the API, one or two workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from inbox.bots.credentials.healing import Healing
from inbox.bots.health.store import HealthStore
from inbox.clock import FixedClock
from inbox.config import MediaConfig
from inbox.conversations.applying import Applier
from inbox.conversations.changes import Change
from inbox.conversations.delivery.sending import Sending
from inbox.conversations.delivery.store import DeliveryStore
from inbox.conversations.delivery.worker import Delivering
from inbox.conversations.model import Author, Channel
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.replying.model import Reply, Writer
from inbox.conversations.replying.routes import ReplyRoutes
from inbox.conversations.replying.service import ReplyService
from inbox.conversations.replying.signals import Signals
from inbox.conversations.replying.store import ReplyStore
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.ids import account_key
from inbox.media.files import MediaFiles
from inbox.media.model import Upload
from inbox.media.store import UploadStore
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo
from inbox.mongo.due import Backoff, Pace
from inbox.mongo.journal import JournalEntries
from inbox.ports import Messenger
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.inbox.inbox_world import (
    Api,
    Document,
    World,
    an_actor,
    inbox_routes,
    media_links,
    serve,
)

PAGE = "page1"
LAN = Writer(Author("staff", "lan", "Lan"), is_human=True)
SCRIPT = Writer(Author("script", "welcome", "Chào mừng"), is_human=False)
LEASE = timedelta(seconds=60)


class ReplyWorld(World):
    """Everything that an answer needs. `platform` is what the customers got."""

    def __init__(
        self,
        mongo: Mongo,
        clock: FixedClock,
        folder: Path,
        platform: FakePlatform | None = None,
        rules: WindowRules = DEFAULT_RULES,
    ) -> None:
        super().__init__(mongo)
        self.clock = clock
        self.platform = platform or FakePlatform()
        messenger = FakeMessenger(self.platform)
        self.messengers: dict[Channel, Messenger] = {"facebook": messenger, "zalo": messenger}
        files = MediaFiles.in_folder(folder)
        self.uploads = Uploads(UploadStore(mongo), files, clock, MediaConfig())
        self.delivery = DeliveryStore(mongo, clock, pace=Pace(lease=LEASE), rules=rules)
        self.healing = Healing(HealthStore(mongo, clock), self.delivery.wake_account)
        self.applier = Applier(mongo, clock, JournalEntries(mongo, clock), rules)
        self.replies = ReplyService(
            ReplyStore(mongo, clock, rules),
            self.uploads,
            self.messengers,
            clock,
            self.delivery.due.wake,
            rules,
        )
        self.signals = Signals(self.messengers, clock)
        self.worker = self.another_worker()

    def another_worker(self) -> Delivering:
        sending = Sending(
            self.delivery,
            self.applier,
            self.messengers,
            self.uploads,
            self.healing,
            self.clock,
            max_attempts=3,
            backoff=Backoff(timedelta(seconds=5), timedelta(seconds=60)),
        )
        return Delivering(
            self.delivery, sending, self.clock, channels=set(self.messengers), at_once=10
        )

    async def connect(self, *, channel: Channel = "facebook", account: str = PAGE) -> None:
        await self.mongo["accounts"].insert_one(
            {
                "_id": account_key(channel, account),
                "channel": channel,
                "account_id": account,
                "bot_id": "bot1",
                "name": "Trang",
                "health": {"state": "ok", "at": self.clock.now()},
            }
        )

    async def thread(self, *, name: str = "Hoa", **fields: Any) -> str:
        """A conversation of the page in which the customer has just written; its id."""
        channel: Channel = fields.pop("channel", "facebook")
        account: str = fields.pop("account", PAGE)
        now = self.clock.now()
        opened: dict[str, Any] = {
            "last_in_at": now,
            "waiting_since": now,
            "window": {"until": now + timedelta(hours=24), "kind": "standard"},
        }
        customer = await self.customer(name, channel=channel, account=account)
        return await self.conversation(
            customer, at=now, channel=channel, account=account, **(opened | fields)
        )

    async def upload(self, content: bytes, name: str = "anh.txt") -> Upload:
        async def chunks() -> AsyncIterator[bytes]:
            yield content

        return await self.uploads.keep(chunks(), name=name, staff_id="lan")

    async def say(
        self, thread: str, text: str | None, client_id: str | None = None, **fields: Any
    ) -> str:
        """Post an answer by Lan (or `by`); its message id."""
        self._counter += 1
        by: Writer = fields.pop("by", LAN)
        reply = Reply(client_id=client_id or f"c{self._counter}", text=text, **fields)
        view = await self.replies.post(thread, reply, by)
        message_id: str = view["id"]
        return message_id

    async def deliver(self, *, rounds: int = 1) -> None:
        for _ in range(rounds):
            await self.worker.step()

    async def deliver_all(self, *, within: timedelta = timedelta(hours=2)) -> None:
        """Let the time pass until nothing is left to be done."""
        end = self.clock.now() + within
        while await self.mongo["conversations"].find_one({"delivery": {"$exists": True}}):
            assert self.clock.now() < end, "still something to deliver"
            if not await self.worker.step():
                self.clock.advance(timedelta(seconds=1))

    async def kept(self, message_id: str) -> Document:
        found = await self.mongo["messages"].find_one({"_id": message_id})
        assert found is not None
        return found

    async def conversation_of(self, thread: str) -> Document:
        found = await self.mongo["conversations"].find_one({"_id": thread})
        assert found is not None
        return found

    async def status(self, message_id: str) -> str:
        status: str = (await self.kept(message_id))["status"]
        return status

    async def apply(self, *changes: Change) -> None:
        await self.applier.apply(changes, bots={account_key("facebook", PAGE): "bot1"})

    async def at(self, seconds: float) -> datetime:
        self.clock.advance(timedelta(seconds=seconds))
        return self.clock.now()


@asynccontextmanager
async def serving(world: ReplyWorld) -> AsyncIterator[Api]:
    """The API of this world for Lan, a guest of another bot, and a bot."""
    reads = ConversationReads(world.mongo)
    tables = [
        *inbox_routes(world.mongo, world.clock),
        ReplyRoutes(world.replies, reads, world.signals, media_links(world.clock)),
    ]
    api = await serve(tables, an_actor("lan", "bot1"), an_actor("guest", "bot2"))
    try:
        yield api
    finally:
        await api.close()
