"""Zalo attachments as files: the kind says what the thing is, whatever Zalo's label says."""

import math
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from channels.events import File
from channels.zalo.media_types import kind_of_mime, mime_of_extension
from channels.zalo.wire import elements, kept, load_json, mapping, optional_id, optional_text
from inbox.conversations.model import AttachmentKind

_ZALO_MEDIA_HOSTS = (".zdn.vn", ".zadn.vn", ".dlfl.vn")  # these answer https as well
_MOST_SIZE_DIGITS = 15

Payload = Mapping[str, Any]


def read_attachments(message: Payload, *, label: str) -> tuple[File, ...]:
    """The attachments of a Zalo message.

    `label` is the last word of the event's name, for an attachment that does not say its type.
    """
    caption = optional_text(message.get("text"))
    return tuple(_file(item, label, caption) for item in elements(message.get("attachments")))


def link(payload: Payload) -> File:
    """A link with its preview."""
    description = optional_text(payload.get("description"))
    return File(
        kind="link",
        name=optional_text(payload.get("title")),
        url=web_url(payload.get("url")),
        thumbnail_url=web_url(payload.get("thumbnail")),
        data={"description": description} if description else {},
    )


def unsupported(label: str) -> File:
    """Something that Zalo sends and that cannot be shown."""
    return File(kind="unsupported", data={"type": label})


def web_url(value: Any) -> str | None:
    """`value` if it is an http(s) link; links to Zalo's own media hosts become https."""
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    on_zalo = parts.hostname.endswith(_ZALO_MEDIA_HOSTS) and ":" not in parts.netloc
    return (parts._replace(scheme="https") if on_zalo else parts).geturl()


def _split(value: Any) -> SplitResult | None:
    if not isinstance(value, str):
        return None
    try:
        return urlsplit(value.strip())
    except ValueError:
        return None


def _file(item: Any, label: str, caption: str | None) -> File:
    attachment = mapping(item)
    label = (optional_text(attachment.get("type")) or label).lower()
    payload = mapping(attachment.get("payload"))
    if "zinstant_id" in payload:
        return _template(payload)
    if label in {"link", "links", "business_card", "contact"}:
        return _contact(payload, caption) or link(payload)
    reader = _READERS.get(label)
    return (reader and reader(payload)) or unsupported(label)


def _media(kind: AttachmentKind, payload: Payload, mime: str | None = None) -> File | None:
    url, thumbnail_url = web_url(payload.get("url")), web_url(payload.get("thumbnail"))
    if url is None and thumbnail_url is None:
        return None
    return File(
        kind=kind,
        name=_file_name(payload),
        size=_size(payload),
        mime=mime or mime_of_extension(_extension(urlsplit(url or "").path)),
        url=url,
        thumbnail_url=thumbnail_url,
    )


def _image(payload: Payload) -> File | None:
    return _media("image", payload)


def _gif(payload: Payload) -> File | None:
    return _media("image", payload, "image/gif")


def _audio(payload: Payload) -> File | None:
    return _media("audio", payload)


def _video(payload: Payload) -> File | None:
    return _media("video", payload)


def _any_file(payload: Payload) -> File | None:
    name, url = _file_name(payload), web_url(payload.get("url"))
    if name is None and url is None:
        return None
    mime = _file_mime(payload, name)
    checksum = optional_text(payload.get("checksum"))
    return File(
        kind=kind_of_mime(mime),
        name=name,
        size=_size(payload),
        mime=mime,
        url=url,
        thumbnail_url=web_url(payload.get("thumbnail")),
        data={"md5": checksum} if checksum else {},
    )


def _file_mime(payload: Payload, name: str | None) -> str | None:
    """By Zalo's `type` (an extension, perhaps a MIME type), else by the name's extension."""
    said = (optional_text(payload.get("type")) or "").strip().lower()
    if "/" in said:
        return said
    return mime_of_extension(said.lstrip(".")) or mime_of_extension(_extension(name or ""))


def _sticker(payload: Payload) -> File | None:
    sticker_id, url = optional_id(payload.get("id")), web_url(payload.get("url"))
    if sticker_id is None and url is None:
        return None
    data = {"sticker_id": sticker_id} if sticker_id else {}
    return File(kind="sticker", url=url, data=data)


def _template(payload: Payload) -> File:
    name = optional_text(payload.get("text")) or optional_text(payload.get("title"))
    return File(kind="template", name=name, data=kept(payload))


def _location(payload: Payload) -> File | None:
    coordinates = mapping(payload.get("coordinates")) or payload
    latitude = _degrees(coordinates, ("latitude", "lat"), limit=90)
    longitude = _degrees(coordinates, ("longitude", "long", "lng", "lon"), limit=180)
    if latitude is None or longitude is None:
        return None
    return File(kind="location", data={"lat": latitude, "long": longitude})


def _degrees(coordinates: Payload, names: tuple[str, ...], *, limit: int) -> float | None:
    """Strings in the documentation, numbers elsewhere."""
    value = next((coordinates[name] for name in names if name in coordinates), None)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        degrees = float(value)
    except (ValueError, OverflowError):
        return None
    return degrees if math.isfinite(degrees) and abs(degrees) <= limit else None


def _contact(payload: Payload, caption: str | None) -> File | None:
    """A business card: labelled "link", its description is JSON text with a phone."""
    description = payload.get("description")
    if not isinstance(description, str) or not description.lstrip().startswith("{"):
        return None
    try:
        card = mapping(load_json(description))
    except ValueError:
        return None
    phone = optional_text(card.get("phone"))
    if phone is None:
        return None
    return File(
        kind="contact",
        name=caption,
        url=web_url(payload.get("url")),
        thumbnail_url=web_url(payload.get("thumbnail")),
        data={"phone": phone, "qr": web_url(card.get("qrCodeUrl"))},
    )


def _file_name(payload: Payload) -> str | None:
    name = optional_text(payload.get("name"))
    return unicodedata.normalize("NFC", name) if name else None


def _size(payload: Payload) -> int | None:
    """Bytes; Zalo writes the number as text."""
    digits = optional_id(payload.get("size")) or ""
    if len(digits) > _MOST_SIZE_DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits)


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


_READERS: Mapping[str, Callable[[Payload], File | None]] = {
    "image": _image,
    "photo": _image,
    "gif": _gif,
    "audio": _audio,
    "voice": _audio,
    "video": _video,
    "file": _any_file,
    "sticker": _sticker,
    "location": _location,
    "template": _template,
    "zinstant": _template,
}
