"""What MongoDB can store: foreign JSON made safe before it becomes part of a document."""

from typing import Any

from inbox.text import printable

INT64_MAX = 2**63 - 1
_DEEPEST = 20
"""Nesting allowed in kept platform data; MongoDB's own limit is 100 for the whole document."""


def storable(value: Any, depth: int = 0) -> Any:
    """`value` (parsed JSON) with everything that BSON refuses replaced.

    Integers beyond 64 bits become text, keys lose NUL, lone surrogates become U+FFFD, what is
    nested deeper than 20 levels becomes its text.
    """
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -INT64_MAX <= value <= INT64_MAX else str(value)
    if depth >= _DEEPEST and isinstance(value, dict | list | tuple):
        return repr(value)[:1000]
    if isinstance(value, dict):
        return {
            printable(str(key)).replace("\0", "�"): storable(one, depth + 1)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [storable(one, depth + 1) for one in value]
    return value
