"""Pictures of the main pages for the README, into docs/screenshots (`make screenshots`).

Starts the demo on data of its own, signs in, and takes every page in light, in dark and as on a
phone, in Vietnamese. Pages of the settings are found by their navigation; a page more elsewhere is
a line more in `places`.
"""

import asyncio
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
COLOURS = 256
"""As many as a picture keeps: text and flat faces lose nothing, the file most of its size."""
PORT = 18_650
URL = f"http://127.0.0.1:{PORT}"
WHO = {"email": "admin@demo.local", "password": "demo-chat-inbox"}
_READY = "Ctrl-C"
_WITHIN_S = 180
SETTLED = """
() => document.querySelector('.bone, [aria-busy="true"]') === null
  && [...document.images].every((one) => one.complete)
"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    name: str
    scheme: str
    size: ViewportSize
    sharpness: float = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A page: where it is, and what is done there before the picture is taken."""

    name: str
    path: str
    act: Callable[[Page], Awaitable[Any]] | None = None


LOOKS = (
    Look("light", "light", ViewportSize(width=1400, height=900)),
    Look("dark", "dark", ViewportSize(width=1400, height=900)),
    Look("phone", "light", ViewportSize(width=390, height=844), sharpness=1.5),
)


async def places(page: Page) -> list[Place]:
    """What there is to see, for somebody who is signed in."""
    thread = f"/inbox/{await a_busy_conversation(page)}"
    bot, script = await a_script(page)
    return [
        Place("inbox", thread),
        Place("keys", thread, lambda one: one.keyboard.press("?")),
        *await settings(page, bot),
        Place("script", f"/settings/scripts/{bot}/{script}"),
    ]


async def settings(page: Page, bot: str) -> list[Place]:
    """Every page that the navigation of the settings leads to; of this bot, if it is of one."""
    await page.goto("/settings")
    links = page.locator('[data-testid^="settings-"]')
    await links.first.wait_for()
    found = [await link.get_attribute("href") for link in await links.all()]
    return [Place(path.strip("/").replace("/", "-"), f"{path}?bot={bot}") for path in found if path]


async def a_busy_conversation(page: Page) -> str:
    """One of a private thread in which much was said, best with somebody who has tags."""
    answer = await page.request.get("/api/v1/conversations?limit=100&view=inbox")
    items = (await answer.json())["items"]
    named = [one for one in items if one["customer"] and one["customer"]["name"]]
    best = max(named, key=lambda one: (len(one["tags"]), one["seq"]))
    return str(best["id"])


async def a_script(page: Page) -> tuple[str, str]:
    """The first script there is, behind its bot."""
    bots = (await (await page.request.get("/api/v1/me")).json())["bots"]
    for bot in bots:
        answer = await page.request.get(f"/api/v1/bots/{bot['id']}/scripts")
        if scripts := (await answer.json())["items"]:
            return bot["id"], scripts[0]["id"]
    raise SystemExit("the demo has no scripts")


async def work(page: Page) -> None:
    """An answer, a note and a script in the conversation, so that there is something to see."""
    await page.goto(f"/inbox/{await a_busy_conversation(page)}")
    await page.get_by_test_id("message").first.wait_for()
    for key, words in (("n", "Khách quen, giao giờ hành chính."), ("r", "Dạ em gửi mình ngay ạ!")):
        await page.keyboard.press(key)
        await page.keyboard.type(words)
        await page.keyboard.press("Enter")
        await page.get_by_test_id("message").filter(has_text=words).first.wait_for()
        await page.keyboard.press("Escape")
    await page.get_by_test_id("script-add").click()
    await page.get_by_test_id("script-option").first.click()
    await page.get_by_test_id("script-attach").click()
    await page.get_by_test_id("enrolment").first.wait_for()


async def sign_in(context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto("/inbox")
    for field, value in WHO.items():
        await page.get_by_test_id(field).fill(value)
    await page.get_by_test_id("submit").click()
    await page.get_by_test_id("conversation-row").first.wait_for()
    return page


async def take(page: Page, place: Place, look: Look) -> None:
    await page.goto(place.path)
    await page.locator("main").first.wait_for(state="attached")
    await page.wait_for_function(SETTLED)
    if place.act is not None:
        await place.act(page)
    await page.wait_for_timeout(1200)  # until what is open counts as read
    await page.wait_for_function(SETTLED)
    keep(await page.screenshot(animations="disabled"), f"{place.name}-{look.name}")


def keep(picture: bytes, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    few = image.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=4, dither=Image.Dither.NONE)
    path = FOLDER / f"{name}.png"
    few.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB")  # noqa: T201


async def look_around(browser: Browser) -> None:
    for look in LOOKS:
        context = await browser.new_context(
            base_url=URL,
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            color_scheme="dark" if look.scheme == "dark" else "light",
            reduced_motion="reduce",
            viewport=look.size,
            device_scale_factor=look.sharpness,
        )
        outside = await context.new_page()
        await take(outside, Place("sign-in", "/sign-in"), look)
        page = await sign_in(context)
        if look is LOOKS[0]:
            await work(page)
        if look.name == "phone":  # where the list and the thread are pages of their own
            await take(page, Place("list", "/inbox"), look)
        for place in await places(page):
            await take(page, place, look)
        await context.close()


@contextmanager
def demo(folder: Path) -> Iterator[None]:
    """The demo on PORT, from when its customers have written until the end of the block."""
    command = [sys.executable, "-m", "app", "demo", "--port", str(PORT), "--data", str(folder)]
    said = folder / "demo.log"
    with said.open("w") as output:
        child = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            until_said(said, child)
            yield
        finally:
            child.terminate()
            child.wait(60)


def until_said(said: Path, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _WITHIN_S
    while _READY not in said.read_text():
        if child.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the demo did not start:\n{said.read_text()}")
        time.sleep(0.5)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)):
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            await look_around(browser)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
