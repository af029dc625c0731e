"""Shapes that Getfly's documents show for one thing in several places."""

from typing import Any

import pytest

from crm_sync.connectors.getfly.codes import Codes
from crm_sync.connectors.getfly.failures import error_of
from crm_sync.connectors.getfly.metadata import Described
from crm_sync.connectors.getfly.records import custom_of, id_of
from crm_sync.connectors.getfly.values import from_getfly, ids_of, time_of
from crm_sync.connectors.model import RemoteField

_RANK = Described(
    RemoteField("hang", "Hạng", "choice", choices=("Vàng",)), True, {3: "Vàng"}, {"Vàng": 3}
)
_TEXT = Described(RemoteField("website", "Website", "text"))
_NUMBER = Described(RemoteField("cao", "Cao", "number"), custom=True)


@pytest.mark.parametrize(
    ("raw", "ids"),
    [([1, 5], [1, 5]), ("1,2, 3", [1, 2, 3]), ("10", [10]), ("0", []), (None, []), ("", [])],
)
def test_groups(raw: Any, ids: list[int]) -> None:
    assert ids_of(raw) == ids


@pytest.mark.parametrize(
    ("raw", "described", "value"),
    [
        pytest.param(3, _RANK, "Vàng", id="option"),
        pytest.param("3", _RANK, "Vàng", id="option as text"),
        pytest.param([3], _RANK, "Vàng", id="option as a list"),
        pytest.param("Vàng", _RANK, "Vàng", id="option by label"),
        pytest.param([], _RANK, None, id="no option"),
        pytest.param("0", _RANK, None, id="nothing chosen"),
        pytest.param(None, _TEXT, None, id="null"),
        pytest.param("", _TEXT, None, id="empty"),
        pytest.param(12.0, _NUMBER, "12", id="whole number"),
        pytest.param("1.5", _NUMBER, "1.5", id="number as text"),
    ],
)
def test_value(raw: Any, described: Described, value: str | None) -> None:
    assert from_getfly(raw, described) == value


@pytest.mark.parametrize(
    ("row", "custom"),
    [
        ({"custom_fields": {"a": "1"}}, {"a": "1"}),
        ({"detail_custom_fields": {"a": "1"}}, {"a": "1"}),
        ({"custom_fields": [], "detail_custom_fields": []}, {}),
        ({}, {}),
    ],
)
def test_custom_fields(row: dict[str, Any], custom: dict[str, Any]) -> None:
    assert custom_of(row) == custom


def test_account_has_its_id_under_either_name() -> None:
    assert (id_of({"id": 7}), id_of({"account_id": "7"})) == (7, 7)


def test_account_that_nobody_has_changed_has_the_time_of_its_making() -> None:
    at = time_of({"updated_at": None, "created_at": "2025-02-25 09:12:32"})

    assert at is not None
    assert at.isoformat() == "2025-02-25T02:12:32+00:00"
    assert time_of({"updated_at": "0000-00-00 00:00:00"}) is None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"message": "x", "errors": {"custom_fields.hang": ["…"]}}, {"hang"}),
        ({"message": "Mã khách hàng đã tồn tại"}, {"account_code"}),
        ({"message": "account_code already exists"}, {"account_code"}),
        ({"error": "SĐT bị trùng"}, {"phone_office"}),
        ({"msg": "Email đã có"}, {"email"}),
        ({}, set()),
    ],
)
def test_refusal_names_its_fields(body: dict[str, Any], fields: set[str]) -> None:
    error = error_of(400, body, reading=False)

    assert getattr(error, "fields", None) == fields


def test_codes_of_two_instances_never_meet() -> None:
    assert Codes("a").of("b-c") != Codes("a-b").of("c")
    assert Codes("a").external_id(Codes("a").of("b-c", 3)) == "b-c"
    assert Codes("a").external_id("KH/2025/000001") is None
