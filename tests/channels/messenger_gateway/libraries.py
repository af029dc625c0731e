"""A shop on Zalo whose customers talk with a program that was written for Messenger by others.

The program runs as its own process with its own web server; nothing of it is changed but its
settings. Everything between is the real service.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.parts import Parts
from channels.config import MediaFetchConfig
from channels.media.client import MediaClient
from channels.messenger_gateway.errors import WebhookNotVerified
from channels.messenger_gateway.verifying import verify_webhook
from inbox.clock import FixedClock
from inbox.conversations.model import IdentityRef
from inbox.ids import conversation_key
from inbox.mongo.client import Mongo
from inbox.ports import Profile
from tests.channels.messenger_gateway.gateway_world import PNG
from tests.channels.messenger_gateway.phones import FacebookPhone, Shown, ZaloPhone
from tests.ingest import ZALO_OA
from tests.service import OWNER, PASSWORD, ZALO_APP_ID, RunningService, service_with_bot
from tests.waiting import until

LAN = "7205934418860273519"
APP_SECRET = "a secret of the program"
VERIFY_TOKEN = "a word"
_STARTS_WITHIN_S = 60.0
_SETTINGS = {
    "inbox.automation.allow_private": True,
    "inbox.automation.first_retry_after": "PT0.05S",
    "inbox.automation.longest_retry_after": "PT0.2S",
    "app.public_url": "https://chat.shop.vn",
}
Json = dict[str, Any]


class Names:
    """Implements ProfileSource: everybody is Lan."""

    async def fetch(self, identity: IdentityRef) -> Profile:
        return Profile("Nguyễn Thị Lan")


@dataclass(frozen=True, slots=True)
class Program:
    """How a program is started, and where its webhook is."""

    command: Sequence[str]
    folder: Path
    path: str


@dataclass
class MessengerShop:
    """The running service, the phone of its customer, and the program's process."""

    running: RunningService
    mongo: Mongo
    clock: FixedClock
    phone: ZaloPhone
    picture_url: str
    log: Path
    said: int = 0

    @property
    def thread(self) -> str:
        return conversation_key("zalo", ZALO_OA, "inbox", LAN)

    async def customer_says(self, text: str) -> None:
        """Lan writes on Zalo."""
        message = {"msg_id": f"z{self.said}", "text": text}
        parties = {"sender": {"id": LAN}, "recipient": {"id": ZALO_OA}}
        await self._webhook(event_name="user_send_text", message=message, **parties)

    async def customer_follows(self) -> None:
        """Lan presses "Quan tâm" on the page of the OA."""
        follower = {"oa_id": ZALO_OA, "follower": {"id": LAN}, "source": "oa_profile"}
        await self._webhook(event_name="follow", **follower)

    async def _webhook(self, **event: Any) -> None:
        self.said += 1
        at = int(self.clock.now().timestamp() * 1000) + self.said
        body = {"app_id": ZALO_APP_ID, "user_id_by_app": "5518273906641827305", **event}
        assert await self.running.post_zalo({**body, "timestamp": str(at)}) == 200

    async def customer_presses(self, title: str) -> None:
        """Zalo writes in her name what the button of this title holds."""
        await self.customer_says(self.phone.written[title])

    async def shown(self, count: int) -> list[Shown]:
        """Wait until her phone shows so many messages; those since the last look."""
        try:
            await until(lambda: len(self.phone.shown) >= count)
        except TimeoutError:
            raise AssertionError(f"{self.phone.shown}\n{_read(self.log)}") from None
        assert len(self.phone.shown) == count
        return self.phone.shown

    async def conversation(self) -> Json:
        found = await self.mongo["conversations"].find_one({"_id": self.thread})
        assert found is not None
        return found

    async def staff(self, method: str, path: str, body: Json | None = None) -> Json:
        """A call of the owner, who signs in for it; `path` without /api/v1."""
        api = f"{self.running.url}/api/v1"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            sign_in = {"email": OWNER, "password": PASSWORD}
            async with browser.post(f"{api}/session", json=sign_in) as answer:
                headers = {"X-CSRF-Token": (await answer.json())["csrf_token"]}
            async with browser.request(
                method, f"{api}{path}", json=body, headers=headers
            ) as answer:
                told: Json = await answer.json()
                assert answer.status < 300, told
                return told

    async def check(self) -> Json:
        """What an admin is told who asks whether the program is there."""
        one = await self.mongo["automations"].find_one({})
        assert one is not None
        path = f"/bots/{one['bot_id']}/automations/{one['_id']}/check"
        return await self.staff("POST", path)

    async def automate(self, url: str) -> str:
        """Connect the program as an admin does; its access token."""
        bot_id = (await self.staff("GET", "/bots"))["items"][0]["id"]
        body = {
            "name": "Trợ lý Messenger",
            "kind": "messenger",
            "url": url,
            "answers": True,
            "page_id": "1000200030004000",
            "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
        }
        made = await self.staff("POST", f"/bots/{bot_id}/automations", body)
        await self.running.service.directory.refresh()
        return str(made["token"])


