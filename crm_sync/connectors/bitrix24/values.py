"""Values of ours as Bitrix24 takes them, and back: an empty field is None, "", 0, false or []."""

from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_sync.connectors.bitrix24.bbcode import comments_of, text_of
from crm_sync.connectors.bitrix24.metadata import COMMENTS, Described
from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.model import Value
from inbox.text import printable

_NOTHING: tuple[Any, ...] = (None, "", False, [])


def clean(text: str) -> str:
    """Without what no database and no JSON takes: NUL, and halves of characters."""
    return printable(text.replace("\0", ""))


def plain(name: str, value: Value) -> str | None:
    """The one text, or None if it is empty. Raises InvalidValue: several."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidValue("several_values", fields=(name,))
    return clean(value)


def to_bitrix(name: str, text: str, described: Described) -> Any:
    """For `fields`; not of phones, e-mails, users and tags. Raises InvalidValue."""
    if described.field.kind == "choice":
        return described.options[text]
    if described.field.kind == "number":
        return _number(name, text)
    return comments_of(text) if name == COMMENTS else text


def _number(name: str, text: str) -> int | float:
    try:
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else float(number)
    except (InvalidOperation, OverflowError, ValueError):
        raise InvalidValue("not_a_number", fields=(name,)) from None


def from_bitrix(name: str, raw: Any, described: Described) -> Value:
    """Of what `to_bitrix` writes, and of tags."""
    kind = described.field.kind
    if kind == "tags":
        return _tags(raw, described)
    if raw in _NOTHING and not (kind == "number" and raw == 0):
        return None
    if kind == "choice":
        return described.name_of(raw)
    if kind == "date":
        return str(raw)[:10]
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return (text_of(str(raw)) or None) if name == COMMENTS else str(raw)


def _tags(raw: Any, described: Described) -> tuple[str, ...]:
    """Ids of options, or the very texts of a field of texts."""
    rows = raw if isinstance(raw, list) else []
    if described.is_list:
        return tuple(name for one in rows if (name := described.name_of(one)) is not None)
    return tuple(str(one) for one in rows)


def time_of(raw: str) -> datetime:
    """Of "2026-11-22T08:00:00+03:00"; without an offset it is none of ours to guess."""
    at = datetime.fromisoformat(raw)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def time_text(at: datetime, zone: tzinfo) -> str:
    """For a filter, in the portal's own offset: some portals are said to overlook another one."""
    return at.astimezone(zone).isoformat(timespec="seconds")
