"""The gateway on a small inbox: two channels, one program with a token, an HTTP client."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from channels.config import MediaFetchConfig
from channels.media.client import MediaClient
from channels.messenger_gateway.gateway import GatewayParts, MessengerGateway
from inbox.automations.delivering.store import Receiver
from inbox.automations.model import EVENT_TYPES, Automation, Event, EventType, Secrets
from inbox.clock import FixedClock
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.view import conversation_view, message_view
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.channels.messenger_gateway.phones import FacebookPhone, ZaloPhone
from tests.inbox.inbox_world import NOON, media_links
from tests.reply_world import ReplyWorld

TOKEN = "token-of-the-program"
READ_ONLY = "token-that-reads"
APP_SECRET = "a secret of the program"
PAGE = "1000200030004000"
OA = "oa1"
HOST = "https://chat.shop.vn"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f8ff1f0003030200efa2a75b0000000049454e44ae426082"
)
Json = dict[str, Any]


def an_automation(**fields: Any) -> Automation:
    automation = Automation(
        id="program1",
        bot_id="bot1",
        name="Trợ lý áo khoác",
        kind="messenger",
        url="https://bot.example/webhook",
        events=frozenset(EVENT_TYPES),
        answers=True,
        answer_within=timedelta(seconds=60),
        hand_back_after=None,
        enabled=True,
        created_at=NOON,
        page_id=PAGE,
    )
    return replace(automation, **fields)


PROGRAM = Actor(
    id="program1",
    name="Trợ lý áo khoác",
    role="sale",
    bot_ids=frozenset({"bot1"}),
    kind="automation",
)


@dataclass
class Directory:
    """Tokens, automations and who has conversations; what the core keeps elsewhere."""

    automation: Automation = field(default_factory=an_automation)
    handed_over: list[tuple[str, str | None]] = field(default_factory=list)

    async def by_token(self, secret: str) -> Actor | None:
        if secret == READ_ONLY:
            return replace(PROGRAM, scopes=frozenset({"read"}))
        return PROGRAM if secret == TOKEN else None

    async def receiver(self, automation_id: str) -> Receiver | None:
        if automation_id != self.automation.id or not self.automation.enabled:
            return None
        return Receiver(self.automation, Secrets((), app_secret=APP_SECRET, verify_token="a word"))

    async def by_request(self, actor: Actor, conversation_id: str, note: str | None) -> bool:
        assert actor == PROGRAM
        self.handed_over.append((conversation_id, note))
        return True


class GatewayWorld(ReplyWorld):
    """`zalo` and `facebook` are the phones of the customers of either channel."""

    def __init__(self, mongo: Mongo, clock: FixedClock, folder: Path) -> None:
        super().__init__(mongo, clock, folder)
        self.zalo, self.facebook = ZaloPhone(), FacebookPhone()
        self.messengers |= {"zalo": self.zalo, "facebook": self.facebook}
        self.directory = Directory()
        self.session: ClientSession
        self.url = ""
        self.files_url = ""
        self.gateway: MessengerGateway
        self._events = 0

    async def customer_of(self, channel: str = "zalo", **fields: Any) -> str:
        """A conversation in which a customer has just written; the person's id there."""
        account = OA if channel == "zalo" else "page1"
        conversation_id = await self.thread(channel=channel, account=account, **fields)
        conversation = await self.conversation_of(conversation_id)
        await self.message(conversation_id, "Chào shop", at=self.clock.now())
        return str(conversation["external_id"])

    async def thread_of(self, person: str) -> str:
        found = await self.mongo["conversations"].find_one({"external_id": person})
        assert found is not None
        return str(found["_id"])

    # Calling the gateway

    async def graph(
        self, method: str, path: str, body: Json | None = None, **options: Any
    ) -> tuple[int, Any]:
        """Status and JSON of a call with the program's token."""
        query = {"access_token": options.pop("token", TOKEN), **options.pop("query", {})}
        url = f"{self.url}/messenger/{path}"
        if body is not None:
            options["json"] = body
        async with self.session.request(method, url, params=query, **options) as answer:
            return answer.status, await answer.json()

    async def send(self, person: str, message: Json, **more: Any) -> Json:
        """Send a message, deliver it; the answer, which is a success."""
        body = {"recipient": {"id": person}, "messaging_type": "RESPONSE", "message": message}
        status, answer = await self.graph("POST", "v21.0/me/messages", {**body, **more})
        assert status == 200, answer
        await self.deliver_all()
        assert isinstance(answer, dict)
        return answer

    async def refused(
        self, method: str, path: str, body: Json | None = None, **options: Any
    ) -> Json:
        """The error of a call that is refused, with its HTTP status beside it."""
        status, answer = await self.graph(method, path, body, **options)
        assert set(answer) == {"error"}, answer
        return {"status": status, **answer["error"]}

    # Events out

    async def event(self, type_: EventType, message_id: str | None = None, **data: Any) -> Event:
        """An event as the core makes it."""
        self._events += 1
        told: Json = dict(data)
        conversation_id = data.pop("conversation_id", None)
        told.pop("conversation_id", None)
        if message_id is not None:
            message = await self.kept(message_id)
            conversation_id = message["conversation_id"]
            conversation = await self.conversation_of(conversation_id)
            told["message"] = message_view(message, conversation=conversation)
            told["conversation"] = conversation_view(
                conversation, customer=None, now=self.clock.now()
            )
        return Event(
            id=f"event{self._events}",
            type=type_,
            at=self.clock.now(),
            bot_id="bot1",
            stream_id=conversation_id or "customer",
            sequence=self._events,
            conversation_id=conversation_id,
            customer_id=told.pop("customer_id", None),
            data=told,
        )


def proof_of(token: str) -> str:
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


async def _file(request: web.Request) -> web.Response:
    if request.match_info["name"] == "gone.jpg":
        return web.Response(status=404)
    if request.match_info["name"].endswith(".mp4"):
        return web.Response(body=b"\x00\x00\x00\x18ftypmp42" + bytes(64), content_type="video/mp4")
    return web.Response(body=PNG, content_type="image/png")


@asynccontextmanager
async def gateway_world(
    mongo: Mongo, clock: FixedClock, folder: Path
) -> AsyncIterator[GatewayWorld]:
    """Everything running; `files_url` is a web site with pictures."""
    world = GatewayWorld(mongo, clock, folder)
    await world.connect(channel="zalo", account=OA)
    await world.connect(channel="facebook", account="page1")
    site, application = web.Application(), web.Application(client_max_size=5 * 1024 * 1024)
    site.router.add_get("/{name}", _file)
    async with TestServer(site, host="127.0.0.1") as files, ClientSession() as session:
        remote = MediaClient(MediaFetchConfig(allow_hosts=[f"127.0.0.1:{files.port}"]))
        world.gateway = MessengerGateway(
            GatewayParts(
                mongo=mongo,
                clock=clock,
                tokens=world.directory,
                automations=world.directory,
                control=world.directory,
                replies=world.replies,
                reads=ConversationReads(mongo),
                signals=world.signals,
                uploads=world.uploads,
                links=media_links(clock),
                base_url=HOST,
                remote=remote,
            )
        )
        world.gateway.register(application)
        try:
            async with TestServer(application, host="127.0.0.1") as server:
                world.url = str(server.make_url("/")).rstrip("/")
                world.files_url = str(files.make_url("/")).rstrip("/")
                world.session = session
                yield world
        finally:
            await remote.close()
