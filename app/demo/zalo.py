"""The simulated Zalo on the wire: envelopes, attachments, exact bytes and their signature."""

import hashlib
import json
from datetime import datetime
from typing import Any

from app.demo.conversations.story import Media
from app.demo.delivery import Delivery, epoch_ms
from app.demo.media import media_content
from app.demo.scene import Scene

Json = dict[str, Any]

ADMIN_ID = "6000000000000000701"
"""The person who answers in Zalo's own tool."""

_STICKER_ID = "46986"


def envelope(scene: Scene, name: str, at: datetime, **content: Any) -> Json:
    """The fields that every event has; Zalo writes the time as text."""
    return {
        "app_id": "",  # set when it is signed
        "user_id_by_app": id_by_app(scene.person.external_id),
        "event_name": name,
        "timestamp": str(epoch_ms(at)),
        **content,
    }


def id_by_app(user_id: str) -> str:
    """What the app, and not the OA, calls this person."""
    by_app = hashlib.blake2b(user_id.encode(), digest_size=7).digest()
    return f"5{int.from_bytes(by_app, 'big'):018d}"[:19]


def from_customer(scene: Scene, name: str, at: datetime, **content: Any) -> Json:
    sender, recipient = {"id": scene.person.external_id}, {"id": scene.account.account_id}
    return envelope(scene, name, at, sender=sender, recipient=recipient, **content)


def from_oa(scene: Scene, name: str, at: datetime, *, by_human: bool, **content: Any) -> Json:
    """`admin_id` is there only when a human did it in Zalo's own tool."""
    sender = {"id": scene.account.account_id}
    if by_human:
        sender["admin_id"] = ADMIN_ID
    recipient = {"id": scene.person.external_id}
    return envelope(scene, name, at, sender=sender, recipient=recipient, **content)


def attachment(scene: Scene, media: Media) -> Json:
    name = scene.media_name(media)
    url = scene.url_of(media)
    payload: Json = {"url": url}
    match media.kind:
        case "image":
            payload["thumbnail"] = url
        case "sticker":
            payload["id"] = _STICKER_ID
        case "file":
            payload = _file(name, url)
        case "location":
            latitude, longitude = media.at  # Zalo writes them as text
            payload = {
                "coordinates": {"latitude": f"{latitude:.6f}", "longitude": f"{longitude:.6f}"}
            }
        case "link":
            payload |= {"title": name, "description": name, "thumbnail": ""}
        case "contact":  # a business card: labelled as a link, its description is JSON
            card = json.dumps({"phone": media.phone, "qrCodeUrl": url})
            link = f"https://zalo.me/{media.phone}"
            payload = {"thumbnail": url, "description": card, "url": link}
        case "audio" | "video":
            pass
    kind = "link" if media.kind == "contact" else media.kind
    return {"type": kind, "payload": payload}


def event_label(media: Media) -> str:
    """The end of the name of the event that carries it."""
    return "business_card" if media.kind == "contact" else media.kind


def delivery(event: Json, app_id: str, oa_secret_key: str) -> Delivery:
    """A signed POST of Zalo; it always holds one event."""
    body = wire_bytes({**event, "app_id": app_id})
    mac = signature(app_id, body, event["timestamp"], oa_secret_key)
    headers = {"Content-Type": "application/json", "X-ZEvent-Signature": mac}
    return Delivery("zalo", body, headers)


def wire_bytes(document: Json) -> bytes:
    """JSON as Zalo writes it: UTF-8, nothing escaped that need not be."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def signature(app_id: str, body: bytes, timestamp: str, oa_secret_key: str) -> str:
    """The value of X-ZEvent-Signature: no HMAC, a plain SHA-256 over the four."""
    signed = app_id.encode() + body + timestamp.encode() + oa_secret_key.encode()
    return "mac=" + hashlib.sha256(signed).hexdigest()


def _file(name: str, url: str) -> Json:
    content = media_content(name)
    return {
        "size": str(len(content)),
        "name": name,
        "checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "type": name.rpartition(".")[2],
        "url": url,
    }
