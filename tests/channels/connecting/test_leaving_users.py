"""Users who remove our app at Meta, or ask for deletion, are heard; nobody else is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.demo.graph.pages import USER_ID
from inbox.clock import FixedClock
from inbox.customers.erasure.erasing import SETTLE
from inbox.mongo.client import Mongo
from tests.connect_world import (
    OUTLET_KEY,
    OUTLET_PAGE,
    PAGE,
    PAGE_KEY,
    Browser,
    ConnectWorld,
    connect_world,
)
from tests.waiting import until

PSID = "7312094485501276"
STRANGER = "10150000000000777"


@pytest.fixture
async def world(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[ConnectWorld]:
    async with connect_world(mongo, mongo_uri, tmp_path, clock) as world:
        yield world


@pytest.fixture
async def browser(world: ConnectWorld) -> AsyncIterator[Browser]:
    async with Browser(world.url) as browser:
        await browser.sign_in()
        yield browser


async def post(
    world: ConnectWorld, browser: Browser, what: str, signed: str
) -> tuple[int, dict[str, str]]:
    """What Meta posts, with nobody signed in."""
    url = f"{world.url}/webhooks/facebook/{what}"
    async with browser.session.post(url, data={"signed_request": signed}) as answer:
        return answer.status, await answer.json() if answer.content_type.endswith("json") else {}


async def customer(world: ConnectWorld) -> None:
    """Somebody has written to the page."""
    world.platforms.customer_writes(PAGE, PSID, "Tôi tên Hường, số 0912345678")
    await until(lambda: _count(world, "customers", 1))


async def test_accounts_of_a_user_who_removed_the_app_wait_for_an_admin(
    world: ConnectWorld, browser: Browser
) -> None:
    await browser.finish(await browser.granted(world.bot_id, "facebook", PAGE, OUTLET_PAGE), PAGE)
    body = {"channel": "facebook", "account_id": OUTLET_PAGE, "name": "Trang khác"}
    await browser.call("POST", f"bots/{world.bot_id}/accounts", json=body)
    login = world.platforms.graph.login

    for _ in range(2):
        assert (await post(world, browser, "deauthorize", login.signed_request()))[0] == 200
    assert (await post(world, browser, "deauthorize", login.signed_request(STRANGER)))[0] == 200

    health = (await world.account(PAGE_KEY))["health"]
    assert (health["state"], health["reason"]) == ("reauth", "user_removed_app")
    assert (await world.account(OUTLET_KEY))["health"]["state"] == "ok"
    assert USER_ID.encode() not in await world.everything_kept()
    flow_id = await browser.granted(world.bot_id, "facebook", PAGE)
    assert await browser.finish(flow_id, PAGE) == {PAGE: ("reconnected", None)}
    assert (await world.account(PAGE_KEY))["health"]["state"] == "ok"


@pytest.mark.parametrize("what", ["deauthorize", "data-deletion"])
@pytest.mark.parametrize("signed", ["", "x", "AAAA.AAAA", "wrong"])
async def test_unsigned_request_is_refused(
    world: ConnectWorld, browser: Browser, what: str, signed: str
) -> None:
    if signed == "wrong":
        right = world.platforms.graph.login.signed_request()
        signed = "A" * 43 + right[right.index(".") :]

    assert (await post(world, browser, what, signed))[0] == 401
    async with browser.session.post(
        f"{world.url}/webhooks/facebook/{what}", data=b"x" * 20_000
    ) as answer:
        assert answer.status == 413
    assert await world.mongo["data_deletions"].count_documents({}) == 0


async def test_person_whom_meta_names_is_erased_and_sees_it_on_the_status_page(
    world: ConnectWorld, browser: Browser, clock: FixedClock
) -> None:
    await browser.finish(await browser.granted(world.bot_id, "facebook", PAGE), PAGE)
    await customer(world)
    login = world.platforms.graph.login
    login.people[STRANGER] = [(PAGE, PSID)]

    status, answer = await post(
        world, browser, "data-deletion", login.signed_request(STRANGER, issued_at=1795312345)
    )

    assert status == 200
    code = answer["confirmation_code"]
    assert answer["url"] == f"{world.url}/data-deletion/{code}"
    assert "đang được xoá" in (await browser.open(answer["url"]))[1]
    await until(lambda: _count(world, "customers", 0))
    clock.advance(2 * SETTLE)
    world.service.erasures.due.wake()
    await until(lambda: _page_says(browser, answer["url"], "đã được xử lý xong"))
    assert PSID.encode() not in await world.everything_kept()
    assert (await browser.call("GET", "data-deletions"))[1]["items"] == []


async def test_person_whom_nobody_can_name_is_left_to_an_admin(
    world: ConnectWorld, browser: Browser
) -> None:
    await browser.finish(await browser.granted(world.bot_id, "facebook", PAGE), PAGE)
    await customer(world)
    signed = world.platforms.graph.login.signed_request(STRANGER, issued_at=1795312345)

    _, answer = await post(world, browser, "data-deletion", signed)
    _, again = await post(world, browser, "data-deletion", signed)

    assert answer == again
    assert STRANGER.encode() not in await world.everything_kept()
    assert "quản trị viên" in (await browser.open(answer["url"]))[1]
    [waiting] = (await browser.call("GET", "data-deletions"))[1]["items"]
    assert (waiting["code"], waiting["app_scoped_id"]) == (answer["confirmation_code"], STRANGER)
    done = f"data-deletions/{waiting['code']}/done"
    assert (await browser.call("POST", done))[0] == 204
    assert (await browser.call("POST", done))[0] == 404
    assert "đã được xử lý xong" in (await browser.open(answer["url"]))[1]
    assert (await world.audited())[-1] == "data_deletion_closed"
    assert await world.mongo["customers"].count_documents({}) == 1


async def test_user_who_connected_pages_is_forgotten_and_the_pages_stay(
    world: ConnectWorld, browser: Browser
) -> None:
    await browser.finish(await browser.granted(world.bot_id, "facebook", PAGE), PAGE)
    assert "granted_by" in await world.account(PAGE_KEY)

    await post(world, browser, "data-deletion", world.platforms.graph.login.signed_request())

    assert "granted_by" not in await world.account(PAGE_KEY)


async def test_unknown_code_has_no_page(browser: Browser) -> None:
    assert (await browser.open(f"{browser.url}/data-deletion/nothing"))[0] == 404


async def _count(world: ConnectWorld, collection: str, number: int) -> bool:
    return await world.mongo[collection].count_documents({}) == number


async def _page_says(browser: Browser, url: str, words: str) -> bool:
    return words in (await browser.open(url))[1]
