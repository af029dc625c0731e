"""Recorded Zalo payloads with random damage: read, parked or refused, never a crash."""

import copy
import json
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.events import MalformedBody
from channels.zalo.parser import parse
from tests.channels.zalo.bodies import ARRIVAL, OA, PAYLOADS, payload, read

EVERY_PAYLOAD = [payload(path.stem) for path in sorted(PAYLOADS.glob("*.json"))]

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.just("\ud800"),
    st.sampled_from(["", " ", "0", "This is message id", OA, "{}", '{"phone":"1"}', "http://["]),
    st.recursive(
        st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ),
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps: list[Any] = []
    if isinstance(node, dict):
        steps = list(node)
    elif isinstance(node, list):
        steps = list(range(len(node)))
    return [
        place for step in steps for place in [(*path, step), *_places(node[step], (*path, step))]
    ]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    content: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(EVERY_PAYLOAD)))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(content)
        if not places:
            break
        *path, last = draw(st.sampled_from(places))
        parent: Any = content
        for step in path:
            parent = parent[step]
        if draw(st.booleans()):
            del parent[last]
        else:
            parent[last] = draw(JUNK)
    return content


@settings(max_examples=400)
@given(content=mutated(), known=st.sampled_from([(), (OA,), (OA, "7205934418860273519")]))
def test_a_damaged_payload_is_read_parked_or_refused_and_nothing_else(
    content: dict[str, Any], known: tuple[str, ...]
) -> None:
    body = json.dumps(content).encode()
    name = content.get("event_name")
    try:
        parsed = parse(body, known_oa_ids=known, received_at=ARRIVAL)
    except MalformedBody:
        assert not isinstance(name, str) or not name.strip()
        return
    assert bool(parsed.events) != bool(parsed.bad)
    assert len(parsed.indices) == len(parsed.events)
    bson.encode(parsed.model_dump())  # a store takes it: UTF-8, 64 bits, keys without NUL
    assert parsed == parse(body, known_oa_ids=known, received_at=ARRIVAL)


@given(body=st.binary(max_size=300))
def test_random_bytes_are_malformed_and_nothing_else(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(body)
