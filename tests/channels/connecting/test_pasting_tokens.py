"""Tokens that are pasted are checked before they are kept; accounts that leave are seen off."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.demo.faults import Fault
from channels.config import FacebookConfig, ZaloConfig
from channels.connecting.checking import Checking
from channels.connecting.facebook import FacebookLogin
from channels.facebook.client import GraphClient
from channels.facebook.subscribing import FIELDS
from channels.http import HttpClient
from channels.zalo.client import ZaloApi
from inbox.clock import FixedClock
from inbox.errors import InvalidInput
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from tests.channels.scripted_platform import Reply, scripted_platform
from tests.connect_world import (
    INSTAGRAM,
    INSTAGRAM_KEY,
    OA,
    OA_KEY,
    OUTLET_PAGE,
    PAGE,
    PAGE_KEY,
    Browser,
    ConnectWorld,
    connect_world,
)
from tests.waiting import until


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


def account(channel: str, account_id: str, **credentials: str) -> dict[str, object]:
    return {
        "channel": channel,
        "account_id": account_id,
        "name": "Trang",
        "credentials": credentials,
    }


async def test_right_tokens_are_kept_and_their_pages_subscribed(
    world: ConnectWorld, browser: Browser
) -> None:
    path, token = f"bots/{world.bot_id}/accounts", world.page_token(PAGE)
    pair = world.platforms.zalo.tokens.pair(OA).credentials()

    for body in (
        account("facebook", PAGE, access_token=f" {token}\n"),
        account("instagram", INSTAGRAM, access_token=token),
        account("zalo", OA, **pair),
    ):
        assert (await browser.call("POST", path, json=body))[0] == 201

    assert world.platforms.graph.pages[PAGE].subscribed == list(FIELDS)
    kept = await world.service.bots.credentials(INSTAGRAM_KEY)
    assert kept == {"access_token": token, "page_id": PAGE}
    _, listed = await browser.call("GET", "accounts")
    states = {
        one["channel"]: (one["health"]["state"], (one["subscription"] or {}).get("state"))
        for one in listed["items"]
    }
    assert states == {"facebook": ("ok", "ok"), "instagram": ("ok", "ok"), "zalo": ("ok", None)}


async def test_wrong_tokens_are_refused_with_their_reason_and_nothing_is_kept(
    world: ConnectWorld, browser: Browser
) -> None:
    world.platforms.graph.pages.kill(OUTLET_PAGE)
    pair = world.platforms.zalo.tokens.pair(OA).credentials()
    path = f"bots/{world.bot_id}/accounts"

    for body, code in (
        (account("facebook", OUTLET_PAGE, access_token=world.page_token(PAGE)), "another_account"),
        (account("instagram", "1784", access_token=world.page_token(PAGE)), "another_account"),
        (account("facebook", OUTLET_PAGE, access_token=world.page_token(OUTLET_PAGE)), "refused"),
        (account("facebook", PAGE, access_token="EAAnonsense"), "refused"),
        (account("facebook", PAGE, page_id=PAGE), "required"),
        (account("zalo", OA, access_token="nonsense"), "refused"),
        (account("zalo", "4000", **pair), "another_account"),
    ):
        status, problem = await browser.call("POST", path, json=body)
        assert status == 422, body["account_id"]
        [wrong] = problem["errors"]
        assert wrong["field"] == "credentials.access_token"
        assert wrong["code"].endswith(code)
        assert wrong["message"]

    assert await world.mongo["accounts"].count_documents({}) == 0


async def test_new_bot_says_which_of_its_accounts_has_the_wrong_token(
    world: ConnectWorld, browser: Browser
) -> None:
    accounts = [
        account("facebook", PAGE, access_token=world.page_token(PAGE)),
        account("facebook", OUTLET_PAGE, access_token=world.page_token(PAGE)),
    ]

    status, problem = await browser.call("POST", "bots", json={"name": "Mới", "accounts": accounts})

    assert status == 422
    assert problem["errors"][0]["field"] == "accounts.1.credentials.access_token"
    assert await world.mongo["bots"].count_documents({"name": "Mới"}) == 0


async def test_token_without_a_needed_permission_is_refused(
    world: ConnectWorld, browser: Browser
) -> None:
    world.platforms.graph.pages.declined = {"pages_messaging"}

    status, problem = await browser.call(
        "POST",
        f"bots/{world.bot_id}/accounts",
        json=account("facebook", PAGE, access_token=world.page_token(PAGE)),
    )

    assert status == 422
    assert "pages_messaging" in problem["errors"][0]["message"]


async def test_platform_that_does_not_answer_is_told_and_nothing_is_kept(
    world: ConnectWorld, browser: Browser
) -> None:
    faults = world.platforms.faults
    pair = world.platforms.zalo.tokens.pair(OA).credentials()
    for body in (
        account("facebook", PAGE, access_token=world.page_token(PAGE)),
        account("zalo", OA, **pair),
    ):
        faults.script("other", Fault.SERVER_ERROR)
        status, problem = await browser.call("POST", f"bots/{world.bot_id}/accounts", json=body)
        assert (status, problem["code"]) == (503, "connect_platform_silent")

    assert await world.mongo["accounts"].count_documents({}) == 0


async def test_token_that_another_app_made_is_refused(mongo: Mongo, clock: FixedClock) -> None:
    """Its webhooks would go to that app's server."""
    async with scripted_platform() as graph:
        config = FacebookConfig(
            api_url=graph.url,
            app_id="1",
            app_secrets=(SecretStr("s"),),
            timeout=timedelta(seconds=1),
        )
        http = HttpClient()
        client = GraphClient(http, config)
        zalo = ZaloApi(http, ZaloConfig(), Buckets(mongo, clock))
        checking = Checking(FacebookLogin(http, client, config), client, zalo, app_id="1")
        told = {"app_id": "2", "is_valid": True, "scopes": ["pages_messaging"]}
        graph.will(Reply({"id": "77", "name": "Trang"}), Reply({"data": told}))

        with pytest.raises(InvalidInput) as refused:
            await checking.check("facebook", "77", {"access_token": "EAA"}, "credentials")

        await http.close()
    assert refused.value.errors[0].code == "token_of_another_app"
    asked = graph.received[1]
    assert asked.query == {"input_token": "EAA", "access_token": "1|s"}


