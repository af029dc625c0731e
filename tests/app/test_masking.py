"""Phones and e-mail addresses are masked in every answer for roles that may not read them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.config import LiveConfig
from inbox.customers.masking import is_mask, masked_text
from inbox.http.binding import plain_path
from inbox.live.hub import Hub
from inbox.live.store import LiveStore
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.app.role_world import EMAIL, PHONE, RoleWorld, role_world
from tests.inbox.inbox_world import World, minutes
from tests.waiting import until

MASKED_PHONE, MASKED_EMAIL = "+84912***678", "h***@shop.vn"
SECRET = (PHONE, PHONE.removeprefix("+84"), EMAIL, EMAIL.partition("@")[0])


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> AsyncIterator[RoleWorld]:
    overrides = {"inbox.customers.unmasked_from": "manager"}
    async with role_world(mongo, clock, tmp_path, overrides) as made:
        yield made


@pytest.fixture
def customer(world: RoleWorld) -> str:
    return f"/customers/{world.ids['customer_id']}"


def _tells(answer: Any) -> list[str]:
    return [secret for secret in SECRET if secret in str(answer)]


async def test_no_read_of_the_api_tells_what_is_masked(world: RoleWorld) -> None:
    """X.INB.09: masked in the API, not only on screen; a route that is added is looked at too."""
    told: list[str] = []
    read = 0
    rows = [row for table in world.service.tables() for row in table.table()]
    for row in rows:
        if row.operation.method != "GET" or row.name.startswith(("uploads", "media", "live")):
            continue
        path = plain_path(row.operation.path).removeprefix("/api/v1").format(**world.ids)
        for query in ({}, {"q": "0912345678"}, {"q": EMAIL}, {"q": "hoa", "kind": "messages"}):
            answer = await world.api.get(path, "sale", **query)
            read += answer.status == 200
            told += [f"{row.name} {query}: {one}" for one in _tells(answer.json)]

    assert not told, "\n".join(told)
    assert read > 50


async def test_the_sidebar_and_its_parts_show_masks(world: RoleWorld, customer: str) -> None:
    thread = world.ids["conversation_id"]
    await World(world.mongo).message(thread, "Số mới của em 0987 654 321", at=minutes(5))

    blocks = (await world.api.get(f"/conversations/{thread}/sidebar", "sale")).json["blocks"]

    shown = blocks["customer"]["data"]
    assert (shown["phones"], shown["emails"]) == ([MASKED_PHONE], [MASKED_EMAIL])
    assert shown["attributes"] == {"second": MASKED_PHONE}
    assert blocks["duplicates"]["data"]["items"][0]["same"] == [MASKED_PHONE, MASKED_EMAIL]
    assert blocks["suggestions"]["data"]["items"][0]["value"] == "+84987***321"
    filled = await world.api.get(f"/conversations/{thread}/canned-replies/reply", "sale")
    assert filled.json["text"] == f"Số của chị là {MASKED_PHONE}, {MASKED_EMAIL}"
    [row] = (await world.api.get(f"{customer}/timeline", "sale", type="edited")).json["items"]
    assert row["data"]["after"]["phones"] == [MASKED_PHONE]
    found = (await world.api.get("/search", "sale", q="0912345678")).json["items"]
    assert MASKED_PHONE in {one["snippet"]["text"] for one in found}
    # What people wrote stays as they wrote it.
    messages = (await world.api.get(f"/conversations/{thread}/messages", "sale")).json["items"]
    assert messages[0]["text"] == "Số mới của em 0987 654 321"


@pytest.mark.parametrize("persona", ["manager", "admin", "owner"])
async def test_higher_roles_read_in_full(world: RoleWorld, customer: str, persona: str) -> None:
    shown = (await world.api.get(customer, persona)).json

    assert (shown["phones"], shown["emails"]) == ([PHONE], [EMAIL])


async def test_by_default_nobody_is_masked(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> None:
    async with role_world(mongo, clock, tmp_path) as world:
        path = f"/customers/{world.ids['customer_id']}"
        assert (await world.api.get(path, "bot")).json["phones"] == [PHONE]


async def test_a_bots_token_is_masked_as_a_sale_is(world: RoleWorld, customer: str) -> None:
    assert (await world.api.get(customer, "bot")).json["phones"] == [MASKED_PHONE]


async def test_reading_in_full_is_logged_with_who_and_when(
    world: RoleWorld, customer: str, clock: FixedClock
) -> None:
    """X.INB.09: full view is logged."""
    for field, value in (("phones", [PHONE]), ("emails", [EMAIL])):
        answer = await world.api.call("POST", f"{customer}/reveal", "sale", json={"field": field})
        assert answer.json == {"field": field, "value": value}

    logged = await world.api.get("/audit", "admin", action="customer_revealed")
    assert [(one["actor_id"], one["changes"]) for one in logged.json["items"]] == [
        ("sale", {"emails": {}}),
        ("sale", {"phones": {}}),
    ]
    assert logged.json["items"][0]["target_id"] == world.ids["customer_id"]
    rows = (await world.api.get(f"{customer}/timeline", "sale", type="revealed")).json["items"]
    assert {(one["actor_id"], one["data"]["field"]) for one in rows} == {
        ("sale", "phones"),
        ("sale", "emails"),
    }
    assert not _tells(await world.mongo["audit"].find({"action": "customer_revealed"}).to_list())
    elsewhere = await world.api.call(
        "POST", f"{customer}/reveal", "sale elsewhere", json={"field": "phones"}
    )
    assert elsewhere.status == 403
    assert await world.mongo["audit"].count_documents({"action": "customer_revealed"}) == 2
    wrong = await world.api.call("POST", f"{customer}/reveal", "sale", json={"field": "note"})
    assert wrong.status == 422


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"phones": [MASKED_PHONE]}, id="phone"),
        pytest.param({"phones": ["0987654321", MASKED_PHONE]}, id="beside a new phone"),
        pytest.param({"emails": [MASKED_EMAIL]}, id="address, whose mask is a valid one"),
        pytest.param({"attributes": {"second": MASKED_PHONE}}, id="attribute"),
    ],
)
async def test_a_mask_never_overwrites_what_it_stands_for(
    world: RoleWorld, customer: str, sent: dict[str, Any]
) -> None:
    headers = {"If-Match": "1"}

    answer = await world.api.call("PATCH", customer, "sale", json=sent, headers=headers)

    assert answer.status == 422
    kept = await world.mongo["customers"].find_one({"_id": world.ids["customer_id"]})
    assert kept is not None
    assert (kept["phones"], kept["emails"], kept["version"]) == ([PHONE], [EMAIL], 1)


async def test_a_clash_tells_the_current_values_masked(world: RoleWorld, customer: str) -> None:
    body = {"phones": [PHONE, "0987654321"]}
    first = await world.api.call("PATCH", customer, "manager", json=body, headers={"If-Match": "1"})
    assert first.status == 200

    clash = await world.api.call(
        "PATCH", customer, "sale", json={"phones": ["0911111111"]}, headers={"If-Match": "1"}
    )

    assert clash.status == 412
    assert clash.json["current"]["phones"] == [MASKED_PHONE, "+84987***321"]


async def test_an_edit_of_another_field_answers_masked(world: RoleWorld, customer: str) -> None:
    answer = await world.api.call(
        "PATCH", customer, "sale", json={"note": "gọi buổi tối"}, headers={"If-Match": "1"}
    )

    assert answer.status == 200
    assert answer.json["phones"] == [MASKED_PHONE]


async def test_suggestions_are_decided_about_by_their_masks(
    world: RoleWorld, customer: str
) -> None:
    thread = world.ids["conversation_id"]
    await World(world.mongo).message(thread, "gọi em 0987 654 321 nha", at=minutes(5))
    [one] = (await world.api.get(f"{customer}/suggestions", "sale")).json["items"]
    assert one["value"] == "+84987***321"
    body = {"kind": "phone", "value": one["value"], "decision": "save"}

    saved = await world.api.call("POST", f"{customer}/suggestions", "sale", json=body)
    unknown = await world.api.call(
        "POST", f"{customer}/suggestions", "sale", json={**body, "value": "+84900***000"}
    )

    assert saved.json["phones"] == [MASKED_PHONE, "+84987***321"]
    assert unknown.status == 422
    kept = await world.mongo["customers"].find_one({"_id": world.ids["customer_id"]})
    assert kept is not None
    assert kept["phones"] == [PHONE, "+84987654321"]


class Watching:
    """The way to a client that takes everything."""

    is_behind = False

    def __init__(self) -> None:
        self.written = b""
        self.closed_with: int | None = None

    def write(self, message: bytes) -> None:
        self.written += message

    def close(self, code: int, reason: str) -> None:
        self.closed_with = code


async def _as_they_are(actor: Actor) -> Actor:
    return actor


async def test_live_frames_tell_which_fields_changed_and_no_values(
    world: RoleWorld, customer: str
) -> None:
    wire = Watching()
    hub, stop = Hub(LiveStore(world.mongo), _as_they_are, LiveConfig()), asyncio.Event()
    following = asyncio.create_task(hub.run(stop))
    await hub.watching.wait()
    hub.connect(Actor(id="sale", name="sale", role="sale", bot_ids=frozenset({"bot1"})), wire)

    body = {"phones": ["0987654321"], "emails": ["hoa.nguyen.2@shop.vn"]}
    await world.api.call("PATCH", customer, "manager", json=body, headers={"If-Match": "1"})
    await until(lambda: b"customer_changed" in wire.written)
    stop.set()
    await following

    assert b"987654321" not in wire.written
    assert b"hoa.nguyen" not in wire.written


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("+84912345678", "+84912***678"),
        ("0912 345 678", "+84912***678"),
        ("+842838223344", "+84283***344"),
        ("0912345678 / 0987654321", "+84912***678, +84987***321"),
        ("hoa.nguyen@shop.vn", "h***@shop.vn"),
        ("h@shop.vn", "***@shop.vn"),
    ],
)
def test_masks_leave_enough_to_recognise_and_too_little_to_call(text: str, mask: str) -> None:
    assert masked_text(text) == mask
    assert all(is_mask(one) for one in mask.split(", "))


@pytest.mark.parametrize("text", ["12 Lê Lợi, Quận 1", "Nữ", "5 sao ***", "", "108724531987066"])
def test_what_is_neither_number_nor_address_stays(text: str) -> None:
    assert masked_text(text) == text
    assert not is_mask(text)
