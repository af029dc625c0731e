"""Pages are subscribed to all that we understand, and are looked after until they lose it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.facebook.access import PageAccounts
from channels.facebook.store import Subscription, SubscriptionStore
from channels.facebook.subscribing import FIELDS, NEWER_FIELDS, NOT_SUBSCRIBED, Subscribing
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Document, Mongo
from inbox.ports import AccountRef, SendError, SendUnavailable
from tests.channels.facebook.graph_world import (
    ACCOUNT,
    INSTAGRAM_ACCOUNT,
    PAGE_ID,
    World,
    graph_world,
    refusal,
)
from tests.channels.scripted_platform import Reply, Reset

APP_ID = "5550001"
DONE = Reply({"success": True})


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with graph_world(mongo, clock) as world:
        for account in (ACCOUNT, INSTAGRAM_ACCOUNT):
            await mongo["accounts"].insert_one(
                {"_id": account.key, "channel": account.channel, "account_id": account.account_id}
            )
        yield world


def subscribing(world: World) -> Subscribing:
    accounts = PageAccounts(world.credentials)
    store = SubscriptionStore(world.mongo)
    return Subscribing(world.client, accounts, store, world.clock, app_id=APP_ID)


async def kept(world: World, account: AccountRef = ACCOUNT) -> Document:
    document = await world.mongo["accounts"].find_one({"_id": account.key})
    assert document is not None
    found: Document = document["subscription"]
    return found


def listing(*fields: str, app_id: str = APP_ID) -> Reply:
    return Reply({"data": [{"id": app_id, "subscribed_fields": list(fields)}]})


async def test_page_is_subscribed_to_every_field_that_is_understood(world: World) -> None:
    world.graph.will(DONE)

    found = await subscribing(world).subscribe(ACCOUNT)

    [call] = world.graph.received
    assert (call.method, call.path) == ("POST", f"/v26.0/{PAGE_ID}/subscribed_apps")
    assert call.json == {"subscribed_fields": ",".join(FIELDS)}
    assert found == Subscription("ok", FIELDS, page=PAGE_ID)
    assert await kept(world) == {
        "state": "ok",
        "fields": list(FIELDS),
        "page": PAGE_ID,
        "checked_at": world.clock.now(),
    }


async def test_field_that_a_page_refuses_does_not_cost_the_others(world: World) -> None:
    world.graph.will(refusal(100), DONE)

    found = await subscribing(world).subscribe(ACCOUNT)

    assert found.state == "ok"
    assert set(FIELDS) - set(found.fields) == NEWER_FIELDS


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        pytest.param(refusal(190, 460), "190/460", id="dead token"),
        pytest.param(refusal(200), "200", id="no permission"),
        pytest.param(Reset(after_reading=True), "send_unavailable", id="no answer"),
    ],
)
async def test_page_that_cannot_be_subscribed_is_marked(
    world: World, step: Any, reason: str
) -> None:
    world.graph.will(step)

    found = await subscribing(world).subscribe(ACCOUNT)

    assert (found.state, found.reason) == ("failed", reason)
    assert (await kept(world))["reason"] == reason


async def test_instagram_account_is_subscribed_through_its_page(world: World) -> None:
    world.graph.will(Reply({"id": PAGE_ID}), DONE)

    found = await subscribing(world).subscribe(INSTAGRAM_ACCOUNT)

    assert [one.path for one in world.graph.received] == [
        "/v26.0/me",
        f"/v26.0/{PAGE_ID}/subscribed_apps",
    ]
    assert (found.state, found.page) == ("ok", PAGE_ID)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        pytest.param(listing(*FIELDS), "ok", id="all"),
        pytest.param(listing(*(set(FIELDS) - NEWER_FIELDS)), "ok", id="all but the newer"),
        pytest.param(listing("messages"), "failed", id="a part"),
        pytest.param(listing(*FIELDS, app_id="777"), "failed", id="another app"),
        pytest.param(Reply({"data": []}), "failed", id="none"),
        pytest.param(
            Reply({"data": [{"id": APP_ID, "subscribed_fields": [{"name": n} for n in FIELDS]}]}),
            "ok",
            id="as objects",
        ),
    ],
)
async def test_lost_subscription_is_seen(world: World, answer: Reply, state: str) -> None:
    world.graph.will(answer)

    found = await subscribing(world).subscribed(ACCOUNT)

    assert found.state == state
    assert found.reason == (NOT_SUBSCRIBED if state == "failed" else None)
    assert (await kept(world))["state"] == state


async def test_page_that_does_not_answer_is_not_taken_for_unsubscribed(world: World) -> None:
    watched = subscribing(world)
    cut = Reset(after_reading=True)  # a GET on a kept connection is repeated once by itself
    world.graph.will(DONE, cut, cut, refusal(190, 460))
    await watched.subscribe(ACCOUNT)

    with pytest.raises(SendUnavailable):
        await watched.subscribed(ACCOUNT)
    with pytest.raises(SendError):
        await watched.subscribed(ACCOUNT)

    assert (await kept(world))["state"] == "ok"


async def test_page_goes_on_sending_while_its_instagram_account_is_connected(world: World) -> None:
    leaving = subscribing(world)
    world.graph.will(Reply({"id": PAGE_ID}), DONE)
    await leaving.subscribe(INSTAGRAM_ACCOUNT)

    assert not await leaving.unsubscribe(ACCOUNT)
    assert all(call.method != "DELETE" for call in world.graph.received)

    await world.mongo["accounts"].delete_one({"_id": INSTAGRAM_ACCOUNT.key})
    world.graph.will(DONE)
    assert await leaving.unsubscribe(ACCOUNT)
    assert world.graph.received[-1].method == "DELETE"


async def test_account_that_is_gone_is_not_made_by_a_look(world: World) -> None:
    nobody = AccountRef(account_key("facebook", "404"), "facebook", "404")

    assert (await subscribing(world).subscribe(nobody)).reason == "token_dead"

    assert await world.mongo["accounts"].find_one({"_id": nobody.key}) is None
