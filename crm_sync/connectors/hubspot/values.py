"""Values of ours as HubSpot takes them, and back: all are text there, an empty one is ""."""

import html
from datetime import UTC, datetime, timedelta

from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.model import FieldKind, Value

TEXT_MAX = 65_536
"""Characters of a property and of the body of a note.

Sources: https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
         https://developers.hubspot.com/docs/api-reference/crm-notes-v3/guide
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_hubspot(name: str, value: Value) -> str:
    """For a property; but not of tags and owners. Raises InvalidValue."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidValue("several_values", fields=(name,))
    text = clean(value)
    if len(text) > TEXT_MAX:
        raise InvalidValue("too_long", fields=(name,))
    return text


def from_hubspot(raw: str | None, kind: FieldKind) -> str | None:
    """Text, a choice, a date or a number. Numbers come as "15000000" and as "1.5E7"."""
    if raw is None or raw == "":
        return None
    if kind == "number" and "E" in raw.upper():
        return _plain_number(raw)
    return str(raw)


def _plain_number(raw: str) -> str:
    try:
        number = float(raw)
    except ValueError:
        return raw
    return str(int(number)) if number.is_integer() else str(number)


def clean(text: str) -> str:
    """Without what no database and no JSON takes: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def as_html(text: str) -> str:
    """A plain text for the body of a note: nothing in it is a tag, its lines stay lines."""
    return "<br>".join(html.escape(clean(text), quote=False).splitlines())


def time_of(raw: str) -> datetime:
    """Of "2026-11-22T05:00:00.123Z"; a few properties leave the milliseconds out."""
    return datetime.fromisoformat(raw).astimezone(UTC)


def milliseconds(at: datetime) -> int:
    """Since 1970, as searches take times; what is finer is cut off."""
    return (at - _EPOCH) // _MILLISECOND
