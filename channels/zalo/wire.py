"""Bytes to plain values: lenient JSON, and the few ways in which one value may be read."""

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from inbox.text import printable

_DEEPEST = 32  # BSON takes 100, and this is only a part of a document
_LARGEST_INT = 2**63 - 1


class BrokenEvent(ValueError):
    """The event cannot be understood; the text is a constant phrase without personal data."""


def load_json(data: bytes | str) -> Any:
    """The JSON value in `data`; lone surrogates and broken UTF-8 become U+FFFD.

    orjson reads nearly everything. What it refuses (lone surrogates, a byte order mark) is
    tried with the standard parser. Raises ValueError for what neither reads.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        text = data if isinstance(data, str) else data.decode("utf-8-sig", errors="replace")
    try:
        return _without_surrogates(json.loads(text, parse_constant=lambda _: None))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): _without_surrogates(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(child) for child in value]
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def elements(value: Any) -> list[Any]:
    """The elements of a JSON array; a single value counts as one, nothing as none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def optional_id(value: Any) -> str | None:
    """An id as text, or None. Zalo writes ids as strings; integers are exact and accepted too.

    A float has lost digits already (ids have up to 19), so it is no id.
    """
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def required_id(value: Any, where: str) -> str:
    """The id at `where`, or BrokenEvent."""
    found = optional_id(value)
    if found is None:
        raise BrokenEvent(f"{where} is missing or not an id")
    return found


def optional_text(value: Any) -> str | None:
    """Text that says something, or None. Integers become text; blank text is none."""
    return optional_id(value)


def kept(value: Any, depth: int = 0) -> Any:
    """A copy of a JSON value that every store accepts, or BrokenEvent if it is nested too deeply.

    Integers beyond 64 bits become text, infinite numbers None; keys lose NUL and a leading "$".
    """
    if depth > _DEEPEST:
        raise BrokenEvent("nested too deeply")
    if isinstance(value, dict):
        return {_kept_key(key): kept(child, depth + 1) for key, child in value.items()}
    if isinstance(value, list):
        return [kept(child, depth + 1) for child in value]
    if isinstance(value, int) and abs(value) > _LARGEST_INT:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _kept_key(key: str) -> str:
    clean = key.replace("\0", "�")
    return f"_{clean}" if clean.startswith("$") else clean
