"""Our own clients against the simulated platforms: each side keeps to the same documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from app.demo.accounts import FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA
from app.demo.faults import Fault, Refusal
from app.demo.media import media_content
from channels.config import FacebookConfig, ZaloConfig
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.secrets import SecretBox
from inbox.clock import FixedClock
from inbox.conversations.model import Channel, IdentityRef
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.ports import (
    AccountRef,
    AccountUnusable,
    Button,
    Draft,
    Messenger,
    Outgoing,
    OutgoingFile,
    ProfileSource,
    Recipient,
    SendUnavailable,
    SendUncertain,
    WindowClosed,
)
from tests.platform_clients import platform_clients
from tests.simulated import (
    APPS,
    INSTAGRAM,
    OA,
    PAGE,
    PSID,
    ZALO_USER,
    Simulated,
    simulated,
)

DEMO_ACCOUNTS = {"facebook": FACEBOOK_PAGE, "instagram": INSTAGRAM_ACCOUNT, "zalo": ZALO_OA}
PERSONS = {"facebook": PSID, "instagram": "991", "zalo": ZALO_USER}
EVERY = pytest.mark.parametrize("channel", ["facebook", "instagram", "zalo"])


@dataclass
class Clients:
    """The messenger and the profiles of every channel, as the service has them."""

    both: Simulated
    messengers: dict[Channel, Messenger]
    profiles: dict[Channel, ProfileSource]
    clock: FixedClock

    def outgoing(self, channel: Any, draft: Draft, *, reply_to: str | None = None) -> Outgoing:
        """The first part of `draft`, to the customer of the channel."""
        [part, *_] = self.messengers[channel].plan(draft)
        account_id = DEMO_ACCOUNTS[channel].account_id
        return Outgoing(
            account=AccountRef(account_key(channel, account_id), channel, account_id),
            recipient=Recipient("inbox", PERSONS[channel]),
            part=part,
            file=draft.files[part.file] if part.file is not None else None,
            reference="ref-1",
            by_human=True,
            last_in_at=self.clock.now(),
            reply_to=reply_to,
        )


async def connect(mongo: Mongo, both: Simulated, clock: FixedClock) -> CredentialStore:
    """The demo's accounts with the credentials that the platforms gave."""
    store = CredentialStore(mongo, SecretBox([Fernet.generate_key().decode()]))
    for channel, known in DEMO_ACCOUNTS.items():
        key = account_key(channel, known.account_id)
        document = {"_id": key, "channel": channel, "account_id": known.account_id}
        rest = {"bot_id": "b1", "name": known.name, "health": {"state": "ok", "at": clock.now()}}
        await mongo["accounts"].insert_one({**document, **rest, "created_at": clock.now()})
        assert await store.replace(key, both.platforms.credentials(known), now=clock.now())
    return store


@asynccontextmanager
async def connected(mongo: Mongo, both: Simulated, clock: FixedClock) -> AsyncIterator[Clients]:
    store, quick = await connect(mongo, both, clock), timedelta(seconds=2)
    facebook = FacebookConfig(
        api_url=both.urls.graph_url,
        app_secrets=(SecretStr(APPS.facebook_app_secret),),
        timeout=quick,
    )
    zalo = ZaloConfig(
        app_id=APPS.zalo_app_id,
        app_secret=SecretStr(APPS.zalo_app_secret),
        app_secret_proof=True,
        api_url=both.urls.zalo_url,
        oauth_url=both.urls.oauth_url,
        timeout=quick,
    )
    async with platform_clients(mongo, store, clock, facebook, zalo) as made:
        yield Clients(both, made.messengers, made.profiles, clock)


@pytest.fixture
async def clients(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Clients]:
    async with simulated(clock) as both:
        both.platforms.meet(INSTAGRAM, PERSONS["instagram"], "Lê Minh Châu")
        both.platforms.customer_writes(INSTAGRAM, PERSONS["instagram"])
        async with connected(mongo, both, clock) as connected_clients:
            yield connected_clients


def picture() -> OutgoingFile:
    content = media_content("ao.png")

    async def read() -> AsyncIterator[bytes]:
        yield content

    return OutgoingFile("image", "áo.png", len(content), "image/png", read)


