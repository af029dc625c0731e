"""How often and how much Bitrix24 may be asked, and who: what each refusal means to us."""

from datetime import timedelta
from typing import Any

import pytest

from crm_sync.connectors.errors import AuthRefused, CrmBusy, CrmError, InvalidValue
from crm_sync.connectors.http import JsonClient
from crm_sync.connectors.model import Edit
from tests.crm_sync.bitrix24.bitrix24_harness import NAMES, Bitrix24Harness
from tests.crm_sync.bitrix24.portal_clock import LeakyBucket
from tests.crm_sync.bitrix24.portal_contacts import Refused
from tests.crm_sync.bitrix24.portal_server import SECRET
from tests.crm_sync.contract import NOON, a_record


async def test_bucket_takes_fifty_at_once_and_two_a_second_after_that(
    harness: Bitrix24Harness,
) -> None:
    clock = harness.portal.clock
    clock.tick = timedelta(0)
    harness.server.bucket = LeakyBucket(clock)
    for _ in range(50):
        await harness.connector.check()

    with pytest.raises(CrmBusy) as busy:
        await harness.connector.check()
    assert busy.value.retry_after_s == 1.0

    clock.now += timedelta(seconds=busy.value.retry_after_s)
    await harness.connector.check()
    await harness.connector.check()
    with pytest.raises(CrmBusy):
        await harness.connector.check()


async def test_bucket_that_is_full_does_nothing_and_all_is_well_later(
    harness: Bitrix24Harness,
) -> None:
    clock = harness.portal.clock
    record_id = await a_record(harness)
    clock.tick = timedelta(0)
    harness.server.bucket = LeakyBucket(clock, burst=0)

    with pytest.raises(CrmBusy):
        await harness.connector.note(record_id, "n1", "một", NOON)
    harness.server.bucket = None
    await harness.connector.note(record_id, "n1", "một", NOON)

    assert await harness.notes(record_id) == ["một"]


@pytest.mark.parametrize("tells_reset", [True, False], ids=["told", "remembered"])
async def test_method_that_used_up_its_time_waits_until_it_is_free(
    harness: Bitrix24Harness, *, tells_reset: bool
) -> None:
    """When the refusal does not tell it, the method's last good answer does."""
    record_id = await a_record(harness)
    await harness.connector.update(record_id, Edit({NAMES.text: "một"}))
    harness.portal.clock.tick = timedelta(0)
    harness.server.tells_reset = tells_reset
    harness.server.operating["crm.item.update"] = 481.0

    with pytest.raises(CrmBusy) as busy:
        await harness.connector.update(record_id, Edit({NAMES.text: "hai"}))

    assert busy.value.retry_after_s == pytest.approx(600, abs=1)
    await harness.connector.get(record_id, ())  # other methods work


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (Refused("OVERLOAD_LIMIT", "REST API is blocked due to overload", 503), AuthRefused),
        (Refused("OVERLOAD_LIMIT", "REST API is blocked due to overload", 401), AuthRefused),
        (Refused("ACCESS_DENIED", "REST is available only on commercial plans", 403), AuthRefused),
        (Refused("ACCESS_DENIED", "REST is available only by subscription", 401), AuthRefused),
        (Refused("expired_token", "", 401), AuthRefused),
        (Refused("NO_AUTH_FOUND", "Wrong authorization data", 401), AuthRefused),
        (Refused("insufficient_scope", "", 403), AuthRefused),
        (Refused("PORTAL_DELETED", "Portal was deleted", 403), AuthRefused),
        (Refused("QUERY_LIMIT_EXCEEDED", "Too many requests", 503), CrmBusy),
        (Refused("ACCESS_DENIED", "You do not have permission", 400), InvalidValue),
    ],
)
async def test_refusal_of_everything(
    harness: Bitrix24Harness, refused: Refused, error: type[CrmError]
) -> None:
    record_id = await a_record(harness)
    harness.server.refuses = refused

    with pytest.raises(CrmError) as told:
        await harness.connector.update(record_id, Edit({NAMES.text: "x"}))

    assert type(told.value) is error
    assert told.value.detail == refused.code


async def test_user_who_may_not_read_contacts_is_refused_at_once(harness: Bitrix24Harness) -> None:
    harness.server.refuses = Refused("ACCESS_DENIED", "Access denied", 400)

    with pytest.raises(AuthRefused):
        await harness.connector.check()


async def batch(harness: Bitrix24Harness, cmd: dict[str, str], *, halt: int = 0) -> dict[str, Any]:
    client = JsonClient()
    try:
        url = f"{harness.server.url}/rest/{SECRET}/batch.json"
        answer = await client.call("POST", url, json={"cmd": cmd, "halt": halt})
    finally:
        await client.close()
    found: dict[str, Any] = answer.json["result"]
    return found


async def test_portal_takes_fifty_commands_in_one_batch_and_none_within_another(
    harness: Bitrix24Harness,
) -> None:
    record_id = await a_record(harness)
    get = f"crm.item.get?entityTypeId=3&id={record_id}"

    told = await batch(harness, {f"c{number}": get for number in range(51)})
    nested = await batch(harness, {"a": "batch", "b": get}, halt=1)

    assert len(told["result"]) == 50
    assert told["result_error"]["c50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"
    assert nested["result"] == []
    assert nested["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
