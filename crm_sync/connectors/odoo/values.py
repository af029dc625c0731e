"""Values of ours as Odoo takes them, and back: an empty field of Odoo is False, times are UTC."""

import html
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.model import Value
from crm_sync.connectors.odoo.metadata import Described

_TIME = "%Y-%m-%d %H:%M:%S"
"""To the second, whatever Odoo's database knows."""


def to_odoo(name: str, value: Value, described: Described) -> Any:
    """For `write`; but not of tags and users, which are ids there. Raises InvalidValue."""
    if value is None or value == "":
        return False
    if not isinstance(value, str):
        raise InvalidValue("several_values", fields=(name,))
    return _number(name, value) if described.field.kind == "number" else clean(value)


def _number(name: str, value: str) -> int | float:
    try:
        number = Decimal(value)
        return int(number) if number == number.to_integral_value() else float(number)
    except (InvalidOperation, OverflowError, ValueError):
        raise InvalidValue("not_a_number", fields=(name,)) from None


def from_odoo(raw: Any) -> str | None:
    """Text, a choice, a date or a number; not tags and users. An empty text is empty."""
    if raw is None or raw is False or raw == "":
        return None
    return str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw)


def clean(text: str) -> str:
    """Without what no PostgreSQL and no JSON takes: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def as_html(text: str) -> str:
    """A plain text for a field of HTML: nothing in it is a tag, its lines stay lines."""
    lines = html.escape(clean(text), quote=False).splitlines()
    return f"<p>{'<br>'.join(lines)}</p>"


def time_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_TIME)


def time_of(raw: str) -> datetime:
    return datetime.strptime(raw[:19], _TIME).replace(tzinfo=UTC)
