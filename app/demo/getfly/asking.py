"""`filtering[name:operator]=value`, `limit` and `offset`, as every list of Getfly takes them.

Texts compare as MySQL does it: whatever their case, and `%` and `_` are patterns in `contains`.
Source: https://developer.getfly.vn/en/docs/6.1/account/list
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.demo.getfly.errors import bad_request

_FILTER = re.compile(r"filtering\[(\w+)(?::(\w+))?\]")
_PATTERN = {"%": ".*", "_": "."}
_DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    operator: str
    value: str

    def holds(self, raw: Any) -> bool:
        known, asked = str("" if raw is None else raw).casefold(), self.value.casefold()
        return _OPERATORS[self.operator](known, asked)


def filters_of(query: Mapping[str, str], allowed: Mapping[str, frozenset[str]]) -> list[Filter]:
    """`allowed` are the operators of each field that can be asked for.

    Raises:
        GetflyError: 400, there is no such filter.
    """
    found = []
    for key, value in query.items():
        if not key.startswith("filtering"):
            continue
        parsed = _FILTER.fullmatch(key)
        name, operator = (parsed[1], parsed[2] or "eq") if parsed else ("", "")
        if operator not in allowed.get(name, frozenset()):
            raise bad_request("Điều kiện lọc không được hỗ trợ")
        found.append(Filter(name, operator, value))
    return found


def page_of(rows: Iterable[Any], query: Mapping[str, str], most: int) -> dict[str, Any]:
    """One page and whether there is more; a larger `limit` than `most` is cut to it."""
    limit = min(_number(query, "limit", _DEFAULT_LIMIT), most)
    offset = _number(query, "offset", 0)
    whole = list(rows)
    shown = whole[offset : offset + limit]
    more = offset + len(shown) < len(whole)
    return {"data": shown, "has_more": more, "offset": offset, "limited": limit}


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    raw = query.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() else default


def _like(known: str, asked: str) -> bool:
    pattern = "".join(_PATTERN.get(one, re.escape(one)) for one in asked)
    return re.search(pattern, known, re.DOTALL) is not None


def _between(known: str, asked: str) -> bool:
    first, _, last = asked.partition(",")
    return first <= known <= last


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda known, asked: known == asked,
    "contains": _like,
    "gte": lambda known, asked: known >= asked,
    "lte": lambda known, asked: known <= asked,
    "between": _between,
}
