"""Pages are connected through Facebook's login dialog: by who began, to the bot they chose."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app.demo.faults import Fault, Refusal
from channels.connecting.facebook import SCOPES
from channels.facebook.subscribing import FIELDS
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.connect_world import (
    INSTAGRAM,
    OUTLET_KEY,
    OUTLET_PAGE,
    PAGE,
    PAGE_KEY,
    Browser,
    ConnectWorld,
    connect_world,
    hire,
)


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


async def test_two_pages_are_chosen_connected_and_subscribed(
    world: ConnectWorld, browser: Browser
) -> None:
    """Also over a list of several pages of answers; the tokens are nowhere in the clear."""
    world.platforms.graph.pages.most_listed = 1

    flow_id = await browser.granted(world.bot_id, "facebook", PAGE, OUTLET_PAGE)
    _, flow = await browser.call("GET", f"connect-flows/{flow_id}")

    assert flow["state"] == "ready"
    assert [one["account_id"] for one in flow["accounts"]] == [PAGE, INSTAGRAM, OUTLET_PAGE]
    assert all(one["connected"] is None for one in flow["accounts"])
    assert flow["missing_permissions"] == []
    found = await browser.finish(flow_id, PAGE, flow["accounts"][2]["id"])
    assert found == {PAGE: ("connected", None), OUTLET_PAGE: ("connected", None)}
    for page_id in (PAGE, OUTLET_PAGE):
        assert world.platforms.graph.pages[page_id].subscribed == list(FIELDS)
        assert world.page_token(page_id).encode() not in await world.everything_kept()
    _, listed = await browser.call("GET", "accounts")
    assert {one["account_id"]: one["subscription"]["state"] for one in listed["items"]} == {
        PAGE: "ok",
        OUTLET_PAGE: "ok",
    }
    assert await world.audited() == [
        *("staff_created", "bot_created", "bot_created"),
        *("account_connect_started", "account_connect_granted"),
        *("account_connected", "account_connected"),
    ]


async def test_dialog_is_asked_for_what_is_needed_and_keeps_the_secret_to_itself(
    world: ConnectWorld, browser: Browser
) -> None:
    dialog = await browser.start(world.bot_id, "facebook")

    asked = parse_qs(urlsplit(dialog).query)
    assert asked["scope"] == [",".join(SCOPES)]
    assert asked["redirect_uri"] == [f"{world.url}/connect/facebook/callback"]
    assert asked["response_type"] == ["code"]
    assert "client_secret" not in asked
    assert asked["state"][0].encode() not in await world.everything_kept()


async def test_instagram_account_is_connected_with_the_token_of_its_page(
    world: ConnectWorld, browser: Browser
) -> None:
    flow_id = await browser.granted(world.bot_id, "facebook", PAGE)

    assert await browser.finish(flow_id, INSTAGRAM) == {INSTAGRAM: ("connected", None)}
    assert world.platforms.graph.pages[PAGE].subscribed == list(FIELDS)


async def test_callback_that_comes_twice_shows_the_outcome_of_the_first(
    world: ConnectWorld, browser: Browser
) -> None:
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)

    first, again = await browser.open(back), await browser.open(back)

    assert first == again
    assert first[0] == 303
    flow_id = first[1].partition("?flow=")[2]
    once = await browser.finish(flow_id, PAGE)
    assert await browser.finish(flow_id, PAGE) == once == {PAGE: ("connected", None)}
    assert (await world.audited()).count("account_connected") == 1


async def test_state_is_good_for_one_code(world: ConnectWorld, browser: Browser) -> None:
    """Another code under a used state changes nothing: the first one counts."""
    dialog = await browser.start(world.bot_id, "facebook")
    _, location = await browser.open(await browser.walk(dialog, PAGE))
    path = f"connect-flows/{location.partition('?flow=')[2]}"
    first = await browser.call("GET", path)

    other = await browser.walk(dialog, OUTLET_PAGE)

    assert await browser.open(other) == (303, location)
    assert await browser.call("GET", path) == first
    assert [one["account_id"] for one in first[1]["accounts"]] == [PAGE, INSTAGRAM]


@pytest.mark.parametrize("signed_in", [False, True], ids=["nobody", "somebody else"])
async def test_answer_in_another_browser_is_refused_and_spoils_nothing(
    world: ConnectWorld, browser: Browser, signed_in: bool
) -> None:
    """A link with somebody's code must not connect their pages to our bot, nor ours to theirs."""
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)

    async with Browser(world.url) as other:
        if signed_in:
            await other.sign_in(await hire(world, "binh", "admin"))
        status, page = await other.open(back)

    assert status == 403
    assert "Trình duyệt này" in page
    assert 'href="/settings/accounts"' in page
    assert (await browser.open(back))[0] == 303


