"""The door for webhooks of CRMs: who is believed, what is read, and what comes of it."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from structlog.testing import capture_logs

from crm_sync.connectors.webhook.inbound import LONGEST_BODY
from crm_sync.hinting.reading import LONGEST_ID, MOST_IDS, is_token, record_ids
from crm_sync.mapping.presets import CrmKind
from inbox import metrics
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.standard_webhooks import keys_of, sign
from tests.crm_sync.two_way_shop import usual
from tests.crm_sync.wired_shop import CRM, PHONE, WiredShop

NEW, OLD = "a-new-secret-of-the-crm-0000", "the-old-secret-of-the-crm-00"
PATH = f"/webhooks/crm/{CRM}"
CHANGED = json.dumps({"type": "customer.changed", "crm_id": "1"}).encode()

Open = Callable[..., Awaitable["Door"]]


class Door:
    """Where the CRM knocks."""

    def __init__(self, shop: WiredShop, client: "TestClient[Any, Any]") -> None:
        self.shop, self.client = shop, client

    async def knock(self, body: bytes, path: str = PATH, **headers: str) -> tuple[int, str]:
        async with self.client.post(path, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.text()

    def signed(self, body: bytes, secret: str = NEW, *, ago_s: int = 0) -> dict[str, str]:
        at = int(self.shop.clock.now().timestamp()) - ago_s
        return {
            "Webhook-Id": "hint-1",
            "Webhook-Timestamp": str(at),
            "Webhook-Signature": sign(keys_of(secret), "hint-1", at, body),
        }

    async def polled(self) -> dict[str, Any]:
        found = await self.shop.mongo["crm_connections"].find_one({"_id": CRM})
        assert found is not None
        return found

    async def hinted(self) -> list[str]:
        return [one["id"] for one in (await self.polled()).get("hints") or ()]


@pytest.fixture
async def open_door(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Open]:
    doors: list[Door] = []

    async def opened(kind: CrmKind = "webhook", secret: str | None = f"{NEW} {OLD}") -> Door:
        shop = WiredShop(mongo, clock, usual(), kind=kind, hint_secret=secret)
        await shop.open()
        doors.append(Door(shop, await shop.doors()))
        return doors[-1]

    yield opened
    for one in doors:
        await one.client.close()


async def looked(door: Door) -> None:
    """A customer is linked, and the next look at the CRM is a minute away."""
    await door.shop.linked(phones=[PHONE], note="a")
    door.shop.clock.advance(timedelta(seconds=10))
    await door.shop.poll()
    assert await door.shop.app.polling.step() == 0


async def test_signed_hint_has_the_record_read_again_at_once(open_door: Open) -> None:
    door = await open_door()
    await looked(door)
    door.shop.crm.edit_as_person("1", note="từ CRM")
    # as if the change were one that a poll does not find: it is long ago by the CRM's clock
    record = door.shop.crm.records["1"]
    long_ago = record.changed_at.replace(year=2020) if record.changed_at else None
    assert long_ago is not None
    door.shop.crm.records["1"] = door.shop.crm.dated("1", long_ago)

    assert await door.knock(CHANGED, **door.signed(CHANGED)) == (200, "ok")
    assert await door.knock(CHANGED, **door.signed(CHANGED)) == (200, "ok")

    assert await door.hinted() == ["1"]
    door.shop.clock.advance(timedelta(seconds=10))
    await door.shop.poll()
    customer = await door.shop.mongo["customers"].find_one({})
    assert customer is not None
    assert customer["note"] == "từ CRM"
    assert await door.hinted() == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("odoo", b'{"_model": "res.partner", "_id": 1, "name": "X"}', id="odoo"),
        pytest.param("hubspot", b'[{"objectId": 1, "propertyValue": "X"}]', id="hubspot"),
        pytest.param(
            "bitrix24",
            b"event=ONCRMCONTACTUPDATE&data%5BFIELDS%5D%5BID%5D=1",
            id="bitrix24",
        ),
    ],
)
async def test_record_of_a_crm_that_does_not_sign_is_read_again(
    open_door: Open, kind: CrmKind, body: bytes
) -> None:
    door = await open_door(kind)
    await looked(door)
    door.shop.crm.edit_as_person("1", note="từ CRM")

    assert await door.knock(body, f"{PATH}?token={NEW}") == (200, "ok")
    assert await door.hinted() == ["1"]
    door.shop.clock.advance(timedelta(seconds=10))
    await door.shop.poll()

    customer = await door.shop.mongo["customers"].find_one({})
    assert customer is not None
    assert customer["note"] == "từ CRM"


async def test_body_that_names_no_record_makes_the_next_look_come_at_once(open_door: Open) -> None:
    door = await open_door("getfly")
    await looked(door)
    door.shop.crm.edit_as_person("1", note="từ CRM")

    assert await door.knock(b"anything", f"{PATH}?token={NEW}") == (200, "ok")

    due_at = (await door.polled())["poll"]["due_at"]
    assert due_at - door.shop.clock.now() <= timedelta(seconds=10)
    door.shop.clock.advance(timedelta(seconds=10))
    await door.shop.poll()
    customer = await door.shop.mongo["customers"].find_one({})
    assert customer is not None
    assert customer["note"] == "từ CRM"


@pytest.mark.parametrize(("secret", "status"), [(NEW, 200), (OLD, 200), ("x" * 30, 401)])
@pytest.mark.parametrize("kind", ["webhook", "odoo"])
async def test_either_secret_opens_while_they_are_exchanged(
    open_door: Open, kind: CrmKind, secret: str, status: int
) -> None:
    door = await open_door(kind)
    body = CHANGED if kind == "webhook" else b'{"_id": 1}'
    headers = door.signed(body, secret) if kind == "webhook" else {}
    path = PATH if kind == "webhook" else f"{PATH}?token={secret}"

    assert (await door.knock(body, path, **headers))[0] == status


@pytest.mark.parametrize("kind", ["webhook", "odoo", "hubspot", "bitrix24", "getfly"])
@pytest.mark.parametrize("secret", [None, NEW])
async def test_nobody_is_believed_without_a_secret(
    open_door: Open, kind: CrmKind, secret: str | None
) -> None:
    door = await open_door(kind, secret)
    counted = metrics.webhooks_total.labels("crm", "crm_hint_not_signed")
    before = counted._value.get()

    for path in (PATH, f"{PATH}?token=", f"{PATH}?token=%20", f"{PATH}?token=None"):
        assert await door.knock(CHANGED, path) == (401, "crm_hint_not_signed")

    assert "hints" not in await door.polled()
    assert counted._value.get() == before + 4


async def test_signature_of_another_time_or_body_is_refused(open_door: Open) -> None:
    door = await open_door()
    old, other = door.signed(CHANGED, ago_s=301), door.signed(b"[]")

    assert await door.knock(CHANGED, **old) == (401, "crm_hint_too_old")
    assert await door.knock(CHANGED, **other) == (401, "crm_hint_not_signed")
    assert await door.knock(CHANGED, f"{PATH}?token={NEW}") == (401, "crm_hint_not_signed")


async def test_signed_body_that_cannot_be_read_is_the_senders_fault(open_door: Open) -> None:
    door = await open_door()
    for body in (b"no json", b'{"type": "customer.sold", "crm_id": "1"}', b'[{"crm_id": 1}]'):
        assert await door.knock(body, **door.signed(body)) == (400, "crm_hint_malformed")


@pytest.mark.parametrize("kind", ["webhook", "odoo"])
async def test_body_that_is_too_large_is_not_read(open_door: Open, kind: CrmKind) -> None:
    door = await open_door(kind)
    body = b" " * (LONGEST_BODY + 1)
    path = f"{PATH}?token={NEW}"

    assert (await door.knock(body, path, **door.signed(body)))[0] == 413


async def test_connection_that_is_not_there_is_not_found(open_door: Open) -> None:
    door = await open_door()
    path = f"/webhooks/crm/other?token={NEW}"
    assert await door.knock(CHANGED, path, **door.signed(CHANGED)) == (404, "not_found")


async def test_hint_of_a_record_that_is_nobodys_does_nothing(open_door: Open) -> None:
    door = await open_door("odoo")
    await looked(door)

    assert (await door.knock(b'{"_id": 99}', f"{PATH}?token={NEW}"))[0] == 200
    door.shop.clock.advance(timedelta(seconds=10))
    await door.shop.poll()

    assert await door.hinted() == []


async def test_nothing_of_a_body_or_a_secret_reaches_the_log(open_door: Open) -> None:
    door = await open_door("odoo")
    body = json.dumps({"_id": 1, "phone": PHONE, "name": "Trần Thị Hoa"}).encode()

    with capture_logs() as logs:
        await door.knock(body, f"{PATH}?token={NEW}")
        await door.knock(body, f"{PATH}?token=wrong-{OLD}")
        door.shop.clock.advance(timedelta(seconds=10))
    await door.shop.poll()

    told = repr(logs)
    assert not [word for word in (PHONE, "Hoa", NEW, OLD) if word in told]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("odoo", b'{"_model": "sale.order", "_id": 1}', id="another model"),
        pytest.param("odoo", b"[1]", id="a list"),
        pytest.param("odoo", b'{"_id": {"$gt": ""}}', id="no plain id"),
        pytest.param("odoo", json.dumps({"_id": "9" * (LONGEST_ID + 1)}).encode(), id="endless id"),
        pytest.param("hubspot", b'{"objectId": 1}', id="no list"),
        pytest.param("hubspot", b"[1, 2]", id="numbers alone"),
        pytest.param("bitrix24", b"\xff\xfe", id="no text"),
        pytest.param("bitrix24", b"", id="empty"),
        pytest.param("getfly", b'{"_id": 1}', id="of a kind that names none"),
    ],
)
def test_what_names_no_record_is_no_hint(kind: CrmKind, body: bytes) -> None:
    assert record_ids(kind, body) == []


def test_no_more_ids_are_read_than_are_kept() -> None:
    body = json.dumps([{"objectId": number} for number in range(MOST_IDS + 5)]).encode()
    assert len(record_ids("hubspot", body)) == MOST_IDS


@pytest.mark.parametrize(
    ("sent", "secrets", "opens"),
    [
        (NEW, NEW, True),
        (OLD, f"{NEW} {OLD}", True),
        (NEW[:-1], NEW, False),
        (f"{NEW} {OLD}", f"{NEW} {OLD}", False),
        ("ổ khoá", "ổ khoá", False),
        ("", "", False),
        (None, NEW, False),
        ("x", "", False),
    ],
)
def test_token_is_one_of_the_secrets(sent: str | None, secrets: str, *, opens: bool) -> None:
    assert is_token(sent, secrets) is opens
