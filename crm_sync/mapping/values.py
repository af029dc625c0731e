"""The parts that values are made of: texts, choices, numbers, days, tags."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.reasons import NO_CHOICE, NO_DATE, NO_NUMBER
from inbox.tags.model import shown_name, tag_key

BETWEEN = "; "
"""Between several values in one field of text."""
_BETWEEN = re.compile(r"[;,\n]")
_LARGEST_POWER = 300
"""Of ten; beyond it a float holds no number."""


def texts_of(value: Any) -> list[str]:
    """Every text of a value that says something: "" and blanks are no value."""
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list | tuple):
        return [text for one in value for text in texts_of(one)]
    text = str(value)
    return [text] if text.strip() else []


def parts_of(pair: Pair, texts: Sequence[str]) -> list[str]:
    """The single values: tags come one by one, joined ones stand in one text."""
    if pair.way == "tags":
        return list(texts)
    return [part.strip() for text in texts for part in _BETWEEN.split(text) if part.strip()]


def tags_by_key(names: Sequence[str]) -> dict[str, str]:
    """Tags by what makes two spellings of one the same, as in our catalogue."""
    return {tag_key(name) or name: shown_name(name) for name in names if name.strip()}


def choice_in(pair: Pair, text: str) -> str:
    """The very choice, or the only one that differs in case or accents. Raises Unfit."""
    choices = pair.remote.choices
    if choices is None or text in choices:
        return text
    alike = [one for one in choices if tag_key(one) == tag_key(text)]
    if len(alike) != 1:
        raise pair.unfit(NO_CHOICE)
    return alike[0]


def number_in(pair: Pair, text: str) -> str:
    """A number without an exponent and without zeros at its end. Raises Unfit."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise pair.unfit(NO_NUMBER) from None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_POWER:
        raise pair.unfit(NO_NUMBER)
    if not number:
        return "0"  # and not "-0"
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def date_in(pair: Pair, text: str) -> str:
    """The day of an ISO 8601 date, with or without a time. Raises Unfit."""
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        raise pair.unfit(NO_DATE) from None


OF_KIND: Mapping[str, Callable[[Pair, str], str]] = {
    "choice": choice_in,
    "number": number_in,
    "date": date_in,
}
"""How fields that do not take every text spell a value."""
