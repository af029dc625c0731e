"""Our client and the simulated OpenAPI, both written from the documentation, fit together."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from PIL import Image
from pydantic import SecretStr

from app.demo.accounts import ZALO_OA
from channels.config import ZaloConfig
from channels.zalo.failures import TokenDead
from channels.zalo.profiles import ZaloProfiles
from inbox.clock import FixedClock
from inbox.conversations.model import AttachmentKind, IdentityRef
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.ports import (
    Absent,
    AccountRef,
    Button,
    Draft,
    Outgoing,
    OutgoingFile,
    Recipient,
    WindowClosed,
)
from tests.channels.zalo.zalo_oa import Oa, connect, credential_store, working
from tests.simulated import APPS, OA, ZALO_USER, Simulated, simulated

KEY = account_key("zalo", OA)


@dataclass
class World:
    """The simulated Zalo, and the parts of the product that talk to it."""

    zalo: Simulated
    oa: Oa

    async def say(self, draft: Draft, *, reply_to: str | None = None) -> list[str]:
        """Send every part of a draft; Zalo's ids."""
        ids = []
        for part in self.oa.messenger.plan(draft):
            outgoing = Outgoing(
                account=AccountRef(KEY, "zalo", OA),
                recipient=Recipient("inbox", ZALO_USER),
                part=part,
                file=draft.files[part.file] if part.file is not None else None,
                reference="out:x:0",
                by_human=True,
                last_in_at=None,
                reply_to=reply_to if part.n == 0 else None,
            )
            ids.append((await self.oa.messenger.send(outgoing)).external_id)
        return ids


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with simulated(clock) as zalo:
        await connect(mongo, clock, oa_id=OA, **zalo.platforms.credentials(ZALO_OA))
        config = ZaloConfig(
            app_id=APPS.zalo_app_id,
            app_secret=SecretStr(APPS.zalo_app_secret),
            api_url=zalo.urls.zalo_url,
            oauth_url=zalo.urls.oauth_url,
            app_secret_proof=True,
        )
        async with working(mongo, clock, config) as oa:
            yield World(zalo, oa)


def stored(data: bytes, name: str, mime: str, kind: AttachmentKind) -> OutgoingFile:
    async def read() -> AsyncIterator[bytes]:
        yield data

    return OutgoingFile(kind, name, len(data), mime, read)


def picture(kind: str) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (600, 400), "navy").save(target, kind)
    return target.getvalue()


async def test_everything_that_a_draft_may_hold_arrives_in_order(world: World) -> None:
    draft = Draft(
        "Dạ shop gửi ạ " * 200,
        (
            stored(picture("WEBP"), "áo khoác.webp", "image/webp", "image"),
            stored(picture("GIF"), "xoay.gif", "image/gif", "image"),
            stored(b"%PDF-1.7", "bảng giá.pdf", "application/pdf", "file"),
        ),
        sticker="bfe458bf64fa8da4d4eb",
    )

    ids = await world.say(draft)

    received = world.zalo.platforms.ledger.received
    assert [one.platform_id for one in received] == ids
    assert [[file.name for file in one.files] for one in received[1:4]] == [
        ["áo khoác.jpg"],
        ["xoay.gif"],
        ["bảng giá.pdf"],
    ]
    words = f"{received[0].text} {received[1].text}"
    assert words.split() == (draft.text or "").split()
    assert len(received) == 5


async def test_buttons_and_quotes_are_understood(world: World) -> None:
    [first] = await world.say(Draft("Dạ còn ạ"))
    buttons = (Button("Xem", url="https://shop.example.vn"), Button("M", payload="M"))

    await world.say(Draft("Chọn size ạ", buttons=buttons))
    await world.say(Draft("Ý em là cái này"), reply_to=first)

    assert len(world.zalo.platforms.ledger.received) == 3


async def test_expired_token_is_refreshed_on_the_way(world: World, mongo: Mongo) -> None:
    tokens = world.zalo.platforms.zalo.tokens
    tokens.expire(OA)

    await world.say(Draft("Dạ còn ạ"))

    assert tokens.refreshes[OA] == 1
    kept = await credential_store(mongo).of(KEY)
    assert kept["refresh_token"] == tokens.pair(OA).refresh


async def test_oa_that_took_the_apps_rights_away_waits_for_its_admin(
    world: World, mongo: Mongo
) -> None:
    world.zalo.platforms.zalo.tokens.kill(OA)

    with pytest.raises(TokenDead):
        await world.say(Draft("Dạ còn ạ"))

    found = await mongo["accounts"].find_one({"_id": KEY})
    assert found is not None
    assert found["health"]["state"] == "reauth"


async def test_window_that_is_over_is_told(world: World, clock: FixedClock) -> None:
    clock.advance(timedelta(days=8))

    with pytest.raises(WindowClosed):
        await world.say(Draft("Dạ còn ạ"))


async def test_message_is_found_in_the_history(world: World, clock: FixedClock) -> None:
    begun_at = clock.now()
    clock.advance(timedelta(seconds=1))
    [sent] = await world.say(Draft("Dạ còn ạ"))
    draft = Draft("Dạ còn ạ")
    outgoing = Outgoing(
        account=AccountRef(KEY, "zalo", OA),
        recipient=Recipient("inbox", ZALO_USER),
        part=world.oa.messenger.plan(draft)[0],
        file=None,
        reference="out:x:0",
        by_human=True,
        last_in_at=None,
    )

    assert await world.oa.messenger.find_sent(outgoing, begun_at) == sent
    assert (
        await world.oa.messenger.find_sent(outgoing, clock.now() + timedelta(hours=1))
        is Absent.ABSENT
    )


async def test_profile_and_account_are_told(world: World) -> None:
    profile = await ZaloProfiles(world.oa.client).fetch(IdentityRef("zalo", OA, ZALO_USER))

    assert profile.name == "Lê Minh Châu"
    assert (await world.oa.client.account_info(KEY))["oaid"] == OA
