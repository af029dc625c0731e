"""What an error of Odoo means; which is told by the name of a Python exception, and by its text."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmError,
    InvalidValue,
    MappingBroken,
    RecordGone,
)

_PASSING = re.compile(
    r"could not serialize access|deadlock detected|could not obtain lock|ir_model_data"
    r"|current transaction is aborted|connection (?:to server|already closed)|too many clients",
    re.IGNORECASE,
)
"""`ir_model_data`: somebody has just made the record with the same external id."""
_NO_DATABASE = re.compile(r'database "?[^"]*"? does not exist', re.IGNORECASE)
_UNKNOWN_FIELD = re.compile(r"Invalid field '?(\w+)'?")
_WRONG_VALUE = re.compile(r"Wrong value for [\w.]+\.(\w+)")
_BY_NAME: dict[str, type[CrmError]] = {
    "AccessDenied": AuthRefused,
    "SessionExpiredException": AuthRefused,
    "MissingError": RecordGone,
    "OperationalError": CrmAway,
    "InterfaceError": CrmAway,
    "PoolError": CrmAway,
    "TransactionRollbackError": CrmAway,
    "SerializationFailure": CrmAway,
    "DeadlockDetected": CrmAway,
    "LockNotAvailable": CrmAway,
}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|«[^»]*»|“[^”]*”")
_CONTACT = re.compile(r"\S+@\S+|\+?\d[\d .\-()]{6,}\d")
_DETAIL_MAX = 300


class NotPermitted(InvalidValue):
    """The user of the connection may not do this; final until an administrator changes that."""

    code = "crm_not_permitted"


def error_of(error: Mapping[str, Any]) -> CrmError:
    """Of a JSON-RPC error: `{code, message, data: {name, message, arguments, debug}}`."""
    data = error.get("data") or {}
    name = str(data.get("name") or error.get("message") or "").rpartition(".")[2]
    text = str(data.get("message") or "")
    detail = f"{name}: {without_values(text)}" if text else name
    if _NO_DATABASE.search(text):
        return AuthRefused("no_such_database")
    if name in _BY_NAME:
        return _BY_NAME[name](detail)
    if name == "AccessError":
        return NotPermitted(detail)
    return error_of_text(text, detail)


def error_of_text(text: str, detail: str, *, field: str | None = None) -> CrmError:
    """Of what stands in a message. `field` is the one that it is about, if it is known."""
    if _PASSING.search(text):
        return CrmAway(detail)
    if found := _UNKNOWN_FIELD.search(text):
        return MappingBroken(detail, fields=(found[1],))
    wrong = _WRONG_VALUE.search(text)
    named = field or (wrong[1] if wrong else None)
    return InvalidValue(detail, fields=(named,) if named else ())


def error_of_load(messages: Iterable[Mapping[str, Any]]) -> CrmError:
    """Of the messages of a `load` that gave no ids; what will pass by itself goes first."""
    found = [
        error_of_text(str(one.get("message")), without_values(str(one.get("message"))), field=field)
        for one in messages
        for field in [one.get("field")]
        if one.get("type") == "error"
    ]
    passing = [one for one in found if isinstance(one, CrmAway)]
    return next(iter(passing or found), InvalidValue("load_refused"))


def without_values(text: str) -> str:
    """What a message says but for values, which may be a customer's."""
    return _CONTACT.sub("…", _QUOTED.sub("…", text))[:_DETAIL_MAX]
