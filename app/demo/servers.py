"""The simulated platforms as servers on loopback, in this process or as one of their own.

`python -m app.demo.servers --port-file F --seed N` prints one line of JSON (and writes it to F):
the addresses, the apps with their secrets, the accounts with their credentials. It runs until a
signal, or until its standard input ends when `--until-eof` is given.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Self

from aiohttp import web

from app.demo.accounts import ACCOUNTS, DemoAccount
from app.demo.admin import Admin
from app.demo.answering import SILENT, Answering, Habits
from app.demo.apps import Apps
from app.demo.courier import Pace
from app.demo.delivery import Delivery
from app.demo.faults import Faults
from app.demo.graph.attachments import Attachments
from app.demo.graph.comments import Comments
from app.demo.graph.login import Login
from app.demo.graph.messages import Messages
from app.demo.graph.pages import Pages
from app.demo.graph.reading import Reading
from app.demo.graph_api import GraphApi, GraphParts
from app.demo.ledger import Ledger
from app.demo.memory import Memory
from app.demo.noting import note
from app.demo.openapi.messages import OaMessages
from app.demo.openapi.reading import OaReading
from app.demo.openapi.tokens import Tokens
from app.demo.openapi.uploads import OaUploads
from app.demo.people import Person
from app.demo.platform import SimulatedPlatform
from app.demo.reports import MetaReports, Reports, ZaloReports
from app.demo.webhooks import Webhooks
from app.demo.world import Comment, Customer, Said, World
from app.demo.zalo_openapi import OaParts, ZaloOpenApi
from inbox.clock import Clock

_LARGEST_BODY = 64 * 1024 * 1024
_STOP_WITHIN_S = 0.2
_ATTENDED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PlatformUrls:
    """Where the simulated platforms answer; without a slash at the end."""

    graph_url: str
    zalo_url: str
    oauth_url: str
    media_url: str


class PlatformSockets:
    """Bound sockets of loopback: their ports are known before anybody serves them."""

    def __init__(self) -> None:
        self.graph, self.zalo, self.oauth = (
            socket.create_server(("127.0.0.1", 0), backlog=1024) for _ in range(3)
        )

    @property
    def graph_url(self) -> str:
        return _url(self.graph)

    @property
    def zalo_url(self) -> str:
        return _url(self.zalo)

    @property
    def oauth_url(self) -> str:
        return _url(self.oauth)

    def close(self) -> None:
        for one in (self.graph, self.zalo, self.oauth):
            one.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a simulation is made with.

    `pace` waits for webhooks' retries and customers, `fault_pace` for stalls and silences.
    With `memory`, tokens and windows outlive a restart.
    """

    apps: Apps
    clock: Clock
    accounts: Sequence[DemoAccount] = ACCOUNTS
    seed: int = 1
    pace: Pace = asyncio.sleep
    fault_pace: Pace = asyncio.sleep
    media_port: int = 0
    sockets: PlatformSockets | None = None
    memory: Path | None = None
    habits: Habits = SILENT


