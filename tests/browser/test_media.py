"""Media in a real browser: tabs, jumping, the viewer, players and a zip, all from the service."""

import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from app.demo.media import media_content
from inbox.ids import message_key
from inbox.media.files import MediaFiles
from inbox.mongo.client import Mongo
from tests.chromium import one_page, sign_in
from tests.ingest import ZALO_OA
from tests.service import ZALO_APP_ID, RunningService, running_service
from tests.stored_copies import copy_of, put
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NOW_MS = 1_795_330_000_000
RED, BLUE = media_content("do.png"), media_content("xanh.png")
SOUND, FILM, PAPER = (media_content(f"a.{kind}") for kind in ("wav", "mp4", "pdf"))

SENT: tuple[tuple[str, str, bytes | None], ...] = (
    ("m_red", "do.png", RED),
    ("m_blue", "xanh.png", BLUE),
    ("m_paper", "Báo giá.pdf", PAPER),
    ("m_sound", "ghi-am.wav", SOUND),
    ("m_film", "clip.mp4", FILM),
    ("m_waiting", "chua-co.png", None),
)


def zalo_body(number: int, message: dict[str, Any], event: str) -> dict[str, Any]:
    return {
        "app_id": ZALO_APP_ID,
        "event_name": event,
        "timestamp": str(NOW_MS + number),
        "sender": {"id": "42"},
        "recipient": {"id": ZALO_OA},
        "message": message,
    }


