"""What every Messenger must do, asked of each implementation in the same words.

An implementation comes with a `Harness`: how its platform is told to misbehave, and what the
customers got. Its test file derives from `MessengerContract` and gives the fixture `harness`.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import pytest

from inbox.ports import (
    AccountRef,
    AccountUnusable,
    Draft,
    Messenger,
    Outgoing,
    OutgoingFile,
    Part,
    Recipient,
    SendRefused,
    SendUnavailable,
    SendUncertain,
    WindowClosed,
)

Fault = Literal[
    "window_closed", "refused", "rate_limited", "token_dead", "taken_without_answer", "lost"
]
REFERENCE = f"out:{'b' * 26}:0"
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
_LONG = "Dạ shop chào bạn, mẫu này còn đủ màu và đủ cỡ ạ. " * 120


class Harness(Protocol):
    """A messenger on a platform that can be told what to do."""

    messenger: Messenger
    account: AccountRef
    recipient: Recipient
    reads_back: bool
    """Whether the platform's history can tell what arrived."""

    def fail_next(self, fault: Fault) -> None:
        """The next send ends like this."""
        ...

    async def texts(self) -> list[str]:
        """Texts that the customer got, in order."""
        ...

    async def files(self) -> list[bytes]:
        """Contents of the files that the customer got, in order."""
        ...


def an_image(content: bytes) -> OutgoingFile:
    async def read() -> AsyncIterator[bytes]:
        yield content

    return OutgoingFile("image", "anh.png", len(content), "image/png", read)


def outgoing(harness: Harness, part: Part, file: OutgoingFile | None = None) -> Outgoing:
    return Outgoing(
        account=harness.account,
        recipient=harness.recipient,
        part=part,
        file=file,
        reference=REFERENCE,
        by_human=True,
        last_in_at=NOW,
    )


class MessengerContract:
    """Derive from it and give the fixture `harness`."""

    async def test_a_text_arrives_once_and_has_an_id(self, harness: Harness) -> None:
        [part] = harness.messenger.plan(Draft("Dạ còn ạ"))

        sent = await harness.messenger.send(outgoing(harness, part))

        assert sent.external_id
        assert await harness.texts() == ["Dạ còn ạ"]

    async def test_a_long_text_is_cut_and_nothing_of_it_is_lost(self, harness: Harness) -> None:
        parts = harness.messenger.plan(Draft(_LONG))

        assert [part.n for part in parts] == list(range(len(parts)))
        assert len(parts) > 1
        ids = [(await harness.messenger.send(outgoing(harness, one))).external_id for one in parts]
        assert len(set(ids)) == len(parts)
        arrived = "".join(await harness.texts())  # blanks may be dropped where it was cut
        assert "".join(arrived.split()) == "".join(_LONG.split())

    async def test_a_file_arrives_with_its_bytes(self, harness: Harness, png: bytes) -> None:
        file = an_image(png)
        [part] = harness.messenger.plan(Draft(files=(file,)))

        await harness.messenger.send(outgoing(harness, part, file))

        assert await harness.files() == [png]

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("window_closed", WindowClosed),
            ("refused", SendRefused),
            ("rate_limited", SendUnavailable),
            ("token_dead", AccountUnusable),
        ],
    )
    async def test_what_the_platform_says_is_a_type_and_nothing_was_sent(
        self, harness: Harness, fault: Fault, error: type[Exception]
    ) -> None:
        harness.fail_next(fault)
        [part] = harness.messenger.plan(Draft("Dạ"))

        with pytest.raises(error) as raised:
            await harness.messenger.send(outgoing(harness, part))

        assert type(raised.value) is not SendUncertain
        assert await harness.texts() == []

    @pytest.mark.parametrize("fault", ["taken_without_answer", "lost"])
    async def test_a_send_without_an_answer_is_in_doubt_and_not_repeated(
        self, harness: Harness, fault: Fault
    ) -> None:
        harness.fail_next(fault)
        [part] = harness.messenger.plan(Draft("Dạ"))
        sending = outgoing(harness, part)

        with pytest.raises(SendUncertain):
            await harness.messenger.send(sending)

        arrived = ["Dạ"] if fault == "taken_without_answer" else []
        assert await harness.texts() == arrived
        found = await harness.messenger.find_sent(sending, NOW - timedelta(minutes=5))
        if harness.reads_back:
            assert isinstance(found, str) == bool(arrived)
        else:
            assert found is None
