"""What errors of Bitrix24 mean, and what they keep to themselves."""

import logging
from typing import Any

import pytest

from crm_sync.connectors.bitrix24.client import Bitrix24Account
from crm_sync.connectors.bitrix24.failures import error_of
from crm_sync.connectors.errors import CrmBusy, CrmError, CrmUncertain, InvalidValue, RecordGone
from crm_sync.connectors.http import Answer
from crm_sync.connectors.model import Edit
from tests.crm_sync.bitrix24.bitrix24_harness import NAMES, Bitrix24Harness
from tests.crm_sync.bitrix24.portal_server import SECRET
from tests.crm_sync.contract import a_record
from tests.crm_sync.faults import DropAnswer, Refuse, Reset

CODE = SECRET.partition("/")[2]


def told(code: str, text: str = "", status: int = 400, **more: Any) -> Answer:
    return Answer(status, {"error": code, "error_description": text, **more})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (told("NOT_FOUND", "Element not found"), RecordGone),
        (told("OWNER_NOT_FOUND"), RecordGone),
        (told("", "Not found"), RecordGone),
        (told("", "Something else"), InvalidValue),
        (told("100", "Expected iterable value"), InvalidValue),
        (told("INTERNAL_SERVER_ERROR", "", 500), CrmUncertain),
        (told("ERROR_UNEXPECTED_ANSWER", "", 500), CrmUncertain),
    ],
)
def test_meaning_of_an_error(answer: Answer, kind: type[CrmError]) -> None:
    assert type(error_of(answer)) is kind


@pytest.mark.parametrize("json", [None, [], "x", {"result": []}, {}])
def test_what_is_no_error_is_none(json: Any) -> None:
    assert error_of(Answer(400, json)) is None


def test_field_is_told_where_the_text_names_it() -> None:
    error = error_of(told("CRM_FIELD_ERROR_VALUE_NOT_VALID", 'Invalid value for field "ufCrmX"'))

    assert isinstance(error, InvalidValue)
    assert error.fields == {"ufCrmX"}


@pytest.mark.parametrize(
    ("answer", "reset_at", "wait"),
    [
        (told("OPERATION_TIME_LIMIT", time={"finish": 100, "operating_reset_at": 160}), None, 60),
        (told("OPERATION_TIME_LIMIT", time={"finish": 100, "operating_reset_at": 90}), None, 0),
        (told("OPERATION_TIME_LIMIT", time={"finish": 100}), 130.0, 30),
        (told("OPERATION_TIME_LIMIT"), 130.0, None),
        (told("OPERATION_TIME_LIMIT"), None, None),
    ],
)
def test_wait_for_a_method_is_by_the_portals_own_clock(
    answer: Answer, reset_at: float | None, wait: float | None
) -> None:
    error = error_of(answer, reset_at)

    assert isinstance(error, CrmBusy)
    assert error.retry_after_s == wait


def test_text_of_an_error_and_odd_codes_are_not_repeated() -> None:
    error = error_of(told("Lan 0912345678 <x>", "Invalid value 'lan@shop.vn' of Lan"))

    assert error is not None
    assert error.detail == "http_400"
    assert "lan" not in str(error).lower()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(DropAnswer(), id="answer lost"),
        pytest.param(Reset(), id="cut"),
        pytest.param(Refuse(502), id="gateway"),
        pytest.param(Refuse(301, {"Location": "/x"}), id="redirect"),
        pytest.param(Refuse(200), id="another page"),
        pytest.param(Refuse(401), id="unknown"),
        pytest.param(Refuse(400, {}, b'{"error":"k3b9x0m1b2c3d4e5/"}'), id="echo"),
    ],
)
async def test_secret_of_the_address_is_in_no_error_and_no_log(
    harness: Bitrix24Harness,
    caplog: pytest.LogCaptureFixture,
    fault: DropAnswer | Reset | Refuse,
) -> None:
    caplog.set_level(logging.DEBUG)
    record_id = await a_record(harness)
    caplog.clear()
    harness.proxy.will(fault)

    with pytest.raises(CrmError) as failed:
        await harness.connector.update(record_id, Edit({NAMES.text: "x"}))

    shown = f"{failed.value} {failed.value!r} {failed.value.detail} {failed.value.__cause__!r}"
    assert CODE not in shown
    ours = [one for one in caplog.records if one.name.startswith(("crm_sync", "aiohttp.client"))]
    assert CODE not in "".join(one.getMessage() for one in ours)


def test_secret_is_not_shown() -> None:
    assert CODE not in repr(Bitrix24Account("https://shop.bitrix24.vn", SECRET))


async def test_refused_value_names_its_field(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({"lastName": "Nguyễn " * 20}))

    assert refused.value.fields == {"lastName"}
