"""Searches of the pretended HubSpot, with their documented limits.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from tests.crm_sync.hubspot.refusals import bad_request

MOST_HITS = 10_000
_MOST = {"groups": 5, "filters": 6, "together": 18, "limit": 200, "characters": 3000}
_TIMES = frozenset({"createdate", "lastmodifieddate"})
_NUMBERS = frozenset({"hs_object_id", "annual_points"})

Row = Mapping[str, str]
"""Properties of one contact as they were indexed."""


def search(rows: Sequence[Row], body: Mapping[str, Any], size: int) -> tuple[list[Row], int]:
    """A page of hits, and how many there are. `size` is that of the request. Raises Refused."""
    groups = [group.get("filters") or [] for group in body.get("filterGroups") or ()]
    _check(groups, body, size)
    hits = [row for row in rows if not groups or any(_fits(row, one) for one in groups)]
    for sort in body.get("sorts") or ():
        name = sort["propertyName"]
        hits.sort(key=lambda row: str(row["hs_object_id"])[::-1])  # in no order that helps
        backwards = sort.get("direction") == "DESCENDING"
        hits.sort(key=lambda row: _comparable(name, row.get(name) or ""), reverse=backwards)
    start, limit = int(body.get("after") or 0), int(body.get("limit") or 10)
    if start + limit > MOST_HITS:
        raise bad_request("Paging past 10,000 results is not supported")
    return hits[start : start + limit], len(hits)


def _check(groups: list[list[Mapping[str, Any]]], body: Mapping[str, Any], size: int) -> None:
    together = sum(len(one) for one in groups)
    if (
        len(groups) > _MOST["groups"]
        or any(not 1 <= len(one) <= _MOST["filters"] for one in groups)
        or together > _MOST["together"]
    ):
        raise bad_request("too many or too few filters")
    if len(body.get("sorts") or ()) > 1:
        raise bad_request("only one sort is supported")
    if not 1 <= int(body.get("limit") or 10) <= _MOST["limit"]:
        raise bad_request("limit must be between 1 and 200")
    if size > _MOST["characters"]:
        raise bad_request("the request is longer than 3000 characters")


def _fits(row: Row, filters: list[Mapping[str, Any]]) -> bool:
    return all(_holds(row.get(one["propertyName"]) or "", one) for one in filters)


def _holds(value: str, wanted: Mapping[str, Any]) -> bool:
    name, operator = str(wanted["propertyName"]), str(wanted["operator"])
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return bool(value) == (operator == "HAS_PROPERTY")
    if operator == "IN":
        return any(value.lower() == one for one in wanted["values"])
    if operator == "CONTAINS_TOKEN":
        return _has_token(value, wanted["value"])
    here, there = _comparable(name, value), _comparable(name, wanted["value"])
    compared = {
        "EQ": here == there,
        "NEQ": here != there,
        "LT": here < there,
        "LTE": here <= there,
        "GT": here > there,
        "GTE": here >= there,
    }
    if operator not in compared:
        raise bad_request(f"unknown operator {operator}")
    return bool(value) and bool(compared[operator])


def _has_token(value: str, pattern: str) -> bool:
    """Whole words; a star is for any part of one. A word of an address is the address."""
    wanted = re.compile(re.escape(pattern.lower()).replace(r"\*", ".*"))
    return any(wanted.fullmatch(word) for word in re.split(r"[\s;,()]+", value.lower()))


def _comparable(name: str, value: str) -> Any:
    if name in _NUMBERS:
        return float(value or 0)
    if name in _TIMES:
        return _milliseconds(value)
    return value.lower()


@cache
def _milliseconds(value: str) -> int:
    if value.isdigit():
        return int(value)
    return round(datetime.fromisoformat(value).timestamp() * 1000) if value else 0