@pytest.mark.parametrize(
    "query", ["", "?state=", "?state=unknown&code=x", f"?state={'s' * 5000}&code=x", "?code=x"]
)
async def test_unknown_state_is_told_to_start_again(browser: Browser, query: str) -> None:
    status, page = await browser.open(f"{browser.url}/connect/facebook/callback{query}")

    assert status == 404
    assert "hết hạn" in page
    assert "start again" in page


async def test_flow_ends_after_a_quarter_of_an_hour(
    world: ConnectWorld, browser: Browser, clock: FixedClock
) -> None:
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)
    clock.advance(timedelta(minutes=15))

    assert (await browser.open(back))[0] == 404


async def test_state_of_one_channel_is_nothing_to_the_other(
    world: ConnectWorld, browser: Browser
) -> None:
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)

    assert (await browser.open(back.replace("/facebook/", "/zalo/")))[0] == 404


async def test_person_who_does_not_agree_is_led_back(world: ConnectWorld, browser: Browser) -> None:
    dialog = await browser.start(world.bot_id, "facebook")
    back = await browser.walk(dialog, decision="deny")

    for _ in range(2):
        status, page = await browser.open(back)
        assert status == 409
        assert "không cấp quyền" in page
        assert "Permission was not given" in page
    assert (await world.audited())[-1] == "account_connect_failed"


async def test_person_who_ticks_nothing_is_told(world: ConnectWorld, browser: Browser) -> None:
    back = await browser.walk(await browser.start(world.bot_id, "facebook"))

    status, page = await browser.open(back)

    assert status == 409
    assert "No page or OA was shared" in page


async def test_code_that_meta_refuses_fails_the_flow(world: ConnectWorld, browser: Browser) -> None:
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)
    spoilt = back.replace("code=AQ", "code=AQ0")

    assert (await browser.open(spoilt))[0] == 409
    assert "used or expired" in (await browser.open(back))[1]


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        pytest.param(Fault.RESET_BEFORE, 503, id="no answer"),
        pytest.param(Fault.SERVER_ERROR, 503, id="gateway"),
        pytest.param(Refusal(code=101), 409, id="wrong app"),
    ],
)
async def test_trouble_at_meta_is_told_and_the_code_not_tried_again(
    world: ConnectWorld, browser: Browser, trouble: Fault | Refusal, status: int
) -> None:
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)
    # a GET on a kept connection is repeated once by the HTTP client itself
    world.platforms.faults.script("token", trouble, trouble)

    assert (await browser.open(back))[0] == status
    assert (await browser.open(back))[0] == status


async def test_death_between_the_answer_and_the_save_is_found_out(
    world: ConnectWorld, browser: Browser, clock: FixedClock
) -> None:
    """The process that had the right to exchange is gone, and the code with it."""
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)
    dead = {"stage": "exchanging", "exchange_until": clock.now() + timedelta(minutes=2)}
    flow = await world.mongo["connect_flows"].find_one_and_update({}, {"$set": dead})
    assert flow is not None

    status, page = await browser.open(back)
    assert status == 409
    assert "being completed" in page
    clock.advance(timedelta(minutes=2))

    _, shown = await browser.call("GET", f"connect-flows/{flow['_id']}")
    assert (shown["state"], shown["problem"]["code"]) == ("failed", "connect_interrupted")
    status, page = await browser.open(back)
    assert status == 409
    assert "bắt đầu lại" in page


async def test_page_of_another_bot_stays_there(world: ConnectWorld, browser: Browser) -> None:
    await browser.finish(await browser.granted(world.other_bot_id, "facebook", PAGE), PAGE)
    before = await world.account(PAGE_KEY)

    flow_id = await browser.granted(world.bot_id, "facebook", PAGE, OUTLET_PAGE)
    _, flow = await browser.call("GET", f"connect-flows/{flow_id}")

    assert flow["accounts"][0]["connected"] == {
        "bot_id": world.other_bot_id,
        "bot_name": "Shop Giày",
    }
    assert await browser.finish(flow_id, PAGE, OUTLET_PAGE) == {
        PAGE: ("belongs_to_another_bot", None),
        OUTLET_PAGE: ("connected", None),
    }
    assert await world.account(PAGE_KEY) == before


