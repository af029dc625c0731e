"""The sample webhook bodies of Meta, and short ways to build and parse others."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from channels.events import Parsed
from channels.facebook.parser import parse

PAYLOADS = Path(__file__).parents[2] / "payloads" / "facebook"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENT = datetime(2026, 9, 17, 2, 32, 25, 678000, tzinfo=UTC)
"""When most of the samples say that they were sent."""

OUR_APP = "1184530992247716"
PAGE = "108724531987066"
INSTAGRAM = "17841462210093845"
CUSTOMER, OTHER_CUSTOMER = "7312094485501276", "6920187745310982"
FOLLOWER = "1294408837719026"
POST = f"{PAGE}_1220034998811201"
ROOT = "1220034998811201_887766550011"
"""A comment under that post, with which a thread begins."""


def read(body: bytes, *, own_app_id: str | None = OUR_APP) -> Parsed:
    return parse(body, own_app_id=own_app_id, received_at=NOON)


def sample(name: str) -> Any:
    """The JSON of a sample, to be changed at will."""
    return orjson.loads((PAYLOADS / f"{name}.json").read_bytes())


def parsed(name: str, *, own_app_id: str | None = OUR_APP) -> Parsed:
    return read((PAYLOADS / f"{name}.json").read_bytes(), own_app_id=own_app_id)


def only(name: str, *, own_app_id: str | None = OUR_APP) -> Any:
    """The one event of a sample."""
    (event,) = parsed(name, own_app_id=own_app_id).events
    return event


def wire(body: Any) -> bytes:
    """ASCII only, as Meta sends it; lone surrogates and NaN come through."""
    return json.dumps(body).encode("ascii")


def messaging(*elements: Any, page: Any = PAGE, kind: str = "page") -> bytes:
    return wire(
        {"object": kind, "entry": [{"id": page, "time": 1789612346090, "messaging": elements}]}
    )


def feed(**value: Any) -> bytes:
    change = {"field": "feed", "value": value}
    return wire(
        {"object": "page", "entry": [{"id": PAGE, "time": 1789612345, "changes": [change]}]}
    )


def said(text: str = "alo", *, mid: str = "m_1", **changes: Any) -> dict[str, Any]:
    """A text message; `changes` replace whole members of the element."""
    return {
        "sender": {"id": CUSTOMER},
        "recipient": {"id": PAGE},
        "timestamp": 1789612345678,
        "message": {"mid": mid, "text": text},
    } | changes


def one(body: bytes) -> Any:
    result = read(body)
    assert not result.bad
    (event,) = result.events
    return event
