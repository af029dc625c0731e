"""Values of ours as Getfly takes them, and back. Empty there is "", null, 0 or 0000-00-00."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.getfly.metadata import Described
from inbox.customers.phones import phone_or_none

LOCAL = timezone(timedelta(hours=7))
"""Times come without a zone. Vietnam has had no other since 1975."""
_TIME = "%Y-%m-%d %H:%M:%S"
_NO_DAY = "0000-00-00"
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_VIETNAMESE_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_HERE = "+84"


def to_getfly(name: str, value: Any, described: Described) -> Any:
    """But not of tags and users, which are ids there. Raises InvalidValue."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        raise InvalidValue("several_values", fields=(name,))
    if described.ids:
        return described.ids[value]
    match described.field.kind:
        case "choice":
            return int(value)
        case "number":
            return _number(name, value)
        case "phone":
            return national(value)
        case _:
            return clean(value)


def from_getfly(raw: Any, described: Described) -> str | None:
    """Not of tags and users."""
    if isinstance(raw, list):  # some selects are told so
        raw = raw[0] if len(raw) == 1 else None
    if raw is None or raw == "":
        return None
    if described.labels:
        return described.labels.get(int(raw), None) if str(raw).isdigit() else str(raw)
    match described.field.kind:
        case "phone":
            return phone_or_none(raw) or str(raw)
        case "date":
            return _day(str(raw))
        case "number":
            return str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw)
        case _:
            return str(raw)


def national(phone: str) -> str:
    """As people in Vietnam write it, and as Getfly compares numbers: 0912345678."""
    return f"0{phone.removeprefix(_HERE)}" if phone.startswith(_HERE) else clean(phone)


def clean(text: str) -> str:
    """Without what no database and no JSON takes: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def time_of(row: Mapping[str, Any]) -> datetime | None:
    """When an account was changed last."""
    for name in ("updated_at", "created_at"):
        raw = str(row.get(name) or "")[:19]
        if raw and not raw.startswith(_NO_DAY):
            return datetime.strptime(raw, _TIME).replace(tzinfo=LOCAL).astimezone(UTC)
    return None


def ids_of(raw: Any) -> list[int]:
    """Of groups: [1, 5], or "1,5", as the documents show both."""
    parts = raw.split(",") if isinstance(raw, str) else raw if isinstance(raw, list) else [raw]
    numbers = [int(one) for one in parts if str(one).strip().isdigit()]
    return [one for one in dict.fromkeys(numbers) if one]


def _number(name: str, value: str) -> int | float:
    try:
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else float(number)
    except (InvalidOperation, OverflowError, ValueError):
        raise InvalidValue("not_a_number", fields=(name,)) from None


def _day(raw: str) -> str | None:
    if found := _VIETNAMESE_DAY.match(raw):
        return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    found = _DAY.match(raw)
    return found[0] if found and found[0] != _NO_DAY else None
