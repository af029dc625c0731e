"""How smooth the inbox is with very many conversations: `python -m benchmarks.web`.

Fills a private mongod with benchmarks/seed.py (what is there already stays), starts the service
as a process of its own, and scrolls through the list in headless Chromium: a step in every frame,
and the time of each frame in which the list moved.
"""

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.ingest import machine
from benchmarks.publishing import publish
from benchmarks.reading import DATABASE, on_seeded_mongod, prepare, serving
from benchmarks.seed import TAGS, add_options
from benchmarks.visibility import percentile
from inbox.clock import SystemClock
from inbox.mongo.client import Document, Mongo
from inbox.staff.passwords import Passwords

CHROMIUM = "/usr/bin/chromium"
LIST = '[data-testid="conversation-list"]'
ROW = '[data-testid="conversation-row"]'
STEP_PX = 200
"""Three rows in each frame: 180 a second at 60 frames, a wheel that is turned fast."""

SCROLL = """
async ([selector, rows, step]) => {
  const list = document.querySelector(selector)
  const last = () => Number([...list.querySelectorAll('li')].at(-1)?.ariaPosInSet ?? 0)
  const frames = []
  let before = performance.now()
  for (let idle = 0; last() < rows && idle < 600; ) {
    const from = list.scrollTop
    list.scrollTop += step
    const moved = list.scrollTop > from
    await new Promise(requestAnimationFrame)
    const now = performance.now()
    if (moved) frames.push(now - before)
    idle = moved ? 0 : idle + 1
    before = now
  }
  return { frames, rows: last(), nodes: document.querySelectorAll('*').length }
}
"""
IDLE = """
async (count) => {
  const frames = []
  let before = performance.now()
  for (let n = 0; n < count; n += 1) {
    await new Promise(requestAnimationFrame)
    const now = performance.now()
    frames.push(now - before)
    before = now
  }
  return { frames, rows: 0, nodes: document.querySelectorAll('*').length }
}
"""
HEAP = "performance.memory.usedJSHeapSize / 1e6"


@dataclass(frozen=True, slots=True)
class Target:
    """What p95 of the frames (ms) and the nodes of the page shall be at most."""

    frame: float = 50
    nodes: int = 2000


@dataclass(frozen=True, slots=True)
class Scrolled:
    """Frames in ms, elements in the page afterwards, MB of the script's heap."""

    what: str
    frames: list[float]
    rows: int
    nodes: int
    heap: float

    def row(self, target: Target) -> str:
        p50, p95, p99 = (percentile(self.frames, share) for share in (0.5, 0.95, 0.99))
        met = p95 <= target.frame and self.nodes < target.nodes
        return (
            f"| {self.what} | {self.rows:,} | {len(self.frames):,} | {p50:.1f} | {p95:.1f} "
            f"| {p99:.1f} | {max(self.frames):.0f} | {self.nodes:,} | {self.heap:.0f} "
            f"| {'yes' if met else '**no**'} |"
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured; times in ms."""

    scrolled: list[Scrolled]
    first_row: float
    opened: list[float]


async def owner_with_password(uri: str) -> tuple[str, str]:
    """People and bots as for reading, and what rows show; the owner's e-mail and password."""
    await prepare(uri, DATABASE)
    password, passwords = secrets.token_urlsafe(12), Passwords()
    mongo = Mongo.connect(uri, DATABASE)
    try:
        hashed = {"$set": {"password_hash": await passwords.hash(password)}}
        await mongo["staff"].update_one({"_id": "owner"}, hashed)
        await mongo["tags"].delete_many({})
        await mongo["tags"].insert_many(catalogue())
    finally:
        passwords.close()
        await mongo.close()
    return "owner@shop.example", password


def catalogue() -> list[Document]:
    """The tags that half of the customers have one of."""
    now = SystemClock().now()
    return [
        {"_id": f"tag-{n:02d}", "name": f"Thẻ {n}", "key": f"the {n}", "colour": "teal",
         "position": n, "created_at": now}
        for n in range(TAGS)
    ]  # fmt: skip


@asynccontextmanager
async def signed_in(browser: Browser, port: int, who: tuple[str, str]) -> AsyncIterator[Page]:
    email, password = who
    page = await browser.new_page(locale="vi-VN", viewport={"width": 1400, "height": 900})
    await page.goto(f"http://127.0.0.1:{port}/")
    await page.get_by_test_id("email").fill(email)
    await page.get_by_test_id("password").fill(password)
    await page.get_by_test_id("submit").click()
    await page.locator(ROW).first.wait_for()
    yield page
    await page.close()


async def scroll(page: Page, what: str, rows: int) -> Scrolled:
    found = await page.evaluate(SCROLL, [LIST, rows, STEP_PX])
    return Scrolled(what, found["frames"], found["rows"], found["nodes"], await page.evaluate(HEAP))


async def idle(page: Page) -> Scrolled:
    found = await page.evaluate(IDLE, 300)
    return Scrolled("nothing moves", found["frames"], 0, found["nodes"], await page.evaluate(HEAP))


async def until_first_row(page: Page) -> float:
    """From a reload until the list is there; files and session are the browser's already."""
    began = time.perf_counter()
    await page.reload(wait_until="commit")
    await page.locator(ROW).first.wait_for()
    return (time.perf_counter() - began) * 1000


async def open_some(page: Page, count: int) -> list[float]:
    """From the press on a row until its messages are there."""
    took = list[float]()
    rows = page.locator(ROW)
    for at in range(count):
        began = time.perf_counter()
        await rows.nth(at).click()
        await page.locator(f'{ROW}[aria-current="true"]').nth(0).wait_for()
        await page.get_by_test_id("message").first.wait_for()
        took.append((time.perf_counter() - began) * 1000)
    return took


async def measure(port: int, who: tuple[str, str], rows: int) -> Found:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"],
        )
        async with signed_in(browser, port, who) as page:
            first_row = await until_first_row(page)
            scrolled = [await idle(page), await scroll(page, "the list alone", rows)]
            await page.locator(LIST).evaluate("list => list.scrollTo(0, 0)")
            opened = await open_some(page, 10)
            scrolled.append(await scroll(page, "again, a conversation open", rows))
        await browser.close()
    return Found(scrolled, first_row, opened)


def report(options: argparse.Namespace, found: Found, where: str) -> str:
    target = Target()
    opened = f"{percentile(found.opened, 0.5):.0f} ms, at most {max(found.opened):.0f} ms"
    wanted = f"p95 shall be at most {target.frame:g} ms, nodes fewer than {target.nodes:,}"
    lines = [
        f"{where}. {options.customers:,} conversations, {STEP_PX} px in each frame; {wanted}.",
        f"First row after a reload: {found.first_row:.0f} ms. Messages after a press: {opened}.",
        "",
        "| | rows | frames | p50 ms | p95 ms | p99 ms | longest | nodes | heap MB | met |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(one.row(target) for one in found.scrolled),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--rows", type=int, default=5000, help="to scroll through")
    parser.add_argument("--keep", action="store_true", help="keep the data for another run")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args()

    def work(uri: str, _: int) -> None:
        who = asyncio.run(owner_with_password(uri))  # all indexes are there, too
        where = machine()
        with serving(uri, DATABASE, options.folder) as (port, _pid):
            found = asyncio.run(measure(port, who, options.rows))
        publish("web", report(options, found, where), into_readme=options.readme)

    on_seeded_mongod(options, work)


if __name__ == "__main__":
    main()