@pytest.fixture
async def inbox(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    """A thread with every kind of media far above its end, their links dead at the channel."""
    files = MediaFiles.in_folder(tmp_path / "media")
    async with running_service(mongo, mongo_uri, tmp_path) as service:
        for number, (id_, name, _) in enumerate(SENT):
            payload = {"size": "9", "name": name, "type": name[-3:], "url": f"https://x.vn/{name}"}
            attachment = {"type": "file", "payload": payload}
            message = {"msg_id": id_, "attachments": [attachment]}
            assert await service.post_zalo(zalo_body(number, message, "user_send_file")) == 200
        for number in range(10, 80):
            message = {"msg_id": f"m{number}", "text": f"tin {number}"}
            assert await service.post_zalo(zalo_body(number, message, "user_send_text")) == 200
        await until(lambda: _has_messages(mongo, len(SENT) + 70))
        for id_, _, content in SENT:
            if content is not None:
                await _copy(mongo, files, id_, content)
        avatar = {"sha256": await put(files, BLUE), "mime": "image/png"}
        await mongo["customers"].update_one({}, {"$set": {"identities.0.avatar": avatar}})
        yield service


async def _has_messages(mongo: Mongo, count: int) -> bool:
    return await mongo["messages"].count_documents({"at": {"$exists": True}}) == count


async def _copy(mongo: Mongo, files: MediaFiles, id_: str, content: bytes) -> None:
    await mongo["messages"].update_one(
        {"_id": message_key("zalo", ZALO_OA, id_)},
        {"$set": {"attachments.0.copy": await copy_of(files, content)}, "$unset": {"copying": 1}},
    )


@asynccontextmanager
async def open_thread(url: str) -> AsyncIterator[Page]:
    """Signed in, with the only conversation open; every request went to the service alone."""
    async with one_page() as page:
        errors: list[str] = []
        asked: list[str] = []
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        await sign_in(page, url)
        await page.get_by_test_id("conversation-row").click()
        await expect(page.get_by_text("tin 79").last).to_be_in_viewport()
        yield page
        hosts = {urlsplit(one).netloc for one in asked if not one.startswith(("data:", "blob:"))}
        assert hosts == {urlsplit(url).netloc}
        assert [one for one in errors if "401" not in one] == []  # nobody was signed in at first


async def loaded(page: Page, selector: str) -> None:
    """Wait until a picture has really been drawn."""
    await page.wait_for_function(
        "selector => { const one = document.querySelector(selector);"
        " return one && one.complete && one.naturalWidth > 0 }",
        arg=selector,
    )


async def test_the_gallery_has_every_kind_and_jumps_to_a_message_far_up(
    inbox: RunningService,
) -> None:
    """S0.21, X.INB.08: kinds by content; a click loads around the message and marks it."""
    async with open_thread(inbox.url) as page:
        items = page.get_by_test_id("media-item")
        for kind, count in (("image", 3), ("video", 1), ("file", 1), ("audio", 1), ("link", 0)):
            await page.get_by_test_id(f"media-{kind}").click()
            await expect(items).to_have_count(count)
        await page.get_by_test_id("media-image").click()
        await expect(items.first).to_contain_text("Đang sao chép từ kênh")
        red = page.locator(f'[data-message="{message_key("zalo", ZALO_OA, "m_red")}"]')
        await expect(red).to_have_count(0)  # not even loaded

        await items.last.click()

        await expect(red).to_be_in_viewport()
        await expect(red).to_have_attribute("data-marked", "true")
        await loaded(page, ".message-body img, [data-testid=message] img")


async def test_the_viewer_is_worked_by_keys_and_saves_the_picture(inbox: RunningService) -> None:
    """S0.21: opens large, left and right, zoom, download, Escape."""
    async with open_thread(inbox.url) as page:
        await page.get_by_test_id("media-item").last.hover()
        await page.get_by_test_id("media-view").last.click()
        viewer = page.get_by_test_id("viewer")
        await expect(viewer).to_be_visible()
        await loaded(page, "[data-testid=viewer-image]")
        await expect(page.get_by_test_id("viewer-count")).to_have_text("2/2")

        await page.keyboard.press("ArrowLeft")
        await expect(page.get_by_test_id("viewer-count")).to_have_text("1/2")
        await expect(viewer).to_have_attribute("aria-label", "xanh.png")
        await page.keyboard.press("+")
        await expect(page.get_by_test_id("viewer-smaller")).to_be_enabled()
        async with page.expect_download() as saving:
            await page.get_by_test_id("viewer-download").click()
        saved = await saving.value
        assert saved.suggested_filename == "xanh.png"
        assert Path(await saved.path()).read_bytes() == BLUE  # noqa: ASYNC240 - a small file

        await page.keyboard.press("Escape")
        await expect(viewer).to_have_count(0)


async def test_players_play_from_the_service(inbox: RunningService) -> None:
    """S0.21: a video and a sound are loaded by ranges and can be wound forward."""
    async with open_thread(inbox.url) as page:
        await page.get_by_test_id("media-video").click()
        await page.get_by_test_id("media-item").click()
        for player in ("video", "audio"):
            await page.locator(player).evaluate("one => { one.preload = 'auto'; one.load() }")
            await page.wait_for_function(
                "name => document.querySelector(name).readyState >= 2", arg=player
            )
            length = await page.locator(player).evaluate("one => one.duration")
            assert length > 0
            await page.locator(player).evaluate("(one, at) => { one.currentTime = at }", length / 2)
            await page.wait_for_function(
                "name => !document.querySelector(name).seeking", arg=player
            )


async def test_chosen_files_come_in_one_zip(inbox: RunningService) -> None:
    """S0.21: chosen over several tabs."""
    async with open_thread(inbox.url) as page:
        items = page.get_by_test_id("media-item")
        await page.get_by_test_id("media-choose").click()
        await items.nth(1).click()
        await items.nth(2).click()
        await page.get_by_test_id("media-file").click()
        await expect(items).to_have_count(1)
        await items.click()
        await expect(page.get_by_test_id("media-chosen")).to_have_text("Đã chọn 3")

        async with page.expect_download() as saving:
            await page.get_by_test_id("media-zip").click()
        saved = await saving.value

        assert saved.suggested_filename.endswith(".zip")
        with zipfile.ZipFile(await saved.path()) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        assert found == {"do.png": RED, "xanh.png": BLUE, "Báo giá.pdf": PAPER}
        await expect(page.get_by_test_id("media-chosen")).to_have_count(0)