class SimulatedPlatforms:
    """Meta and Zalo in one: `start`, talk to the addresses, look into `ledger`.

    `world` is what both know, `faults` what goes wrong, `webhooks` what the inbox is told;
    `graph.pages` and `zalo.tokens` kill and revive tokens.
    """

    def __init__(self, setting: Setting) -> None:
        apps = self.apps = setting.apps
        self.setting = setting
        self.ledger = Ledger()
        self.faults = Faults()
        self.world = World(setting.clock, setting.accounts, setting.seed)
        self.webhooks = Webhooks(self.world, self.faults, setting.pace)
        self.media = SimulatedPlatform(setting.media_port, clock=setting.clock, faults=self.faults)
        self.meta, self._zalo = MetaReports(apps), ZaloReports(apps)
        self.comments = Comments(self.world, self.ledger, self.meta)
        chance = Random(f"customers:{setting.seed}")  # noqa: S311 - chance, not secrecy
        self.answering = Answering(self.world, self.webhooks, self.reports_of, chance, setting.pace)
        self.answering.habits = setting.habits
        self.graph = self._graph()
        self.zalo = self._openapi()
        self._admin = Admin(self)
        self._memory: Memory | None = None
        self._runners: list[web.AppRunner] = []

    def _graph(self) -> GraphApi:
        pages = Pages(self.apps, self.world)
        attachments = Attachments(self.world, self.media.keep)
        messages = Messages(
            self.world, self.ledger, attachments, self.comments, self.meta, self.answering
        )
        reading = Reading(self.world, self.media.media_url)
        login = Login(self.apps, pages)
        parts = GraphParts(pages, login, messages, attachments, self.comments, reading)
        return GraphApi(parts, self.faults, self.webhooks, self.setting.fault_pace)

    def _openapi(self) -> ZaloOpenApi:
        tokens = Tokens(self.apps, self.world, self.setting.seed)
        uploads = OaUploads(self.world, self.media.keep)
        messages = OaMessages(self.world, self.ledger, uploads, self._zalo, self.answering)
        reading = OaReading(self.world, messages, self.media.media_url)
        parts = OaParts(tokens, messages, uploads, reading)
        return ZaloOpenApi(parts, self.world, self.faults, self.webhooks, self.setting.fault_pace)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> PlatformUrls:
        """Serve; webhooks wait until `deliver_to` says where the inbox is."""
        if self.setting.memory is not None:
            self._memory = Memory(self.setting.memory, self.world, self.zalo.tokens)
            self._memory.load()
        await self.media.start()
        sockets = self.setting.sockets or PlatformSockets()
        await self._serve(sockets.graph, self.graph.register)
        await self._serve(sockets.zalo, self.zalo.register)
        await self._serve(sockets.oauth, self.zalo.register_oauth)
        self.urls = PlatformUrls(
            sockets.graph_url, sockets.zalo_url, sockets.oauth_url, self.media.base_url
        )
        return self.urls

    async def stop(self) -> None:
        """What is not delivered yet is forgotten; calls under way are cut."""
        await self.answering.stop()
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()
        await self.webhooks.stop()
        await self.media.stop()
        if self._memory is not None:
            self._memory.save()

    async def settle(self) -> None:
        """Wait until the customers have done what they wanted and all webhooks have arrived."""
        await self.answering.settle()
        await self.webhooks.settle()

    async def deliver_to(self, inbox_url: str) -> None:
        """Post webhooks to the server at this address from now on."""
        await self.webhooks.deliver_to(inbox_url)

    def remember(self, delivery: Delivery) -> None:
        """A webhook that somebody else posts: what it says is known here too."""
        note(delivery, self.world)

    def attends(self, customer_id: str) -> bool:
        """Whether somebody wrote to this customer through the API a short while ago."""
        at = self.ledger.last_at.get(customer_id)
        return at is not None and self.setting.clock.now() - at < _ATTENDED_FOR

    def reports_of(self, account: DemoAccount) -> Reports:
        return self._zalo if account.channel == "zalo" else self.meta

    def credentials(self, account: DemoAccount) -> dict[str, str]:
        """What an inbox needs to act for an account."""
        if account.channel == "zalo":
            return self.zalo.tokens.pair(account.account_id).credentials()
        page = self.graph.pages.of_account(account.account_id)
        if page is None:
            return {}
        return {"access_token": self.graph.pages.token(page), "page_id": page.id}

    def customer_writes(self, account_id: str, customer_id: str, text: str | None = None) -> str:
        """A customer writes to an account: its webhook is posted; the id of the message.

        Without `text` nothing is posted and only the window opens, as if they had written
        elsewhere before; the id is "" then.
        """
        account = self.world.accounts[account_id]
        now = self.setting.clock.now()
        self.world.interacted(account_id, customer_id, now)
        if text is None:
            return ""
        is_zalo = account.channel == "zalo"
        message_id = self.world.new_hex() if is_zalo else self.world.new_mid(account.channel)
        said = Said(message_id, now, by_account=False, text=text)
        reports = self.reports_of(account)
        self.webhooks.post(reports.message(account, customer_id, said))
        return message_id

    def customer_comments(
        self, account_id: str, by: Person, text: str, *, under: str | None = None
    ) -> Comment:
        """A customer comments under a post, or under the comment `under`; a webhook tells it."""
        account = self.world.accounts[account_id]
        comment = self.comments.written(account, by, text, under)
        self.webhooks.post(self.meta.comment(account, comment, "add", comment.at))
        return comment

    def meet(self, account_id: str, customer_id: str, name: str | None = None) -> Customer:
        """Make a customer known, who has not written yet."""
        return self.world.meet(account_id, customer_id, name)

    async def _serve(
        self, listening: socket.socket, register: Callable[[web.Application], None]
    ) -> None:
        application = web.Application(client_max_size=_LARGEST_BODY)
        self._admin.register(application)
        register(application)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_STOP_WITHIN_S)
        await runner.setup()
        self._runners.append(runner)
        await web.SockSite(runner, listening).start()


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


if __name__ == "__main__":
    from app.demo.process import main

    main()
