"""The contract of messengers, kept by Zalo's on the simulated OpenAPI."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from app.demo.accounts import ZALO_OA
from app.demo.faults import Fault as Trouble
from app.demo.faults import Refusal
from app.demo.media import media_content
from channels.config import ZaloConfig
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.ports import AccountRef, Messenger, Recipient
from tests.channels.messenger_contract import Fault, Harness, MessengerContract
from tests.channels.zalo.zalo_oa import connect, working
from tests.simulated import APPS, OA, ZALO_USER, Simulated, simulated

KEY = account_key("zalo", OA)
_TROUBLES: dict[Fault, Trouble | Refusal] = {
    "window_closed": Refusal(code=-230),
    "refused": Refusal(code=-244),
    "rate_limited": Trouble.RATE_LIMITED,
    "taken_without_answer": Trouble.RESET_AFTER,
    "lost": Trouble.RESET_BEFORE,
}


@dataclass
class ZaloHarness:
    """A messenger in front of the simulated OpenAPI."""

    both: Simulated
    messenger: Messenger
    account: AccountRef = field(default_factory=lambda: AccountRef(KEY, "zalo", OA))
    recipient: Recipient = field(default_factory=lambda: Recipient("inbox", ZALO_USER))
    reads_back: bool = True

    def fail_next(self, fault: Fault) -> None:
        if fault == "token_dead":  # one that only expired would be refreshed on the way
            self.both.platforms.zalo.tokens.kill(OA)
            return
        self.both.platforms.faults.script("send", _TROUBLES[fault])

    async def texts(self) -> list[str]:
        return self.both.platforms.ledger.texts(ZALO_USER)

    async def files(self) -> list[bytes]:
        received = self.both.platforms.ledger.of(ZALO_USER)
        urls = [file.url for one in received for file in one.files if file.url is not None]
        contents = []
        for url in urls:
            async with self.both.session.get(url) as answer:
                contents.append(await answer.read())
        return contents


class TestMessengerOfZalo(MessengerContract):
    @pytest.fixture
    async def harness(self, mongo: Mongo, clock: FixedClock) -> AsyncIterator[Harness]:
        async with simulated(clock) as both:
            await connect(mongo, clock, oa_id=OA, **both.platforms.credentials(ZALO_OA))
            config = ZaloConfig(
                app_id=APPS.zalo_app_id,
                app_secret=SecretStr(APPS.zalo_app_secret),
                api_url=both.urls.zalo_url,
                oauth_url=both.urls.oauth_url,
            )
            async with working(mongo, clock, config) as oa:
                yield ZaloHarness(both, oa.messenger)

    @pytest.fixture
    def png(self) -> bytes:
        return media_content("ao.png")
