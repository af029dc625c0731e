"""What each answer of a receiver means, and that nothing of a person is repeated."""

from typing import Any

import orjson
import pytest
from aiohttp import web

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmBusy,
    CrmError,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.model import Asked, Edit, Place
from crm_sync.connectors.webhook.failures import ConnectionOff, Unsupported
from tests.crm_sync.webhook.webhook_harness import KEY, NOON, WebhookHarness

PHONE = "+84912345678"
EDIT = Edit({"phone": PHONE, "note": "Chị Lan"})


def answering(harness: WebhookHarness, status: int, body: bytes, **headers: str) -> None:
    harness.receiver.answer_instead = lambda: web.Response(
        status=status, body=body, headers=headers
    )


async def refused(harness: WebhookHarness) -> CrmError:
    with pytest.raises(CrmError) as failed:
        await harness.connector.update("1", EDIT)
    told = f"{failed.value!r} {failed.value} {failed.value.detail} {failed.value.__cause__!r}"
    for personal in (PHONE, "Lan", KEY.decode(), harness.proxy.url):
        assert personal not in told
    return failed.value


@pytest.mark.parametrize(
    ("status", "told", "error"),
    [
        (400, b"", InvalidValue),
        (400, b"<html>400</html>", InvalidValue),
        (409, b"{}", InvalidValue),
        (413, b"{}", InvalidValue),
        (422, b'{"errors": "nope"}', InvalidValue),
        (401, b"", AuthRefused),
        (403, b"{}", AuthRefused),
        (404, b'{"code": "record_gone"}', RecordGone),
        (404, b"<html>nginx</html>", CrmAway),
        (404, b'{"detail": "Not Found"}', CrmAway),
        (405, b"", CrmAway),
        (410, b"", ConnectionOff),
        (423, b"", CrmAway),
        (429, b"", CrmBusy),
        (500, b"{}", CrmUncertain),
        (500, b"", CrmUncertain),
        (501, b"", CrmUncertain),
        (501, b'{"code": "unsupported"}', Unsupported),
        (400, b'{"code": "unsupported"}', Unsupported),
        (503, b"", CrmAway),
        (302, b"", CrmAway),
        (200, b'"OK"', CrmAway),
        (200, b"OK", CrmAway),
        (200, b"null", CrmAway),
        (200, b"[]", CrmAway),
        (200, b'{"crm_id": {}}', CrmAway),
        (200, b'{"changed_at": "12:00"}', CrmAway),
    ],
)
async def test_meaning_of_an_answer(
    harness: WebhookHarness, status: int, told: bytes, error: type[CrmError]
) -> None:
    answering(harness, status, told)

    assert type(await refused(harness)) is error


def errors(*pairs: tuple[str, str], **more: Any) -> bytes:
    rows = [{"field": name, "code": code, "message": f"{PHONE} Lan"} for name, code in pairs]
    return orjson.dumps({"errors": rows, **more})


async def test_fields_and_codes_are_told_where_they_are_words(harness: WebhookHarness) -> None:
    told = errors(("phone", "too_long"), (PHONE, PHONE), ("company", "required"), reference="r-1")
    answering(harness, 422, told)

    error = await refused(harness)

    assert isinstance(error, InvalidValue)
    assert error.fields == {"phone", "company"}
    assert error.detail == "required too_long"
    assert error.reference == "r-1"


async def test_field_that_is_not_there_breaks_the_mapping_alone(harness: WebhookHarness) -> None:
    answering(harness, 422, errors(("note", "unknown_field"), ("phone", "too_long")))

    error = await refused(harness)

    assert isinstance(error, MappingBroken)
    assert error.fields == {"note"}


async def test_reference_that_could_be_a_persons_is_left_out(harness: WebhookHarness) -> None:
    answering(harness, 400, errors(reference=f"ref {PHONE}"))

    assert (await refused(harness)).reference is None


async def test_record_that_was_merged_leads_on(harness: WebhookHarness) -> None:
    answering(harness, 404, b'{"code": "record_gone", "into": 12}')

    error = await refused(harness)

    assert isinstance(error, RecordGone)
    assert error.into == "12"


@pytest.mark.parametrize("status", [429, 503])
async def test_receiver_says_how_long_to_wait(harness: WebhookHarness, status: int) -> None:
    answering(harness, status, b"", **{"Retry-After": "90"})

    error = await refused(harness)

    assert isinstance(error, CrmBusy)
    assert error.retry_after_s == 90


async def test_connection_that_was_switched_off_there_says_so(harness: WebhookHarness) -> None:
    """410: everything waits for a person, as with refused credentials, by a code of its own."""
    answering(harness, 410, b"{}")

    error = await refused(harness)

    assert isinstance(error, AuthRefused)
    assert error.code == "crm_connection_off"
    with pytest.raises(ConnectionOff):
        await harness.connector.check()


async def test_reads_fail_as_writes_do(harness: WebhookHarness) -> None:
    answering(harness, 200, b'{"records": [{"crm_id": {}}], "fields": 7}')

    with pytest.raises(CrmAway):
        await harness.connector.find(Asked("hoa"), ["phone"])
    with pytest.raises(CrmAway):
        await harness.connector.changed_since(Place(NOON), ["phone"])
    with pytest.raises(CrmAway):
        await harness.connector.get("1", ["phone"])
    with pytest.raises(CrmAway):
        await harness.connector.fields()
