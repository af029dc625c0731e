"""How much a browser loads before somebody sees the inbox, with a conversation open."""

import gzip
from pathlib import Path

import pytest
from playwright.async_api import Response, expect

from inbox.mongo.client import Mongo
from tests.sidebar_desk import sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

MOST_BYTES = 350_000
"""Gzipped; scripts, styles, pictures of ours and the page itself, without what customers sent."""
PACKED_FROM = 1024
"""Smaller files are not worth packing."""


async def test_the_inbox_is_there_after_fewer_than_350_kilobytes(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    """Sums what the page and the inbox load of web/dist, lazily or not, as gzip packs it."""
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        await desk.facebook_writes("Shop ơi", mid="m_1")
        async with desk.at_customer() as page:
            address = page.url
            loaded: list[Response] = []
            again = await page.context.new_page()
            again.on("response", lambda one: loaded.append(one))  # noqa: PLW0108
            await again.goto(address)
            await expect(again.get_by_test_id("message")).to_have_count(1)
            await expect(again.get_by_test_id("customer-name")).to_be_visible()
            own = [one for one in loaded if "/api/" not in one.url]
            bodies = {one.url: await one.body() for one in own}
            unpacked = [
                one.url
                for one in own
                if len(bodies[one.url]) >= PACKED_FROM
                and await one.header_value("content-encoding") is None
            ]

    sizes = {url: len(gzip.compress(body)) for url, body in bodies.items()}
    assert any("InboxPage" in url for url in sizes)
    assert sum(sizes.values()) < MOST_BYTES, sizes
    assert unpacked == []  # the server sends what the build has packed