async def test_page_that_cannot_be_subscribed_is_connected_and_says_so(
    world: ConnectWorld, browser: Browser
) -> None:
    """A repeat tries again, and then it is simply connected."""
    world.platforms.graph.subscriptions.refused = set(FIELDS)
    flow_id = await browser.granted(world.bot_id, "facebook", PAGE)

    assert await browser.finish(flow_id, PAGE) == {PAGE: ("subscription_failed", "100")}
    assert (await world.account(PAGE_KEY))["subscription"]["state"] == "failed"

    world.platforms.graph.subscriptions.refused = set()
    assert await browser.finish(flow_id, PAGE) == {PAGE: ("connected", None)}
    assert (await world.account(PAGE_KEY))["subscription"]["state"] == "ok"


async def test_permissions_that_were_left_out_are_named(
    world: ConnectWorld, browser: Browser
) -> None:
    world.platforms.graph.pages.declined = {"pages_manage_engagement"}

    flow_id = await browser.granted(world.bot_id, "facebook", PAGE)

    _, flow = await browser.call("GET", f"connect-flows/{flow_id}")
    assert flow["missing_permissions"] == ["pages_manage_engagement"]


async def test_account_that_was_not_found_cannot_be_finished(
    world: ConnectWorld, browser: Browser
) -> None:
    flow_id = await browser.granted(world.bot_id, "facebook", PAGE)

    status, problem = await browser.call(
        "POST", f"connect-flows/{flow_id}/finish", json={"account_ids": [OUTLET_PAGE]}
    )

    assert status == 422
    assert problem["errors"][0]["code"] == "unknown_account"
    assert await world.mongo["accounts"].find_one({"_id": OUTLET_KEY}) is None


async def test_flow_is_its_owner_s_alone_and_ready_before_it_is_finished(
    world: ConnectWorld, browser: Browser
) -> None:
    await browser.start(world.bot_id, "facebook")
    flow = await world.mongo["connect_flows"].find_one({})
    assert flow is not None
    path, body = f"connect-flows/{flow['_id']}", {"account_ids": [PAGE]}

    assert (await browser.call("POST", f"{path}/finish", json=body))[1][
        "code"
    ] == "connect_flow_not_ready"
    async with Browser(world.url) as other:
        await other.sign_in(await hire(world, "binh", "admin"))
        assert (await other.call("GET", path))[0] == 404
        assert (await other.call("POST", f"{path}/finish", json=body))[0] == 404


async def test_only_admins_with_a_browser_connect(world: ConnectWorld, browser: Browser) -> None:
    path, body = f"bots/{world.bot_id}/connect", {"channel": "facebook"}
    _, token = await browser.call(
        "POST", "tokens", json={"name": "máy", "scopes": ["read", "write", "admin"]}
    )
    bearer = {"Authorization": f"Bearer {token['secret']}"}

    async with Browser(world.url) as other:
        status, problem = await other.call("POST", path, json=body, headers=bearer)
        assert (status, problem["code"]) == (403, "connect_session_needed")
        await other.sign_in(await hire(world, "lan", "manager"))
        assert (await other.call("POST", path, json=body))[0] == 403
    assert (await browser.call("POST", "bots/nobody/connect", json=body))[0] == 404
    assert (await browser.call("POST", path, json={"channel": "instagram"}))[0] == 422


async def test_host_that_a_request_names_is_believed_on_loopback_only(
    world: ConnectWorld, browser: Browser
) -> None:
    """Otherwise a forged Host would send the platform's code to somebody else's server."""
    status, problem = await browser.call(
        "POST",
        f"bots/{world.bot_id}/connect",
        json={"channel": "facebook"},
        headers={"Host": "evil.example"},
    )

    assert (status, problem["code"]) == (409, "public_url_missing")


async def test_configured_address_is_where_the_browser_comes_back(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> None:
    url = "https://chat.shop.example"
    async with (
        connect_world(mongo, mongo_uri, tmp_path, clock, public_url=url) as world,
        Browser(world.url) as browser,
    ):
        await browser.sign_in()
        dialog = await browser.start(world.bot_id, "facebook")

    asked = parse_qs(urlsplit(dialog).query)
    assert asked["redirect_uri"] == [f"{url}/connect/facebook/callback"]
