"""The contract of messengers, kept by the one in memory."""

import pytest

from inbox.ports import (
    AccountRef,
    AccountUnusable,
    Recipient,
    SendError,
    SendRefused,
    SendUnavailable,
    WindowClosed,
)
from tests.channels.messenger_contract import Fault, MessengerContract
from tests.fake_messenger import FakeMessenger, FakePlatform, Silence

_FAULTS: dict[Fault, SendError | Silence] = {
    "window_closed": WindowClosed(),
    "refused": SendRefused(),
    "rate_limited": SendUnavailable(retry_after_s=1),
    "token_dead": AccountUnusable(),
    "taken_without_answer": "taken",
    "lost": "lost",
}


class FakeHarness:
    """The messenger in memory."""

    def __init__(self) -> None:
        self.platform = FakePlatform()
        self.messenger = FakeMessenger(self.platform)
        self.account = AccountRef("key", "facebook", "page")
        self.recipient = Recipient("inbox", "hoa")
        self.reads_back = True

    def fail_next(self, fault: Fault) -> None:
        self.platform.faults.append(_FAULTS[fault])

    async def texts(self) -> list[str]:
        return [one.text for one in self.platform.taken if one.text is not None]

    async def files(self) -> list[bytes]:
        taken = self.platform.taken
        return [one.content.encode() for one in taken if one.content is not None]


class TestMessengerInMemory(MessengerContract):
    @pytest.fixture
    def harness(self) -> FakeHarness:
        return FakeHarness()

    @pytest.fixture
    def png(self) -> bytes:
        return b"a picture"
