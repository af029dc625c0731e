"""The simulated Meta on the wire: envelopes, attachments, exact bytes and their signature."""

import hmac
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.demo.accounts import DemoAccount
from app.demo.conversations.story import Media
from app.demo.delivery import Delivery, epoch_ms, epoch_s
from app.demo.scene import Scene

Json = dict[str, Any]

PAGE_INBOX_APP_ID = 263902037430900
"""The app that Business Suite's inbox sends as."""

_STICKER_ID = 842488328414943


def event(scene: Scene, at: datetime, *, from_account: bool = False, **content: Any) -> Json:
    """An element of `messaging`: who turned to whom, when, and one key with what happened."""
    account, person = {"id": scene.account.account_id}, {"id": scene.person.external_id}
    sender, recipient = (account, person) if from_account else (person, account)
    return {"sender": sender, "recipient": recipient, "timestamp": epoch_ms(at), **content}


def messaging_entry(scene: Scene, at: datetime, element: Json) -> Json:
    """An entry of the Messenger fields: its time is in milliseconds."""
    return {"id": scene.account.account_id, "time": epoch_ms(at) + 412, "messaging": [element]}


def change_entry(scene: Scene, at: datetime, name: str, value: Json) -> Json:
    """An entry of the other fields: its time is in seconds."""
    changes = [{"field": name, "value": value}]
    return {"id": scene.account.account_id, "time": epoch_s(at), "changes": changes}


def attachment(scene: Scene, media: Media) -> Json:
    name = scene.media_name(media)
    match media.kind:
        case "location":
            latitude, longitude = media.at
            coordinates = {"lat": latitude, "long": longitude}
            return {"title": name, "type": "location", "payload": {"coordinates": coordinates}}
        case "link":
            return {"type": "fallback", "payload": {"url": media.url, "title": name}}
        case "sticker":
            payload = {"url": scene.url_of(media), "sticker_id": _STICKER_ID}
            return {"type": "sticker", "payload": payload}
        case "image" | "audio" | "video" | "file":
            return {"type": media.kind, "payload": {"url": scene.url_of(media)}}
        case "contact":
            raise ValueError("Messenger has no contact cards")


def delivery(account: DemoAccount, entries: Iterable[Json], app_secret: str) -> Delivery:
    """A signed POST of Meta that holds these entries of one account."""
    kind = "instagram" if account.channel == "instagram" else "page"
    body = wire_bytes({"object": kind, "entry": list(entries)})
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": signature(body, app_secret),
    }
    return Delivery("facebook", body, headers)


def wire_bytes(document: Json) -> bytes:
    r"""JSON as Meta writes it: ASCII, "\u01a1" for what is not, and "\/" for a slash."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signature(body: bytes, app_secret: str) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.digest(app_secret.encode(), body, "sha256").hex()
