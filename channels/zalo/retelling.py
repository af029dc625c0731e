"""Rows of an OA's conversations turned into the webhooks that told the messages: pure.

Zalo's history says neither what was quoted nor who typed for the OA. Which media fields a row has
is only partly documented, so each is looked for in every place where it was seen.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from channels.zalo.times import moment
from channels.zalo.wire import elements, load_json, mapping, optional_id, optional_text
from inbox.ports import AccountRef, ToldMessage

Row = Mapping[str, Any]

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_FROM_OA = "0"
_LABELS = {
    "photo": "image",
    "image": "image",
    "gif": "gif",
    "voice": "audio",
    "audio": "audio",
    "video": "video",
    "file": "file",
    "sticker": "sticker",
    "link": "link",
    "links": "link",
    "location": "location",
}


def time_of(row: Row) -> datetime | None:
    """When Zalo says it was written; None where it says nothing usable."""
    at = moment(row.get("time"), _NEVER)
    return None if at == _NEVER else at


def person_of(row: Row, oa_id: str) -> str | None:
    """Whom the OA talks with; None for a row that is not between it and a user."""
    sides = (optional_id(row.get("from_id")), optional_id(row.get("to_id")))
    ours, person = sides if _is_from_oa(row) else (sides[1], sides[0])
    return person if ours == oa_id else None


def retold(account: AccountRef, row: Row) -> ToldMessage | None:
    """The webhook of a row; None when it is no message between the OA and a user."""
    at, person_id = time_of(row), person_of(row, account.account_id)
    message_id = optional_id(row.get("message_id"))
    if at is None or person_id is None or message_id is None:
        return None
    ours, person = {"id": account.account_id}, {"id": person_id}
    from_oa = _is_from_oa(row)
    said = (optional_text(row.get("type")) or "text").lower()
    event = {
        "event_name": f"{'oa' if from_oa else 'user'}_send_{_LABELS.get(said, said)}",
        "oa_id": account.account_id,
        "timestamp": str(round(at.timestamp() * 1000)),
        "sender": ours if from_oa else person,
        "recipient": person if from_oa else ours,
        "message": {"msg_id": message_id, **_content(row, said)},
    }
    return ToldMessage(message_id, person_id, at, orjson.dumps(event))


def _is_from_oa(row: Row) -> bool:
    return optional_id(row.get("src")) == _FROM_OA


def _content(row: Row, said: str) -> dict[str, Any]:
    content: dict[str, Any] = {}
    text = optional_text(row.get("message"))
    attachments = _attachments(row, said)
    if text is None and attachments and said in ("photo", "image", "gif"):
        text = optional_text(row.get("description"))  # the caption
    if text is not None:
        content["text"] = text
    if attachments:
        content["attachments"] = attachments
    return content


def _attachments(row: Row, said: str) -> list[dict[str, Any]]:
    label = _LABELS.get(said)
    if label is None:
        return []
    if label == "link":
        links = [mapping(one) for one in elements(_opened(row.get("links")))] or [row]
        return [{"type": "link", "payload": _filled(one)} for one in links]
    payload = _filled(row)
    if label == "location":
        payload = {"coordinates": mapping(_opened(row.get("location") or row.get("coordinates")))}
    if label == "sticker" and (sticker_id := optional_id(row.get("sticker_id"))) is not None:
        payload["id"] = sticker_id
    return [{"type": label, "payload": payload}] if payload else []


def _filled(row: Row) -> dict[str, Any]:
    """What an attachment's webhook has, of what there is."""
    found = {
        "url": row.get("url") or row.get("link"),
        "thumbnail": row.get("thumb") or row.get("thumbnail"),
        "title": row.get("title"),
        "description": row.get("description"),
        "name": row.get("name") or row.get("file_name"),
        "size": row.get("size") or row.get("file_size"),
        "checksum": row.get("checksum"),
    }
    return {name: value for name, value in found.items() if value}


def _opened(value: Any) -> Any:
    """Objects come as JSON text now and then."""
    if not isinstance(value, str):
        return value
    try:
        return load_json(value)
    except ValueError:
        return None
