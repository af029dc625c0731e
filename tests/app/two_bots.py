"""The whole service with two bots of three accounts each, over the simulated platforms."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr

from app.demo.accounts import DemoAccount
from app.demo.apps import Apps
from app.demo.servers import Setting, SimulatedPlatforms
from app.parts import Parts
from app.serving import WEB_BUILD, listening_socket, running, url_of, with_platforms
from app.settings import load_settings
from app.wiring import Service
from inbox.bots.model import NewAccount, NewBot
from inbox.clock import FixedClock
from inbox.ids import account_key, conversation_key
from inbox.mongo.client import Document, Mongo
from inbox.staff.model import Actor, Scope
from inbox.staff.service import NewStaff
from tests.demo_bodies import SECRETS
from tests.simulated import no_wait
from tests.waiting import until

PERSON = "7312094485501276"
"""The same on every account: only the account tells the conversations apart."""
BOTS: dict[str, tuple[DemoAccount, ...]] = {
    "north": (
        DemoAccount("facebook", "109000000000701", "Trang Bắc 1"),
        DemoAccount("facebook", "109000000000702", "Trang Bắc 2"),
        DemoAccount("zalo", "4000000000000000703", "OA Bắc"),
    ),
    "south": (
        DemoAccount("facebook", "109000000000801", "Trang Nam"),
        DemoAccount("zalo", "4000000000000000802", "OA Nam 1"),
        DemoAccount("zalo", "4000000000000000803", "OA Nam 2"),
    ),
}
ACCOUNTS = tuple(account for accounts in BOTS.values() for account in accounts)
_OWNER = Actor(id="owner", name="owner", role="owner")


def bot_of(account: DemoAccount) -> str:
    return next(name for name, accounts in BOTS.items() if account in accounts)


def other_bot(account: DemoAccount) -> str:
    return next(name for name in BOTS if name != bot_of(account))


def key_of(account: DemoAccount) -> str:
    return account_key(account.channel, account.account_id)


def thread_of(account: DemoAccount) -> str:
    return conversation_key(account.channel, account.account_id, "inbox", PERSON)


@dataclass
class TwoBots:
    """`as_` of a call is the name of a bot (one of its sales) or "owner"."""

    service: Service
    platforms: SimulatedPlatforms
    session: ClientSession
    url: str
    mongo: Mongo
    clock: FixedClock
    bot_ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    async def call(self, as_: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[as_]}"}
        url = f"{self.url}/api/v1/{path}"
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def customer_writes(self, account: DemoAccount, text: str) -> None:
        """Somebody writes to an account; returns when the inbox has it."""
        self.clock.advance(timedelta(seconds=1))
        self.platforms.customer_writes(account.account_id, PERSON, text)
        await self.platforms.settle()
        await until(lambda: self._has(account, text))

    async def _has(self, account: DemoAccount, text: str) -> bool:
        return text in await self.texts(account)

    async def texts(self, account: DemoAccount) -> list[str]:
        """What stands in the conversation of an account, the oldest first."""
        query = {"conversation_id": thread_of(account), "at": {"$type": "date"}}
        found = await self.mongo["messages"].find(query).sort("seq", 1).to_list()
        return [one["text"] for one in found]

    async def reply(self, account: DemoAccount, text: str, *, as_: str | None = None) -> int:
        """Answer in the conversation of an account; the status of the API's answer."""
        self.clock.advance(timedelta(seconds=1))
        path = f"conversations/{thread_of(account)}/messages"
        body = {"client_id": f"{account.account_id} {text}", "text": text}
        status, _ = await self.call(as_ or bot_of(account), "POST", path, body)
        return status

    async def states(self, account: DemoAccount, text: str) -> list[str]:
        query = {"conversation_id": thread_of(account), "text": text}
        return [one["status"] async for one in self.mongo["messages"].find(query)]

    async def becomes(self, account: DemoAccount, text: str, status: str) -> None:
        async def has_become() -> bool:
            states = await self.states(account, text)
            done = {"sent", "delivered", "read"} if status == "sent" else {status}
            return len(states) == 1 and states[0] in done

        await until(has_become)

    def received(self, account: DemoAccount) -> list[str | None]:
        """What the customer got from an account."""
        return [one.text for one in self.platforms.ledger.of(PERSON, account.account_id)]

    async def account(self, account: DemoAccount) -> Document:
        found = await self.mongo["accounts"].find_one({"_id": key_of(account)})
        assert found is not None
        return found

    async def health(self, account: DemoAccount) -> str:
        state: str = (await self.account(account))["health"]["state"]
        return state

    async def visible_to(self, as_: str) -> set[str]:
        """Platform ids of the accounts whose conversations somebody sees."""
        status, page = await self.call(as_, "GET", "conversations?limit=100")
        assert status == 200
        return {one["account_id"] for one in page["items"]}

    async def notices(self, as_: str) -> list[tuple[str, str]]:
        """Kind and account of each notice about an account."""
        _, page = await self.call(as_, "GET", "notices")
        return [
            (one["kind"], one["account"]["account_id"]) for one in page["items"] if one["account"]
        ]

    def kill_token(self, account: DemoAccount) -> None:
        if account.channel == "zalo":
            self.platforms.zalo.tokens.kill(account.account_id)
        else:
            self.platforms.graph.pages.kill(account.account_id)


@asynccontextmanager
async def two_bots(
    mongo: Mongo, mongo_uri: str, data: Path, clock: FixedClock
) -> AsyncIterator[TwoBots]:
    """Everything running, and one conversation with the same person on each account."""
    secrets = SECRETS.model_copy(update={"media_port": 0})
    setting = Setting(
        apps=Apps.of(secrets), clock=clock, accounts=ACCOUNTS, pace=no_wait, fault_pace=no_wait
    )
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
        wired = with_platforms(settings, database, parts)
        async with (
            running(settings, database, listening, wired) as service,
            ClientSession() as session,
        ):
            made = TwoBots(service, platforms, session, url_of(listening), mongo, clock)
            await _people_and_bots(made)
            await platforms.deliver_to(made.url)
            for account in ACCOUNTS:
                platforms.meet(account.account_id, PERSON, "Lê Minh Châu")
                await made.customer_writes(account, f"Chào {account.name}")
            yield made


async def _people_and_bots(made: TwoBots) -> None:
    service, scopes = made.service, list[Scope](["read", "write", "admin"])
    root = await service.staff.ensure_first_admin("owner@shop.example", "mat-khau-that-dai")
    assert root is not None
    made.tokens["owner"] = await service.make_token(root.email, "test", scopes, None)
    for name, accounts in BOTS.items():
        email = f"{name}@shop.example"
        wanted = NewStaff(name=name, email=email, password="mat-khau-that-dai", role="sale")
        sale = await service.staff.create(_OWNER, wanted)
        found = await service.bots.create(
            None,
            NewBot(
                name=name,
                member_ids=(sale.id,),
                accounts=tuple(
                    NewAccount(
                        channel=account.channel,
                        account_id=account.account_id,
                        name=account.name,
                        credentials=made.platforms.credentials(account),
                    )
                    for account in accounts
                ),
            ),
        )
        made.bot_ids[name] = found.bot.id
        made.tokens[name] = await service.make_token(email, "test", scopes, None)
