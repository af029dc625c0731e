"""Foreign JSON made fit for MongoDB: what it refuses is replaced, all else stays as it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.mongo.client import Mongo
from inbox.mongo.documents import INT64_MAX, storable

REFUSED: list[Any] = [
    {"id": 2**63, "negative": -(2**63) - 1},
    {"key\0with nul": 1},
    {"half a pair": "\ud800 \udfff"},
    {"\ud800": 1},
    {"$set": {"a.b": 1}, "": None},
    [[[[]]], {"list": (1, 2)}],
    {"deep": [[[[[[[[[[[[[[[[[[[[[[[[["far down"]]]]]]]]]]]]]]]]]]]]]]]]]},
]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(st.characters()),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters()), children),
    max_leaves=20,
)


@pytest.mark.parametrize("value", REFUSED)
async def test_what_mongodb_would_refuse_is_stored(mongo: Mongo, value: Any) -> None:
    await mongo["account_events"].insert_one({"_id": 1, "data": storable(value)})

    found = await mongo["account_events"].find_one()
    assert found is not None
    assert found["data"] == storable(value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("Áo dài", "Áo dài"),
        ("\ud83d", "\ufffd"),
        (INT64_MAX, INT64_MAX),
        (INT64_MAX + 1, "9223372036854775808"),
        (-INT64_MAX - 2, "-9223372036854775809"),
        (True, True),
        (None, None),
        (1.5, 1.5),
        ({"a\0b": {"c": [2**64]}}, {"a\ufffdb": {"c": ["18446744073709551616"]}}),
        ({7: "seven"}, {"7": "seven"}),
    ],
)
def test_value_becomes(value: Any, stored: Any) -> None:
    assert storable(value) == stored
    assert type(storable(value)) is type(stored)


def test_what_is_nested_deeper_than_twenty_levels_becomes_its_text() -> None:
    value: Any = "bottom"
    for _ in range(30):
        value = {"in": value}

    stored = storable(value)
    for _ in range(20):
        stored = stored["in"]

    assert isinstance(stored, str)
    assert "bottom" in stored


@given(JSON)
def test_making_storable_twice_changes_nothing_more(value: Any) -> None:
    once = storable(value)

    assert storable(once) == once
    assert not any("\0" in key for key in _keys(once))


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for one in value.values() for key in _keys(one))]
    if isinstance(value, list):
        return [key for one in value for key in _keys(one)]
    return []
