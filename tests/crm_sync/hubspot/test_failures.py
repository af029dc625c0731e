"""What HubSpot's limits and errors are told as, and what of their texts is kept."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmBusy,
    CrmError,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.http import Answer
from crm_sync.connectors.hubspot.client import HubSpotAccount
from crm_sync.connectors.hubspot.failures import Conflict, error_of, limited
from crm_sync.connectors.model import Edit, Place
from tests.crm_sync.contract import a_record
from tests.crm_sync.faults import Refuse
from tests.crm_sync.hubspot.hubspot_harness import NAMES, HubSpotHarness
from tests.crm_sync.hubspot.refusals import (
    CORRELATION,
    exists,
    invalid_values,
    missing_scopes,
    not_found,
    problem,
    too_many,
)

UNKNOWN = problem("x_khong_co", "PROPERTY_DOESNT_EXIST", 'Property "x_khong_co" does not exist')
OPTION = problem("loyalty", "INVALID_OPTION", "0912345678 was not one of the allowed options")
TOLD = UNKNOWN["message"]
LISTED = invalid_values([UNKNOWN]).message


@pytest.mark.parametrize(
    ("status", "said", "error", "fields"),
    [
        pytest.param(
            400, invalid_values([UNKNOWN]).body(), MappingBroken, {"x_khong_co"}, id="unknown"
        ),
        pytest.param(400, {"message": LISTED}, MappingBroken, {"x_khong_co"}, id="in the message"),
        pytest.param(400, {"message": TOLD}, MappingBroken, {"x_khong_co"}, id="as a sentence"),
        pytest.param(400, invalid_values([OPTION]).body(), InvalidValue, {"loyalty"}, id="option"),
        pytest.param(
            400,
            invalid_values([OPTION, UNKNOWN]).body(),
            MappingBroken,
            {"x_khong_co"},
            id="the field goes first",
        ),
        pytest.param(409, exists(512).body(), Conflict, {"email"}, id="conflict"),
        pytest.param(400, {}, InvalidValue, set(), id="nothing said"),
        pytest.param(414, {"message": [1, {}]}, InvalidValue, set(), id="too long an address"),
        pytest.param(400, {"errors": "x", "context": [2]}, InvalidValue, set(), id="odd shapes"),
    ],
)
def test_refusal_names_its_fields(
    status: int, said: Mapping[str, Any], error: type[CrmError], fields: set[str]
) -> None:
    found = error_of(status, said)

    assert type(found) is error
    assert isinstance(found, InvalidValue | MappingBroken)
    assert found.fields == fields


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        pytest.param(403, missing_scopes("crm.x").body(), AuthRefused, id="scope"),
        pytest.param(404, not_found().body(), RecordGone, id="gone"),
        pytest.param(500, {"message": "internal"}, CrmUncertain, id="broken"),
        pytest.param(521, {}, CrmUncertain, id="broken in a way of its own"),
    ],
)
def test_refusal_of_another_kind(
    status: int, said: Mapping[str, Any], error: type[CrmError]
) -> None:
    assert isinstance(error_of(status, said), error)


def test_conflict_tells_which_contact_it_is() -> None:
    found = error_of(409, exists(512).body())

    assert isinstance(found, Conflict)
    assert found.existing == "512"


def test_values_are_left_out_and_the_reference_is_kept() -> None:
    odd = {**OPTION, "code": "0912345678", "context": {"propertyName": ["Lan 0912345678"]}}
    found = error_of(400, {**invalid_values([OPTION]).body(), "errors": [odd]})

    assert isinstance(found, InvalidValue)
    assert found.fields == {"loyalty"}
    assert "0912345678" not in f"{found!r} {found.detail}"
    assert "INVALID_OPTION" in found.detail
    assert found.reference == CORRELATION


@pytest.mark.parametrize(
    ("status", "said", "headers", "seconds"),
    [
        pytest.param(429, too_many("SECONDLY").body(), {}, 1, id="second"),
        pytest.param(429, too_many("TEN_SECONDLY_ROLLING").body(), {}, 10, id="ten seconds"),
        pytest.param(429, too_many("DAILY").body(), {}, 10_800, id="day"),
        pytest.param(429, too_many("DAILY").body(), {"retry-after": "7"}, 7, id="told"),
        pytest.param(429, {"policyName": "một cái khác"}, {}, None, id="unknown"),
        pytest.param(429, None, {}, None, id="no JSON"),
        pytest.param(477, {}, {"retry-after": "3600"}, 3600, id="moved to another centre"),
    ],
)
def test_limit_says_how_long_to_wait(
    status: int, said: Any, headers: Mapping[str, str], seconds: float | None
) -> None:
    busy = limited(Answer(status, said, headers))

    assert isinstance(busy, CrmBusy)
    assert busy.retry_after_s == seconds


def test_other_statuses_are_no_limit() -> None:
    assert limited(Answer(400, too_many("DAILY").body())) is None


async def test_burst_is_stopped_and_goes_on_after_the_time_that_is_told(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness)
    harness.portal.now += timedelta(minutes=1)
    harness.hubspot.pace = timedelta()
    for _ in range(190):
        await harness.connector.get(record_id, ())

    with pytest.raises(CrmBusy) as busy:
        await harness.connector.get(record_id, ())
    assert busy.value.retry_after_s is not None
    harness.portal.now += timedelta(seconds=busy.value.retry_after_s)

    await harness.connector.get(record_id, ())


async def test_searches_have_a_limit_of_their_own(harness: HubSpotHarness) -> None:
    harness.hubspot.pace = timedelta()
    place = Place(harness.portal.now)
    for _ in range(2):
        await harness.connector.changed_since(place, ())

    with pytest.raises(CrmBusy) as busy:
        await harness.connector.changed_since(place, ())

    assert busy.value.retry_after_s == 1


async def test_day_that_is_used_up_is_waited_for_in_hours(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    harness.hubspot.per_day = 0

    with pytest.raises(CrmBusy) as busy:
        await harness.connector.update(record_id, Edit({NAMES.text: "x"}))

    assert (busy.value.detail, busy.value.retry_after_s) == ("DAILY", 10_800)


async def test_failure_of_hubspots_own_may_have_been_carried_out(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    body = orjson.dumps({"status": "error", "correlationId": CORRELATION})
    harness.proxy.will(Refuse(500, {"Content-Type": "application/json"}, body))

    with pytest.raises(CrmUncertain) as failed:
        await harness.connector.update(record_id, Edit({NAMES.text: "x"}))

    assert failed.value.reference == CORRELATION


def test_token_is_not_shown() -> None:
    assert "pat-na1" not in repr(HubSpotAccount(token="pat-na1-xyz"))
