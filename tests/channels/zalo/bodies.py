"""The recorded Zalo payloads, and short ways to read them in a test."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from channels.events import Parsed
from channels.zalo.parser import parse

PAYLOADS = Path(__file__).parents[2] / "payloads/zalo"
OA = "4118290375522816043"
USER = "7205934418860273519"
VISITOR = "a93f1c77d2504be8"
GROUP = "c41e07d9a5b263f81d02"
ARRIVAL = datetime(2026, 11, 22, 5, 0, 0, 123456, tzinfo=UTC)


def payload(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads((PAYLOADS / f"{name}.json").read_bytes())
    return loaded


def read(content: Any, *, known: tuple[str, ...] = (OA,)) -> Parsed:
    """What the parser makes of bytes, or of anything that JSON can say."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return parse(body, known_oa_ids=known, received_at=ARRIVAL)


def only(content: Any, *, known: tuple[str, ...] = (OA,)) -> Any:
    """The one event of a body in which nothing is broken."""
    parsed = read(content, known=known)
    assert parsed.bad == ()
    [event] = parsed.events
    return event


def message(**changed: Any) -> dict[str, Any]:
    """A text message that says "hi", with some fields changed."""
    said = {"msg_id": "0fbda1197a621b7f1492", "text": "hi"}
    return payload("user_send_text") | {"message": said} | changed


def attached(kind: str, content: Any, text: str | None = None) -> Any:
    """The file that an attachment of a message becomes."""
    item = {"type": kind, "payload": content}
    said = {"msg_id": "1a", "text": text, "attachments": [item]}
    [file] = only(message(message=said)).attachments
    return file