class ProgramEnded(Exception):
    """It ended before it answered; the text is its log."""


class WebhookGet:
    """Asks a program's server as an admin's look does."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str) -> tuple[int, bytes]:
        try:
            async with self._session.get(url) as answer:
                return answer.status, await answer.read()
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from error


@asynccontextmanager
async def a_messenger_shop(
    mongo: Mongo, mongo_uri: str, folder: Path, clock: FixedClock
) -> AsyncIterator[MessengerShop]:
    """A shop whose customer has written once, so that her name is known."""
    phone, site = ZaloPhone(), web.Application()
    site.router.add_get("/ao.png", _picture)
    async with TestServer(site, host="127.0.0.1") as pictures:
        remote = MediaClient(MediaFetchConfig(allow_hosts=[f"127.0.0.1:{pictures.port}"]))
        parts = Parts(
            clock=clock,
            messengers={"zalo": phone, "facebook": FacebookPhone()},
            profiles=Names(),
            remote=remote,
        )
        try:
            async with service_with_bot(
                mongo, mongo_uri, folder, parts, overrides=_SETTINGS
            ) as running:
                url = str(pictures.make_url("/ao.png"))
                shop = MessengerShop(running, mongo, clock, phone, url, folder / "program.log")
                await shop.customer_says("Alo")
                await until(lambda: _is_named(mongo))
                yield shop
        finally:
            await remote.close()


@asynccontextmanager
async def program_of(shop: MessengerShop, program: Program) -> AsyncIterator[None]:
    """Connect a program and run it until the end; it has answered Meta's challenge."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}{program.path}"
    variables = {
        "MESSENGER_ACCESS_TOKEN": await shop.automate(url),
        "MESSENGER_APP_ID": "1",
        "MESSENGER_APP_SECRET": APP_SECRET,
        "MESSENGER_VERIFY_TOKEN": VERIFY_TOKEN,
        "MESSENGER_ORIGIN": f"{shop.running.url}/messenger",
        "PICTURE_URL": shop.picture_url,
        "PORT": str(port),
        "NODE_ENV": "production",
        "NO_UPDATE_NOTIFIER": "1",
        "PYTHONUNBUFFERED": "1",
    }
    with shop.log.open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *program.command,
            cwd=program.folder,
            env=_environment(variables),
            stdout=log,
            stderr=log,
        )
        try:
            await _verified(process, url, shop.log)
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _verified(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    """Its webhook gives a challenge back as soon as it runs."""
    async with aiohttp.ClientSession() as session:
        webhook = WebhookGet(session)

        async def is_up() -> bool:
            if process.returncode is not None:
                raise ProgramEnded(_read(log))
            try:
                await verify_webhook(webhook, url, VERIFY_TOKEN, "1158201444")
            except WebhookNotVerified as error:
                if error.reason == "unreachable":
                    return False
                raise
            return True

        await until(is_up, within_s=_STARTS_WITHIN_S)


def _read(log: Path) -> str:
    return log.read_text()


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ.get(name, "") for name in ("PATH", "HOME", "PYTHONPATH")}  # noqa: TID251 - of the child
    return {**inherited, **variables}


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


async def _is_named(mongo: Mongo) -> bool:
    return await mongo["customers"].find_one({"name": "Nguyễn Thị Lan"}) is not None


async def _picture(_: web.Request) -> web.Response:
    return web.Response(body=PNG, content_type="image/png")
