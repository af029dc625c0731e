"""Reading single values out of Meta's JSON: ids, texts, and what is kept as it is."""

import re
from math import isfinite
from typing import Any

import orjson

from inbox.text import printable

JsonObject = dict[str, Any]

_EXACT_IN_EVERY_READER = 2**53 - 1  # JavaScript's integers end here
_DEEPEST = 64  # MongoDB refuses documents somewhat deeper than 100 levels
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Broken(Exception):
    """An event that cannot be understood; `reason` is a constant word without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def identifier(value: Any, name: str) -> str:
    """An id as text; Meta writes them as strings, sometimes as whole numbers.

    Raises:
        Broken: it is missing, empty, of another type, or a float, whose digits are not exact.
    """
    if type(value) is str and value:
        if not value.isascii() and "\ufffd" in (value := printable(value)):
            raise Broken(f"{name}_invalid")
        return value
    if type(value) is int and value >= 0:
        return str(value)
    raise Broken(f"{name}_missing" if value is None or value == "" else f"{name}_invalid")


def optional_identifier(value: Any, name: str) -> str | None:
    return None if value is None or value == "" else identifier(value, name)


def text(value: Any, name: str) -> str | None:
    """A text that can be stored, or None when it is missing or empty.

    Raises:
        Broken: it is something else than text.
    """
    if type(value) is str:
        return (value if value.isascii() else printable(value)) or None
    if value is None:
        return None
    raise Broken(f"{name}_invalid")


def mapping(value: Any, name: str) -> JsonObject:
    """Raises Broken when `value` is no JSON object."""
    if type(value) is dict:
        return value
    raise Broken(f"{name}_invalid")


def word(value: Any, otherwise: str) -> str:
    """A platform's name for something, safe to count by; `otherwise` when it is odd."""
    return value if type(value) is str and _WORD.fullmatch(value) else otherwise


def kept(value: Any, *, levels: int = _DEEPEST) -> Any:
    """`value` in a form that MongoDB and any JSON reader take without change or refusal.

    Ids and numbers beyond 2^53 become text, NaN and infinity None, lone surrogates U+FFFD;
    keys lose NUL, dots and a leading dollar (to their full-width twins).

    Raises:
        Broken: it is nested more deeply than can be stored.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else printable(value)
    if kind is dict or kind is list:
        if levels == 0:
            raise Broken("too_deep")
        if kind is list:
            return [kept(item, levels=levels - 1) for item in value]
        return {_key(k): _member(k, v, levels - 1) for k, v in value.items()}
    if kind is int and abs(value) > _EXACT_IN_EVERY_READER:
        return str(value)
    if kind is float and not isfinite(value):
        return None
    return value


def _member(key: str, value: Any, levels: int) -> Any:
    if type(value) is int and (key == "id" or key.endswith("_id")):
        return str(value)
    return kept(value, levels=levels)


def _key(key: str) -> str:
    if key.isidentifier() and key.isascii():
        return key
    key = printable(key).replace("\0", "�").replace(".", "．")
    return "＄" + key[1:] if key.startswith("$") else key


def json_text(value: Any) -> str:
    """`value` as JSON text, exactly where that is possible, else in the form of `kept`."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate, a number beyond 64 bits, very deep nesting
        return orjson.dumps(kept(value)).decode()
