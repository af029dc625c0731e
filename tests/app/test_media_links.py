"""Media through the whole service: links in the API and the live feed, opened by who has them."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from inbox.ids import message_key
from inbox.media.files import MediaFiles
from inbox.mongo.client import Mongo
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.ingest import FACEBOOK_PAGE, facebook_message
from tests.service import OWNER, PASSWORD, RunningService, running_service
from tests.stored_copies import JPEG, PNG, copy_of, put
from tests.waiting import until

NOW_MS = 1_795_330_000_000
DEAD = "https://dead.example/photo.png"
MESSAGE = message_key("facebook", FACEBOOK_PAGE, "m_photo")
LINK = re.compile(r"/api/v1/media/[a-z0-9]+/\d+\?variant=\w+&until=\d+&signature=[\w-]{43}")


@pytest.fixture
async def inbox(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    """A service that has received a picture, signed in as the owner."""
    messengers: Any = {"facebook": FakeMessenger(FakePlatform())}
    async with running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as service:
        body = facebook_message("", mid="m_photo", at=NOW_MS)
        picture = {"type": "image", "payload": {"url": DEAD}}
        body["entry"][0]["messaging"][0]["message"] = {"mid": "m_photo", "attachments": [picture]}
        assert await service.post_facebook(body) == 200
        await until(lambda: stored(mongo))
        yield service


async def stored(mongo: Mongo) -> bool:
    return await mongo["messages"].find_one({"_id": MESSAGE, "at": {"$exists": True}}) is not None


async def call(inbox: RunningService, method: str, path: str, **options: Any) -> Any:
    token = await inbox.service.make_token(OWNER, "test", ["read", "write"], None)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{inbox.url}/api/v1{path}"
    async with inbox.session.request(method, url, headers=headers, **options) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json()


async def copy_it(inbox: RunningService, mongo: Mongo, tmp_path: Path) -> None:
    files = MediaFiles.in_folder(tmp_path / "media")
    await mongo["messages"].update_one(
        {"_id": MESSAGE},
        {
            "$set": {"attachments.0.copy": await copy_of(files, PNG, thumbnail=JPEG)},
            "$unset": {"copying": 1},
        },
    )


async def opened(inbox: RunningService, link: str) -> tuple[int, bytes]:
    """By somebody who is not signed in."""
    async with aiohttp.ClientSession() as nobody, nobody.get(f"{inbox.url}{link}") as answer:
        return answer.status, await answer.read()


async def conversation_of(mongo: Mongo) -> Any:
    return await mongo["conversations"].find_one({})


async def test_the_link_is_dead_at_the_channel_and_the_media_still_open(
    inbox: RunningService, mongo: Mongo, tmp_path: Path
) -> None:
    """X.INB.07, S0.21: in the thread and in the media block; altered -> 403."""
    await copy_it(inbox, mongo, tmp_path)
    thread = await conversation_of(mongo)

    page = await call(inbox, "GET", f"/conversations/{thread['_id']}/messages")
    block = await call(inbox, "GET", f"/customers/{thread['customer_id']}/media?kind=image")

    shown = page["items"][0]["attachments"][0]
    assert (shown["copy_state"], shown["mime"], shown["size"]) == ("copied", "image/png", len(PNG))
    for one in (shown, block["items"][0]):
        assert LINK.fullmatch(one["url"])
        assert await opened(inbox, one["url"]) == (200, PNG)
        assert await opened(inbox, one["thumbnail_url"]) == (200, JPEG)
        assert (await opened(inbox, one["url"].replace("/0?", "/1?")))[0] == 403
    assert DEAD not in str(page) + str(block)


async def test_before_there_is_a_copy_nobody_is_sent_to_the_platform(
    inbox: RunningService, mongo: Mongo
) -> None:
    """X.INB.07: the platform's own link reaches no browser, by API or by live feed."""
    thread = await conversation_of(mongo)

    page = await call(inbox, "GET", f"/conversations/{thread['_id']}/messages")
    block = await call(inbox, "GET", f"/customers/{thread['customer_id']}/media")
    events = [event async for event in mongo["live_events"].find()]

    assert page["items"][0]["attachments"][0]["url"] is None
    assert page["items"][0]["attachments"][0]["copy_state"] in {"pending", "failed"}
    assert DEAD not in str(page) + str(block) + str(events)


async def test_frames_of_the_live_feed_carry_links_that_open_and_what_is_stored_does_not(
    inbox: RunningService, mongo: Mongo
) -> None:
    thread = await conversation_of(mongo)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        signing_in = {"email": OWNER, "password": PASSWORD}
        async with browser.post(f"{inbox.url}/api/v1/session", json=signing_in) as answer:
            assert answer.status < 300
        async with browser.ws_connect(f"{inbox.url}/api/v1/live") as socket:
            await socket.receive_json(timeout=10)  # hello
            form = aiohttp.FormData()
            form.add_field("file", PNG, filename="áo.png")
            upload = await call(inbox, "POST", "/uploads", data=form)
            message = {"client_id": "1", "attachments": [{"upload_id": upload["id"]}]}
            path = f"/conversations/{thread['_id']}/messages"
            answered = await call(inbox, "POST", path, json={**message, "internal": True})
            frame = await message_frame(socket, answered["id"])

    for shown in (answered, frame["data"]["message"]):
        link = shown["attachments"][0]["url"]
        assert LINK.fullmatch(link)
        assert await opened(inbox, link) == (200, PNG)
    kept = str([event async for event in mongo["live_events"].find()])
    assert answered["id"] in kept
    assert "signature=" not in kept


async def message_frame(socket: aiohttp.ClientWebSocketResponse, message_id: str) -> Any:
    """The first frame that shows this message."""
    async with asyncio.timeout(20):
        while True:
            told = await socket.receive_json()
            for frame in told if isinstance(told, list) else [told]:
                if frame["data"].get("message", {}).get("id") == message_id:
                    return frame


async def test_pictures_of_people_are_our_copies(
    inbox: RunningService, mongo: Mongo, tmp_path: Path
) -> None:
    thread = await conversation_of(mongo)
    sha256 = await put(MediaFiles.in_folder(tmp_path / "media"), JPEG)
    await mongo["customers"].update_one(
        {"_id": thread["customer_id"]},
        {
            "$set": {
                "identities.0.avatar": {"sha256": sha256, "mime": "image/jpeg"},
                "identities.0.avatar_url": DEAD,
            }
        },
    )

    path = f"/conversations/{thread['_id']}"
    row = (await call(inbox, "GET", "/conversations"))["items"][0]
    one = await call(inbox, "GET", path)
    read = await call(inbox, "POST", f"{path}/read", json={"up_to_seq": 1})
    customer = await call(inbox, "GET", f"/customers/{thread['customer_id']}")

    avatars = [shown["customer"]["avatar_url"] for shown in (row, one, read)]
    avatars.append(customer["identities"][0]["avatar_url"])
    for link in avatars:
        assert await opened(inbox, link) == (200, JPEG)
    assert DEAD not in str([row, one, read, customer])
