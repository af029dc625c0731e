"""The contract of messengers, kept by Messenger's and Instagram's on the simulated Graph API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from app.demo.accounts import FACEBOOK_PAGE, INSTAGRAM_ACCOUNT
from app.demo.faults import Fault as Trouble
from app.demo.faults import Refusal
from app.demo.media import media_content
from channels.breaker import Breakers
from channels.config import FacebookConfig
from channels.facebook.access import PageAccounts
from channels.facebook.client import GraphClient, Platform
from channels.facebook.messenger import FacebookMessenger, FacebookParts
from channels.facebook.traffic import Traffic
from channels.http import HttpClient
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from inbox.ports import AccountRef, Messenger, Recipient
from tests.channels.messenger_contract import Fault, Harness, MessengerContract
from tests.simulated import APPS, INSTAGRAM, PSID, Simulated, no_wait, simulated

IGSID = "991"
_TROUBLES: dict[Fault, Trouble | Refusal] = {
    "window_closed": Refusal(code=10, subcode=2018278),
    "refused": Refusal(code=551, subcode=1545041),
    "rate_limited": Trouble.RATE_LIMITED,
    "token_dead": Refusal(code=190, subcode=460),
    "taken_without_answer": Trouble.RESET_AFTER,
    "lost": Trouble.RESET_BEFORE,
}


class PageCredentials:
    """The token that the simulated platform gave."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    async def of(self, account_key: str) -> dict[str, str]:
        return self._values


@dataclass
class GraphHarness:
    """A messenger in front of the simulated Graph API."""

    both: Simulated
    messenger: Messenger
    account: AccountRef
    recipient: Recipient
    reads_back: bool = True

    def fail_next(self, fault: Fault) -> None:
        self.both.platforms.faults.script("send", _TROUBLES[fault])

    async def texts(self) -> list[str]:
        received = self.both.platforms.ledger.of(self.recipient.external_id)
        return [one.text for one in received if one.text is not None]

    async def files(self) -> list[bytes]:
        received = self.both.platforms.ledger.of(self.recipient.external_id)
        urls = [file.url for one in received for file in one.files if file.url is not None]
        return [await content(self.both.session, url) for url in urls]


async def content(session: ClientSession, url: str) -> bytes:
    async with session.get(url) as answer:
        return await answer.read()


async def harness_of(
    platform: Platform, mongo: Mongo, clock: FixedClock
) -> AsyncIterator[GraphHarness]:
    demo = FACEBOOK_PAGE if platform == "messenger" else INSTAGRAM_ACCOUNT
    person = PSID if platform == "messenger" else IGSID
    key = account_key(demo.channel, demo.account_id)
    async with simulated(clock) as both:
        if platform == "instagram":
            both.platforms.meet(INSTAGRAM, IGSID, "Lê Minh Châu")
            both.platforms.customer_writes(INSTAGRAM, IGSID)
        config = FacebookConfig(
            api_url=both.urls.graph_url, app_secrets=(SecretStr(APPS.facebook_app_secret),)
        )
        http = HttpClient()
        parts = FacebookParts(
            client=GraphClient(http, config),
            accounts=PageAccounts(PageCredentials(both.platforms.credentials(demo))),
            traffic=Traffic(Buckets(mongo, clock), Breakers(clock), pause=no_wait),
            clock=clock,
        )
        yield GraphHarness(
            both,
            FacebookMessenger(platform, parts),
            AccountRef(key, demo.channel, demo.account_id),
            Recipient("inbox", person),
        )
        await http.close()


class TestMessengerOfFacebook(MessengerContract):
    @pytest.fixture
    async def harness(self, mongo: Mongo, clock: FixedClock) -> AsyncIterator[Harness]:
        async for harness in harness_of("messenger", mongo, clock):
            yield harness

    @pytest.fixture
    def png(self) -> bytes:
        return media_content("ao.png")


class TestMessengerOfInstagram(MessengerContract):
    @pytest.fixture
    async def harness(self, mongo: Mongo, clock: FixedClock) -> AsyncIterator[Harness]:
        async for harness in harness_of("instagram", mongo, clock):
            yield harness

    @pytest.fixture
    def png(self) -> bytes:
        return media_content("ao.png")