@EVERY
async def test_a_text_is_sent_with_a_quote_and_its_echo_is_ours(
    clients: Clients, channel: Any
) -> None:
    platforms = clients.both.platforms
    account_id = DEMO_ACCOUNTS[channel].account_id
    asked = platforms.customer_writes(account_id, PERSONS[channel], "Còn size L ko shop")
    outgoing = clients.outgoing(channel, Draft(text="Dạ còn ạ"), reply_to=asked)
    sent = await clients.messengers[channel].send(outgoing)
    [received] = platforms.ledger.of(PERSONS[channel])
    assert (received.platform_id, received.text, received.reply_to) == (
        sent.external_id,
        "Dạ còn ạ",
        asked,
    )
    [echo] = clients.both.inbox.of("echo")
    assert (echo.message_id, echo.account_id) == (sent.external_id, account_id)
    if channel != "instagram":  # Instagram's echoes name no app
        assert echo.source == "own"


@EVERY
async def test_a_picture_is_uploaded_and_arrives_whole(clients: Clients, channel: Any) -> None:
    outgoing = clients.outgoing(channel, Draft(files=(picture(),)))
    await clients.messengers[channel].send(outgoing)
    [received] = clients.both.platforms.ledger.of(PERSONS[channel])
    [file] = received.files
    [echo] = clients.both.inbox.of("echo")
    [attachment] = echo.attachments
    async with clients.both.session.get(attachment.url) as answer:
        assert len(await answer.read()) == file.size


@pytest.mark.parametrize("channel", ["facebook", "zalo"])
async def test_buttons_and_quick_replies_keep_to_the_platforms_limits(
    clients: Clients, channel: Any
) -> None:
    buttons = (Button("Xem mẫu", url="https://shop.example/ao"), Button("Chọn M", payload="M"))
    await clients.messengers[channel].send(
        clients.outgoing(channel, Draft(text="Chị chọn giúp em ạ", buttons=buttons))
    )
    assert len(clients.both.platforms.ledger.of(PERSONS[channel])) == 1


@EVERY
async def test_a_message_whose_answer_was_lost_is_found_by_reading_back(
    clients: Clients, channel: Any
) -> None:
    since = clients.clock.now()
    clients.both.platforms.faults.script("send", Fault.RESET_AFTER)
    outgoing = clients.outgoing(channel, Draft(text="Dạ em gửi ạ"))
    with pytest.raises(SendUncertain):
        await clients.messengers[channel].send(outgoing)
    [received] = clients.both.platforms.ledger.of(PERSONS[channel])
    found = await clients.messengers[channel].find_sent(outgoing, since)
    assert found == received.platform_id


@EVERY
async def test_a_message_that_was_not_taken_is_not_found(clients: Clients, channel: Any) -> None:
    clients.both.platforms.faults.script("send", Fault.RESET_BEFORE)
    outgoing = clients.outgoing(channel, Draft(text="Dạ em gửi ạ"))
    with pytest.raises(SendUncertain):
        await clients.messengers[channel].send(outgoing)
    assert await clients.messengers[channel].find_sent(outgoing, clients.clock.now()) is None


@EVERY
async def test_limits_are_passing_and_a_closed_window_is_final(
    clients: Clients, channel: Any
) -> None:
    messenger = clients.messengers[channel]
    outgoing = clients.outgoing(channel, Draft(text="Dạ"))
    clients.both.platforms.faults.script("send", Fault.RATE_LIMITED)
    with pytest.raises(SendUnavailable):
        await messenger.send(outgoing)
    clients.clock.advance(timedelta(minutes=30))
    closed = Refusal(code=-230) if channel == "zalo" else Refusal(code=10, subcode=2018278)
    clients.both.platforms.faults.script("send", closed)
    with pytest.raises(WindowClosed):
        await messenger.send(outgoing)
    assert not clients.both.platforms.ledger.received


async def test_a_dead_page_token_stops_the_account_and_an_expired_oa_token_is_refreshed(
    clients: Clients,
) -> None:
    clients.both.platforms.graph.pages.kill(PAGE)
    with pytest.raises(AccountUnusable):
        await clients.messengers["facebook"].send(clients.outgoing("facebook", Draft(text="Dạ")))
    tokens = clients.both.platforms.zalo.tokens
    tokens.expire(OA)
    await clients.messengers["zalo"].send(clients.outgoing("zalo", Draft(text="Dạ")))
    assert (tokens.refreshes[OA], tokens.refused_refreshes[OA]) == (1, 0)
    tokens.kill(OA)
    with pytest.raises(AccountUnusable):
        await clients.messengers["zalo"].send(clients.outgoing("zalo", Draft(text="Dạ ạ")))


@EVERY
async def test_profiles_are_read(clients: Clients, channel: Any) -> None:
    account_id = DEMO_ACCOUNTS[channel].account_id
    identity = IdentityRef(channel, account_id, PERSONS[channel])
    profile = await clients.profiles[channel].fetch(identity)
    assert profile.name == "Lê Minh Châu"
