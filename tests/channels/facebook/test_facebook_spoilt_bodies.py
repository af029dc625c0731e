"""However a body is spoilt, parsing never raises and the neighbours are parsed."""

from copy import deepcopy
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.events import (
    InboundMessage,
    MalformedBody,
    Parsed,
)
from tests.channels.facebook.bodies import (
    NAMES,
    PAGE,
    parsed,
    read,
    said,
    sample,
    wire,
)

# What a node of a body may turn into.
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -1, 0, 2**63, 1.7e16, float("nan"), float("inf"), "", "0", PAGE]),
    st.floats(),
    st.text(),
    st.text(alphabet="\ud800\udc00\udfff a\0$."),
    st.recursive(
        st.just("x"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("$id"), inner),
        max_leaves=5,
    ),
)


def nodes(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as its container and its key."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    places = [(value, key) for key in keys]
    for container, key in places[:]:
        if isinstance(container[key], dict | list):
            places.extend(nodes(container[key]))
    return places


def spoil(draw: st.DrawFn, value: Any) -> Any:
    """`value` with up to three random nodes deleted or replaced."""
    value = deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        places = nodes(value)
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        if draw(st.booleans()):
            del container[key]
        else:
            container[key] = draw(JUNK)
    return value


@st.composite
def spoilt_bodies(draw: st.DrawFn) -> Any:
    return spoil(draw, sample(draw(st.sampled_from(NAMES))))


@st.composite
def spoilt_entries(draw: st.DrawFn) -> Any:
    """An entry of a sample that is spoilt below its list, and the kind of its object."""
    body = sample(draw(st.sampled_from(NAMES)))
    return body["object"], spoil(draw, body["entry"][0])


def assert_storable(result: Parsed) -> None:
    """Every event can be stored and shown, and none stumbled over a bug of the parser."""
    assert not [bad.reason for bad in result.bad if bad.reason.startswith("parser_error")]
    assert len(result.events) == len(result.indices)
    for event in result.events:
        bson.encode(event.model_dump())
    assert Parsed.model_validate_json(result.model_dump_json()) == result


@given(spoilt_bodies())
@settings(max_examples=400, deadline=None)
def test_spoilt_body_never_raises(body: Any) -> None:
    try:
        result = read(wire(body))
    except MalformedBody:
        assert not (isinstance(body, dict) and isinstance(body.get("entry"), list))
    else:
        assert_storable(result)


@given(spoilt_entries())
@settings(max_examples=400, deadline=None)
def test_neighbours_of_a_spoilt_entry_are_parsed(spoilt: tuple[str, Any]) -> None:
    kind, entry = spoilt
    good = {"id": PAGE, "messaging": [said("còn hàng không", mid="m_good")]}

    result = read(wire({"object": kind, "entry": [good, entry, good]}))

    assert_storable(result)
    messages = [event for event in result.events if isinstance(event, InboundMessage)]
    assert sum(message.message_id == "m_good" for message in messages) == 2


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_malformed(body: bytes) -> None:
    try:
        assert_storable(read(body))
    except MalformedBody:
        return


@pytest.mark.parametrize("name", NAMES)
def test_parsing_twice_gives_the_same(name: str) -> None:
    assert parsed(name) == parsed(name)
