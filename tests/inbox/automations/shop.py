"""A running service with one bot of a page and an OA, an automation, and its receiver."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from app.parts import Parts
from inbox.clock import FixedClock
from inbox.conversations.model import Channel
from inbox.ids import conversation_key
from inbox.mongo.client import Mongo
from inbox.ports import Messenger
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.inbox.automations.receiver import Receiver, running_receiver
from tests.ingest import FACEBOOK_PAGE
from tests.service import OWNER, PASSWORD, RunningService, service_with_bot
from tests.waiting import until

SETTINGS = {
    "inbox.automation.allow_private": True,
    "inbox.automation.first_retry_after": "PT0.05S",
    "inbox.automation.longest_retry_after": "PT0.2S",
}


BUSY = 503


@dataclass
class Answer:
    status: int
    json: Any


@dataclass
class Shop:
    """`token` is the automation's; people sign in as the owner of the shop."""

    running: RunningService
    browser: aiohttp.ClientSession
    mongo: Mongo
    clock: FixedClock
    platform: FakePlatform
    receiver: Receiver
    bot_id: str = ""
    automation: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    staff: dict[str, str] = field(default_factory=dict)
    said: int = 0

    async def sign_in(self) -> None:
        body = {"email": OWNER, "password": PASSWORD}
        answer = await self.call("POST", "/session", body)
        assert answer.status == 200, answer.json
        self.staff = {"X-CSRF-Token": answer.json["csrf_token"]}
        self.bot_id = (await self.call("GET", "/bots")).json["items"][0]["id"]

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> Answer:
        """By the owner, or with a token; `path` without /api/v1."""
        headers = self.staff if token is None else {"Authorization": f"Bearer {token}"}
        headers = {**headers, "If-Match": "*"}
        client = self.browser if token is None else self.running.session
        url = f"{self.running.url}/api/v1{path}"
        async with client.request(method, url, json=body, headers=headers) as response:
            text = await response.text()
            return Answer(response.status, json.loads(text) if text else None)

    async def automate(self, **fields: Any) -> dict[str, Any]:
        """Make an automation that is told everything at the receiver."""
        body = {"name": "Trợ lý", "url": self.receiver.url, **fields}
        answer = await self.call("POST", f"/bots/{self.bot_id}/automations", body)
        assert answer.status == 201, answer.json
        self.automation, self.token = answer.json["automation"], answer.json["token"]
        self.receiver.secrets.append(answer.json["secret"])
        await self.running.service.directory.refresh()
        made: dict[str, Any] = self.automation
        return made

    async def split(self, *member_ids: str) -> None:
        """Have the bot split its conversations among these people."""
        body = {"member_ids": list(member_ids), "split": {"enabled": True}}
        answer = await self.call("PATCH", f"/bots/{self.bot_id}", body)
        assert answer.status == 200, answer.json
        await self.running.service.directory.refresh()

    async def customer_says(self, person: str, text: str, **message: Any) -> str:
        """A Facebook customer writes; the id of the conversation."""
        self.said += 1
        at = int(self.clock.now().timestamp() * 1000) + self.said
        event = {
            "sender": {"id": person},
            "recipient": {"id": FACEBOOK_PAGE},
            "timestamp": at,
            "message": {"mid": f"m_{person}_{self.said}", "text": text, **message},
        }
        await self.webhook(at, event)
        return self.thread(person)

    async def webhook(self, at: int, event: dict[str, Any]) -> None:
        entry = {"id": FACEBOOK_PAGE, "time": at, "messaging": [event]}
        assert await self.running.post_facebook({"object": "page", "entry": [entry]}) == 200

    def thread(self, person: str) -> str:
        return conversation_key("facebook", FACEBOOK_PAGE, "inbox", person)

    async def automation_says(self, thread: str, text: str, client_id: str = "c1") -> Answer:
        return await self._say(thread, text, client_id, self.token)

    async def staff_says(self, thread: str, text: str, client_id: str = "s1") -> Answer:
        return await self._say(thread, text, client_id, None)

    async def _say(self, thread: str, text: str, client_id: str, token: str | None) -> Answer:
        """Again while the service is busy, as every client may: it is said once."""
        body = {"client_id": client_id, "text": text}
        path = f"/conversations/{thread}/messages"
        while (answer := await self.call("POST", path, body, token=token)).status == BUSY:
            pass
        return answer

    async def messages(self, thread: str) -> list[dict[str, Any]]:
        """As they are stored, in their order."""
        query = {"conversation_id": thread, "at": {"$type": "date"}}
        return await self.mongo["messages"].find(query).sort("seq", 1).to_list()

    async def told(self, *texts: str) -> None:
        """Wait until the receiver was told that customers said this."""
        await until(lambda: set(texts) <= set(self.receiver.texts()))


@asynccontextmanager
async def a_shop(
    mongo: Mongo, mongo_uri: str, data: Path, clock: FixedClock, **settings: Any
) -> AsyncIterator[Shop]:
    """The loops run on the real time; `clock` says what time it is."""
    platform = FakePlatform()
    messengers: dict[Channel, Messenger] = {
        "facebook": FakeMessenger(platform),
        "zalo": FakeMessenger(platform),
    }
    parts = Parts(clock=clock, messengers=messengers)
    overrides = {**SETTINGS, **settings}
    async with (
        running_receiver() as receiver,
        service_with_bot(mongo, mongo_uri, data, parts, overrides=overrides) as running,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
    ):
        shop = Shop(running, browser, mongo, clock, platform, receiver)
        await shop.sign_in()
        yield shop
