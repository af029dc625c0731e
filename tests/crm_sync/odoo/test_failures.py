"""What errors of Odoo mean: the names and texts that versions 11 to 17 are known to say."""

from typing import Any

import pytest

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmError,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.odoo.failures import (
    NotPermitted,
    error_of,
    error_of_load,
    without_values,
)


def told(name: str, message: str = "") -> dict[str, Any]:
    data = {"name": name, "message": message, "arguments": [message], "debug": "Traceback …"}
    return {"code": 200, "message": "Odoo Server Error", "data": data}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (told("odoo.exceptions.AccessDenied", "Access denied"), AuthRefused),
        (told("odoo.http.SessionExpiredException"), AuthRefused),
        (told("psycopg2.OperationalError", 'FATAL: database "x" does not exist'), AuthRefused),
        (told("odoo.exceptions.AccessError", "You are not allowed"), NotPermitted),
        (told("odoo.exceptions.MissingError", "Record does not exist"), RecordGone),
        (told("psycopg2.OperationalError", "server closed the connection"), CrmAway),
        (told("psycopg2.errors.SerializationFailure", "could not serialize access"), CrmAway),
        (told("psycopg2.extensions.TransactionRollbackError", "deadlock detected"), CrmAway),
        (told("psycopg2.pool.PoolError", "The Connection Pool Is Full"), CrmAway),
        (
            told("builtins.ValueError", "Invalid field 'x_gone' on model 'res.partner'"),
            MappingBroken,
        ),
        (told("odoo.exceptions.ValidationError", "Wrong e-mail"), InvalidValue),
        (told("odoo.exceptions.UserError", "Configure the sender's address"), InvalidValue),
        (told("builtins.AttributeError", "no attribute"), InvalidValue),
        ({"code": 100, "message": "Odoo Session Expired"}, InvalidValue),
        ({}, InvalidValue),
    ],
)
def test_meaning_of_an_error(error: dict[str, Any], kind: type[CrmError]) -> None:
    assert type(error_of(error)) is kind


def test_field_is_told_where_the_text_names_it() -> None:
    gone = error_of(told("builtins.ValueError", "Invalid field 'x_gone' on model 'res.partner'"))
    wrong = error_of(told("builtins.ValueError", "Wrong value for res.partner.x_hang: 'vàng'"))

    assert isinstance(gone, MappingBroken)
    assert gone.fields == {"x_gone"}
    assert isinstance(wrong, InvalidValue)
    assert wrong.fields == {"x_hang"}


def test_load_that_lost_a_race_passes_by_itself_whatever_else_it_says() -> None:
    messages = [
        {"type": "warning", "message": "something else"},
        {"type": "error", "message": "current transaction is aborted", "field": "name"},
        {
            "type": "error",
            "message": 'duplicate key value violates unique constraint "ir_model_data_mod…"',
        },
    ]

    assert isinstance(error_of_load(messages), CrmAway)
    assert isinstance(error_of_load(messages[:1]), InvalidValue)


def test_load_names_the_field_that_it_refuses() -> None:
    message = "Value 'kim cương' not found in selection field 'Hạng'"

    error = error_of_load([{"type": "error", "message": message, "field": "x_hang"}])

    assert isinstance(error, InvalidValue)
    assert error.fields == {"x_hang"}
    assert "kim cương" not in str(error)


@pytest.mark.parametrize(
    "text",
    ["lan@shop.vn là ai", "gọi 0912 345 678", "'Nguyễn Lan'", '"Lan"', "+84912345678", "«Lan»"],
)
def test_what_may_be_of_a_customer_is_left_out(text: str) -> None:
    shown = without_values(text)

    assert "…" in shown
    assert not {"lan@shop.vn", "345", "Lan", "912"} & set(shown.replace("'", " ").split())
    assert len(without_values(text * 1000)) <= 300
