"""The simulated platforms with an inbox beside them that only checks signatures and remembers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from app.demo.accounts import FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA
from app.demo.answering import SILENT, Habits
from app.demo.apps import Apps
from app.demo.courier import Pace
from app.demo.servers import PlatformUrls, Setting, SimulatedPlatforms
from channels.events import AnyEvent
from channels.facebook.parser import parse as parse_facebook
from channels.facebook.signature import check_signature as check_facebook
from channels.zalo.parser import parse as parse_zalo
from channels.zalo.signature import check_signature as check_zalo
from inbox.clock import FixedClock
from tests.demo_bodies import NOON

PAGE = FACEBOOK_PAGE.account_id
INSTAGRAM = INSTAGRAM_ACCOUNT.account_id
OA = ZALO_OA.account_id
PSID, OTHER_PSID = "7312094485501276", "7312094485501277"
ZALO_USER = "7205934418860273519"
APPS = Apps.for_tests(7)

Json = dict[str, Any]


@dataclass
class Inbox:
    """Answers webhooks as our server does, and keeps what they said in order of arrival.

    `log` also takes marks of the test: what came before what.
    """

    events: list[AnyEvent] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        now = NOON
        if request.match_info["platform"] == "zalo":
            header = request.headers.get("X-ZEvent-Signature")
            keys = [APPS.zalo_oa_secret_key.encode()]
            check_zalo(body, header, app_id=APPS.zalo_app_id, oa_secret_keys=keys)
            parsed = parse_zalo(body, known_oa_ids={OA}, received_at=now)
        else:
            header = request.headers.get("X-Hub-Signature-256")
            check_facebook(body, header, [APPS.facebook_app_secret.encode()])
            own = APPS.facebook_app_id
            parsed = parse_facebook(body, own_app_id=own, received_at=now)
        self.bodies.append(json.loads(body))
        self.events += parsed.events
        self.log += [event.type for event in parsed.events]
        return web.Response(text="ok")

    def of(self, kind: str) -> list[Any]:
        """The events of one type."""
        return [event for event in self.events if event.type == kind]


@dataclass
class Simulated:
    """Running platforms, an inbox, and a client that calls as our server does."""

    platforms: SimulatedPlatforms
    urls: PlatformUrls
    inbox: Inbox
    session: ClientSession
    clock: FixedClock

    @property
    def page_token(self) -> str:
        return self.platforms.credentials(FACEBOOK_PAGE)["access_token"]

    @property
    def oa_token(self) -> str:
        return self.platforms.credentials(ZALO_OA)["access_token"]

    async def graph(
        self, method: str, path: str, *, token: str | None = None, **arguments: Any
    ) -> tuple[int, Any]:
        """Call the Graph API; status and JSON of the answer."""
        headers = {"Authorization": f"Bearer {self.page_token if token is None else token}"}
        url = f"{self.urls.graph_url}/v26.0/{path}"
        async with self.session.request(method, url, headers=headers, **arguments) as answer:
            self.inbox.log.append("answer")
            return answer.status, await answer.json(content_type=None)

    async def send(self, text: str, to: str = PSID, **more: Any) -> tuple[int, Any]:
        """Send a text on Messenger; `more` are further fields of the body."""
        message = {"text": text, **more.pop("message", {})}
        body = {"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": message, **more}
        return await self.graph("POST", f"{PAGE}/messages", json=body)

    async def zalo(
        self, method: str, path: str, *, token: str | None = None, **arguments: Any
    ) -> Any:
        """Call the OpenAPI; the JSON of the answer, which is always 200."""
        headers = {"access_token": self.oa_token if token is None else token}
        headers |= arguments.pop("headers", {})
        url = f"{self.urls.zalo_url}/{path}"
        async with self.session.request(method, url, headers=headers, **arguments) as answer:
            self.inbox.log.append("answer")
            assert answer.status == 200
            return await answer.json()

    async def zalo_send(self, text: str, to: str = ZALO_USER, **more: Any) -> Any:
        """Send a text as the OA; `more` are further fields of the message."""
        body = {"recipient": {"user_id": to}, "message": {"text": text, **more}}
        return await self.zalo("POST", "v3.0/oa/message/cs", json=body)

    async def oauth(self, **form: str) -> Any:
        """Ask Zalo's OAuth for a pair."""
        async with self.session.post(
            f"{self.urls.oauth_url}/v4/oa/access_token",
            data={"app_id": APPS.zalo_app_id, **form},
            headers={"secret_key": APPS.zalo_app_secret},
        ) as answer:
            assert answer.status == 200
            return await answer.json()


async def no_wait(_: float) -> None:
    """The next thing may happen at once."""
    await asyncio.sleep(0)


@asynccontextmanager
async def simulated(
    clock: FixedClock, *, habits: Habits = SILENT, fault_pace: Pace = no_wait
) -> AsyncIterator[Simulated]:
    """Start everything; the customers of this module have just written."""
    inbox = Inbox()
    application = web.Application()
    application.router.add_post("/webhooks/{platform}", inbox.receive)
    setting = Setting(
        apps=APPS, clock=clock, seed=7, pace=no_wait, fault_pace=fault_pace, habits=habits
    )
    async with (
        TestServer(application, host="127.0.0.1") as server,
        SimulatedPlatforms(setting) as platforms,
        ClientSession() as session,
    ):
        await platforms.deliver_to(str(server.make_url("/")))
        platforms.webhooks.echoes = "before"
        for account_id, customer_id in ((PAGE, PSID), (PAGE, OTHER_PSID), (OA, ZALO_USER)):
            platforms.meet(account_id, customer_id, "Lê Minh Châu")
            platforms.customer_writes(account_id, customer_id)
        yield Simulated(platforms, platforms.urls, inbox, session, clock)
