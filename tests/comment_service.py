"""The whole service with simulated platforms, where customers comment under the shop's posts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr

from app.demo.accounts import account_of
from app.demo.apps import Apps
from app.demo.people import people_of
from app.demo.servers import Setting, SimulatedPlatforms
from app.demo.setup import setup
from app.demo.world import Comment
from app.parts import Parts
from app.serving import WEB_BUILD, listening_socket, running, url_of, with_platforms
from app.settings import load_settings
from inbox.clock import FixedClock
from inbox.conversations.model import Channel
from inbox.ids import conversation_key, message_key
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor, Scope
from inbox.staff.service import NewStaff
from tests.demo_bodies import SECRETS
from tests.simulated import no_wait
from tests.waiting import until

_OWNER = Actor(id="setup", name="setup", role="owner")
_STRANGER = NewStaff(name="Lạ", email="la@other.example", password="mat-khau-dai", role="sale")


@dataclass(frozen=True, slots=True)
class Answered:
    """Status and JSON of an answer of the API."""

    status: int
    json: Any


@dataclass
class CommentService:
    """`mine` and `elsewhere` are the sign-ins of an owner and of somebody of another shop."""

    platforms: SimulatedPlatforms
    session: ClientSession
    url: str
    mine: str
    elsewhere: str
    mongo: Mongo
    clock: FixedClock

    async def call(
        self, method: str, path: str, body: Any = None, *, as_: str | None = None, **headers: str
    ) -> Answered:
        token = {"Authorization": f"Bearer {as_ or self.mine}"}
        async with self.session.request(
            method, f"{self.url}/api/v1/{path}", json=body, headers=token | headers
        ) as answer:
            return Answered(answer.status, await answer.json())

    async def comments(
        self,
        text: str,
        *,
        channel: Channel = "facebook",
        under: Comment | None = None,
        person: int = 0,
    ) -> Comment:
        """A customer comments; returns when the inbox has it."""
        account, by = account_of(channel), people_of(channel)[person]
        comment = self.platforms.customer_comments(
            account.account_id, by, text, under=under.id if under else None
        )
        await self.platforms.settle()
        await until(lambda: self.has(self.id_of(comment)))
        self.clock.advance(timedelta(seconds=1))
        return comment

    async def elsewhere_hides(self, comment: Comment, *, hidden: bool) -> None:
        """Somebody of the page hides a comment in the platform's own tool, a second later."""
        page = self.platforms.graph.pages.of_account(comment.account_id)
        assert page is not None
        self.clock.advance(timedelta(seconds=1))
        told = self.platforms.comments.change(page, comment.id, {"is_hidden": hidden})
        self.platforms.webhooks.post(told.echoes)
        await self.platforms.settle()

    async def has(self, message_id: str) -> bool:
        query = {"_id": message_id, "at": {"$type": "date"}}
        return await self.mongo["messages"].find_one(query) is not None

    def channel_of(self, comment: Comment) -> Channel:
        return self.platforms.world.accounts[comment.account_id].channel

    def id_of(self, comment: Comment) -> str:
        return message_key(self.channel_of(comment), comment.account_id, comment.id)

    def thread_of(self, comment: Comment) -> str:
        channel = self.channel_of(comment)
        return conversation_key(channel, comment.account_id, "comment", comment.root_id)

    def inbox_of(self, comment: Comment, person_id: str) -> str:
        channel = self.channel_of(comment)
        return conversation_key(channel, comment.account_id, "inbox", person_id)

    async def says(self, comment: Comment, text: str, **fields: Any) -> Answered:
        """Answer in the thread of a comment."""
        body = {"client_id": f"c:{text}", "text": text, **fields}
        return await self.call("POST", f"conversations/{self.thread_of(comment)}/messages", body)

    async def thread(self, conversation_id: str) -> list[Any]:
        """The messages of a conversation, the oldest first; none while there is none."""
        answer = await self.call("GET", f"conversations/{conversation_id}/messages")
        items = answer.json["items"] if answer.status == 200 else []
        return sorted(items, key=lambda item: item["seq"])

    async def message(self, comment: Comment) -> Any:
        """A comment as the API shows it."""
        found = await self.thread(self.thread_of(comment))
        return next(one for one in found if one["id"] == self.id_of(comment))

    async def becomes(self, message_id: str, conversation_id: str, status: str) -> Any:
        """Wait until a message of a conversation has this status; the message."""

        async def find() -> Any:
            found = await self.thread(conversation_id)
            return next(
                (one for one in found if one["id"] == message_id and one["status"] == status), None
            )

        async def is_there() -> bool:
            return await find() is not None

        await until(is_there)
        return await find()


@asynccontextmanager
async def comment_service(
    mongo: Mongo, mongo_uri: str, data: Path, clock: FixedClock
) -> AsyncIterator[CommentService]:
    secrets = SECRETS.model_copy(update={"media_port": 0})
    setting = Setting(apps=Apps.of(secrets), clock=clock, pace=no_wait, fault_pace=no_wait)
    async with SimulatedPlatforms(setting) as platforms:
        urls = platforms.urls
        overrides = {
            "app.data": data,
            "inbox.mongo.uri": SecretStr(mongo_uri),
            "inbox.mongo.database": mongo.db.name,
            "channels.facebook.api_url": urls.graph_url,
            "channels.zalo.api_url": urls.zalo_url,
            "channels.zalo.oauth_url": urls.oauth_url,
        }
        settings = load_settings(Path("config.yaml"), secrets.environment(), overrides)
        database = Mongo.connect(mongo_uri, mongo.db.name)
        parts = Parts(clock=clock, profiles=platforms.media, web_build=WEB_BUILD)
        listening = listening_socket("127.0.0.1", 0)
        async with (
            running(
                settings, database, listening, with_platforms(settings, database, parts)
            ) as service,
            ClientSession() as session,
        ):
            access = await setup(service.staff, service.bots, platforms.credentials)
            await platforms.deliver_to(url_of(listening))
            scopes: list[Scope] = ["read", "write"]
            mine = await service.make_token(access.email, "test", scopes, None)
            await service.staff.create(_OWNER, _STRANGER)
            elsewhere = await service.make_token(_STRANGER.email, "test", scopes, None)
            yield CommentService(
                platforms, session, url_of(listening), mine, elsewhere, mongo, clock
            )
