"""The whole service before the simulated platforms, and browsers of staff who connect accounts."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientSession, CookieJar
from pydantic import SecretStr

from app.demo.accounts import FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, SPARE_ACCOUNTS, ZALO_OA
from app.demo.apps import Apps
from app.demo.servers import Setting, SimulatedPlatforms
from app.parts import Parts
from app.serving import WEB_BUILD, listening_socket, running, url_of, with_platforms
from app.settings import Settings, load_settings
from app.wiring import Service
from inbox.bots.model import NewBot
from inbox.clock import Clock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from inbox.staff.service import NewStaff
from tests.simulated import no_wait

OWNER, PASSWORD = "owner@shop.example", "mat-khau-that-dai"
PAGE, OUTLET_PAGE = FACEBOOK_PAGE.account_id, SPARE_ACCOUNTS[0].account_id
INSTAGRAM = INSTAGRAM_ACCOUNT.account_id
OA, OUTLET_OA = ZALO_OA.account_id, SPARE_ACCOUNTS[1].account_id
PAGE_KEY, OUTLET_KEY = account_key("facebook", PAGE), account_key("facebook", OUTLET_PAGE)
INSTAGRAM_KEY = account_key("instagram", INSTAGRAM)
OA_KEY = account_key("zalo", OA)
APPS = Apps.for_tests(11)
OLD_SECRET = "an-older-app-secret"
Json = dict[str, Any]


@dataclass
class Browser:
    """A browser of its own: cookies, and the CSRF token of who signed in."""

    url: str
    session: ClientSession = field(
        default_factory=lambda: ClientSession(cookie_jar=CookieJar(unsafe=True))
    )
    csrf: str = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def sign_in(self, email: str = OWNER) -> None:
        body = {"email": email, "password": PASSWORD}
        async with self.session.post(f"{self.url}/api/v1/session", json=body) as answer:
            assert answer.status == 200
            self.csrf = (await answer.json())["csrf_token"]

    async def call(self, method: str, path: str, **arguments: Any) -> tuple[int, Any]:
        """A call of the API; status and JSON of the answer."""
        headers = {"X-CSRF-Token": self.csrf, "Accept-Language": "vi"}
        headers |= arguments.pop("headers", {})
        async with self.session.request(
            method, f"{self.url}/api/v1/{path}", headers=headers, **arguments
        ) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def start(self, bot_id: str, channel: str) -> str:
        """Begin connecting; the address of the dialog."""
        status, started = await self.call(
            "POST", f"bots/{bot_id}/connect", json={"channel": channel}
        )
        assert status == 200, started
        return str(started["url"])

    async def walk(self, dialog: str, *choices: str, decision: str = "allow") -> str:
        """Tick and decide on the platform's page; where it sends the browser back to."""
        async with self.session.get(dialog) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/html"
        asked = {name: one[0] for name, one in parse_qs(urlsplit(dialog).query).items()}
        form = [*asked.items(), *(("choice", one) for one in choices), ("decision", decision)]
        bare = dialog.partition("?")[0]
        async with self.session.post(bare, data=form, allow_redirects=False) as answer:
            assert answer.status == 302
            return answer.headers["Location"]

    async def open(self, url: str) -> tuple[int, str]:
        """Follow no redirect; status, and where it leads or else the page's text."""
        async with self.session.get(url, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()

    async def granted(self, bot_id: str, channel: str, *choices: str) -> str:
        """Through the whole dialog; the id of the flow."""
        back = await self.walk(await self.start(bot_id, channel), *choices)
        status, location = await self.open(back)
        assert status == 303, location
        path, _, flow_id = location.partition("?flow=")
        assert path == "/settings/accounts"
        return flow_id

    async def finish(self, flow_id: str, *ids: str) -> dict[str, tuple[str, str | None]]:
        """Connect accounts that were found; outcome and reason by platform id."""
        status, finished = await self.call(
            "POST", f"connect-flows/{flow_id}/finish", json={"account_ids": list(ids)}
        )
        assert status == 200, finished
        return {one["account_id"]: (one["outcome"], one["reason"]) for one in finished["accounts"]}


@dataclass
class Stalls:
    """What happens while a platform stalls (Fault.STALL): `meanwhile`, once; then it answers."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def pace(self, _: float) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            await happens()


@dataclass
class ConnectWorld:
    """`bot_id` and `other_bot_id` have no accounts yet."""

    service: Service
    url: str
    platforms: SimulatedPlatforms
    mongo: Mongo
    bot_id: str
    other_bot_id: str
    owner: Actor
    stalls: Stalls

    def page_token(self, page_id: str) -> str:
        pages = self.platforms.graph.pages
        return pages.token(pages[page_id])

    async def account(self, key: str) -> Json:
        document = await self.mongo["accounts"].find_one({"_id": key})
        assert document is not None
        return document

    async def audited(self) -> list[str]:
        """Actions in the audit log, the oldest first."""
        return [one["action"] async for one in self.mongo["audit"].find().sort("_id", 1)]

    async def everything_kept(self) -> bytes:
        """All documents of the database in one: to look for what must not be there."""
        found = b""
        for name in await self.mongo.db.list_collection_names():
            async for document in self.mongo[name].find():
                found += repr(document).encode()
        return found


@asynccontextmanager
async def connect_world(
    mongo: Mongo,
    mongo_uri: str,
    data: Path,
    clock: Clock,
    *,
    public_url: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> AsyncIterator[ConnectWorld]:
    """Start the platforms and the service; nothing is connected. `overrides` are more settings."""
    accounts = (FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA, *SPARE_ACCOUNTS)
    stalls = Stalls()
    setting = Setting(
        apps=APPS, clock=clock, accounts=accounts, seed=7, pace=no_wait, fault_pace=stalls.pace
    )
    async with SimulatedPlatforms(setting) as platforms:
        for page in platforms.graph.pages:
            page.subscribed = None
        more = {"app.public_url": public_url, **(overrides or {})}
        settings = _settings(mongo, mongo_uri, data, platforms, more)
        listening = listening_socket("127.0.0.1", 0)
        database = Mongo.connect(mongo_uri, mongo.db.name)
        parts = with_platforms(settings, database, Parts(clock=clock, web_build=WEB_BUILD))
        async with running(settings, database, listening, parts) as service:
            await platforms.deliver_to(url_of(listening))
            first = await service.bots.create(None, NewBot(name="Shop Áo Khoác"))
            other = await service.bots.create(None, NewBot(name="Shop Giày"))
            owner = await service.staff.page(after=None, limit=1)
            yield ConnectWorld(
                service,
                url_of(listening),
                platforms,
                mongo,
                first.bot.id,
                other.bot.id,
                Actor(id=owner[0].id, name=owner[0].name, role="owner"),
                stalls,
            )


async def hire(world: ConnectWorld, name: str, role: Any) -> str:
    """Another member of staff; their e-mail."""
    wanted = NewStaff(name=name, email=f"{name}@shop.example", password=PASSWORD, role=role)
    return (await world.service.staff.create(world.owner, wanted)).email


def _settings(
    mongo: Mongo,
    mongo_uri: str,
    data: Path,
    platforms: SimulatedPlatforms,
    more: Mapping[str, Any],
) -> Settings:
    secrets_of_apps: Sequence[str] = (APPS.facebook_app_secret, OLD_SECRET)
    return load_settings(
        Path("config.yaml"),
        {
            "INBOX__SECRET_KEY": secrets.token_urlsafe(32),
            "INBOX__ADMIN__EMAIL": OWNER,
            "INBOX__ADMIN__PASSWORD": PASSWORD,
            "CHANNELS__FACEBOOK__APP_ID": APPS.facebook_app_id,
            "CHANNELS__FACEBOOK__APP_SECRETS": ",".join(secrets_of_apps),
            "CHANNELS__ZALO__APP_ID": APPS.zalo_app_id,
            "CHANNELS__ZALO__APP_SECRET": APPS.zalo_app_secret,
            "CHANNELS__ZALO__OA_SECRET_KEYS": APPS.zalo_oa_secret_key,
        },
        {
            "app.data": data,
            "inbox.mongo.uri": SecretStr(mongo_uri),
            "inbox.mongo.database": mongo.db.name,
            "channels.facebook.api_url": platforms.urls.graph_url,
            "channels.facebook.login_url": platforms.urls.graph_url,
            "channels.zalo.api_url": platforms.urls.zalo_url,
            "channels.zalo.oauth_url": platforms.urls.oauth_url,
            **more,
        },
    )