async def test_account_that_is_disconnected_stops_sending_and_forgets_its_secrets(
    world: ConnectWorld, browser: Browser
) -> None:
    """What was said stays."""
    path = f"bots/{world.bot_id}/accounts"
    body = account("facebook", PAGE, access_token=world.page_token(PAGE))
    await browser.call("POST", path, json=body)
    world.platforms.customer_writes(PAGE, "7312094485501276", "Còn hàng không?")
    await until(lambda: _said(world))

    assert (await browser.call("DELETE", f"{path}/{PAGE_KEY}"))[0] == 204

    assert world.platforms.graph.pages[PAGE].subscribed is None
    assert await world.mongo["accounts"].find_one({"_id": PAGE_KEY}) is None
    assert await world.mongo["messages"].count_documents({}) == 1
    assert (await world.audited())[-1] == "account_disconnected"
    assert (await browser.call("DELETE", f"{path}/{PAGE_KEY}"))[0] == 404


async def test_page_goes_on_sending_for_its_instagram_account(
    world: ConnectWorld, browser: Browser
) -> None:
    path, token = f"bots/{world.bot_id}/accounts", world.page_token(PAGE)
    for channel, account_id in (("facebook", PAGE), ("instagram", INSTAGRAM)):
        await browser.call("POST", path, json=account(channel, account_id, access_token=token))

    await browser.call("DELETE", f"{path}/{PAGE_KEY}")
    assert world.platforms.graph.pages[PAGE].subscribed == list(FIELDS)
    await browser.call("DELETE", f"{path}/{INSTAGRAM_KEY}")
    assert world.platforms.graph.pages[PAGE].subscribed is None


@pytest.mark.parametrize("by_dialog", [True, False], ids=["by dialog", "pasted"])
async def test_message_that_was_held_goes_out_when_its_page_is_connected_again(
    world: ConnectWorld, browser: Browser, by_dialog: bool
) -> None:
    await browser.finish(await browser.granted(world.bot_id, "facebook", PAGE), PAGE)
    world.platforms.meet(PAGE, "7312094485501276")
    world.platforms.customer_writes(PAGE, "7312094485501276", "Còn hàng không?")
    await until(lambda: _said(world))
    world.platforms.graph.pages.kill(PAGE)
    conversation = await world.mongo["conversations"].find_one({})
    assert conversation is not None
    path = f"conversations/{conversation['_id']}/messages"
    sent = {"client_id": "00000000-0000-4000-8000-000000000001", "text": "Dạ còn ạ"}
    assert (await browser.call("POST", path, json=sent))[0] in (200, 201, 202)
    await until(lambda: _health_is(world, "reauth"))
    assert not world.platforms.ledger.received

    if by_dialog:
        flow_id = await browser.granted(world.bot_id, "facebook", PAGE)
        assert await browser.finish(flow_id, PAGE) == {PAGE: ("reconnected", None)}
    else:
        world.platforms.graph.pages.accounts()  # a login elsewhere, which gives a new token
        renewed = {"credentials": {"access_token": world.page_token(PAGE)}}
        path = f"bots/{world.bot_id}/accounts/{PAGE_KEY}/credentials"
        status, state = await browser.call("POST", path, json=renewed)
        assert (status, state["health"]["state"]) == (200, "ok")

    await until(lambda: bool(world.platforms.ledger.received))
    assert await _health_is(world, "ok")


async def test_credentials_are_replaced_only_by_right_ones_of_an_account_of_the_bot(
    world: ConnectWorld, browser: Browser
) -> None:
    pair = world.platforms.zalo.tokens.pair(OA).credentials()
    await browser.call("POST", f"bots/{world.bot_id}/accounts", json=account("zalo", OA, **pair))
    before = await world.account(OA_KEY)
    path = f"accounts/{OA_KEY}/credentials"

    wrong = {"credentials": {"access_token": "nonsense"}}
    assert (await browser.call("POST", f"bots/{world.bot_id}/{path}", json=wrong))[0] == 422
    right = {"credentials": pair}
    other = await browser.call("POST", f"bots/{world.other_bot_id}/{path}", json=right)
    assert other[0] == 404
    nobody = f"bots/{world.bot_id}/accounts/nobody/credentials"
    assert (await browser.call("POST", nobody, json=right))[0] == 404

    after = await world.account(OA_KEY)
    assert after["credentials"] == before["credentials"]


async def _said(world: ConnectWorld) -> bool:
    return await world.mongo["messages"].count_documents({}) > 0


async def _health_is(world: ConnectWorld, state: str) -> bool:
    return bool((await world.account(PAGE_KEY))["health"]["state"] == state)
