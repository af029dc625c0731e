"""Another product names somebody by a phone, an address or an id, and only who is seen is found."""

from collections.abc import AsyncIterator

import pytest

from inbox.customers.locating.routes import LocatingRoutes
from inbox.customers.locating.store import LocatingStore
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import Api, World, an_actor, minutes, serve

NOBODY = {"customer_id": None, "conversation_id": None}


@pytest.fixture
async def api(mongo: Mongo) -> AsyncIterator[Api]:
    actors = (an_actor("lan", "bot1"), an_actor("guest", "bot2"), an_actor("boss", role="admin"))
    api = await serve([LocatingRoutes(LocatingStore(mongo))], *actors)
    yield api
    await api.close()


@pytest.fixture
async def hoa(mongo: Mongo) -> dict[str, str]:
    world = World(mongo)
    await mongo["accounts"].insert_one(
        {"_id": account_key("zalo", "oa1"), "channel": "zalo", "account_id": "oa1"}
    )
    customer = await world.customer("Hoa", phones=["+84912345678"], emails=["hoa@shop.vn"])
    await world.conversation(customer, at=minutes(1))
    newest = await world.conversation(customer, at=minutes(2))
    await mongo["redirects"].insert_one({"_id": "old", "to": customer})
    return {"customer_id": customer, "conversation_id": newest}


@pytest.mark.parametrize(
    "known",
    [
        pytest.param({"phone": "0912 345 678"}, id="phone in another spelling"),
        pytest.param({"email": "Hoa@Shop.vn"}, id="address in another case"),
        pytest.param({"identifier": "person-1"}, id="the channel's id"),
        pytest.param({"identifier": "old"}, id="id from before a merge"),
        pytest.param({"identifier": "crm-7", "phone": "+84912345678"}, id="an unknown id first"),
        pytest.param({"identifier": " ", "phone": "", "email": "hoa@shop.vn"}, id="blanks"),
    ],
)
async def test_a_person_is_found_by_what_is_known_of_them(
    api: Api, hoa: dict[str, str], known: dict[str, str]
) -> None:
    assert (await api.call("POST", "/customers/locate", "lan", json=known)).json == hoa
    assert (await api.call("POST", "/customers/locate", "boss", json=known)).json == hoa
    # Somebody of another bot is not even told that there is one.
    assert (await api.call("POST", "/customers/locate", "guest", json=known)).json == NOBODY


async def test_our_own_id_is_an_identifier(api: Api, hoa: dict[str, str]) -> None:
    body = {"identifier": hoa["customer_id"]}
    assert (await api.call("POST", "/customers/locate", "lan", json=body)).json == hoa


@pytest.mark.parametrize(
    "known", [{}, {"phone": "không có"}, {"email": "ai@do.vn"}, {"identifier": "$ne"}]
)
async def test_nobody_is_found_by_nothing(
    api: Api, hoa: dict[str, str], known: dict[str, str]
) -> None:
    assert hoa
    assert (await api.call("POST", "/customers/locate", "lan", json=known)).json == NOBODY
