"""Attachments of Meta's messages and comments, each shown as what it is."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from channels.events import File
from channels.facebook.values import Broken, JsonObject, kept, text
from inbox.conversations.model import AttachmentKind
from inbox.text import printable

UNSUPPORTED = File(kind="unsupported")
"""Stands for a message that says nothing: something the platform's API cannot show."""

_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
    "like_heart": "sticker",
    "location": "location",
    "template": "template",
    "appointment_booking": "template",
    "fallback": "link",
    "share": "link",
    "post": "link",
    "ig_post": "link",
    "reel": "link",
    "ig_reel": "link",
    "media": "link",
    "story_mention": "link",
    "story": "link",
    "ig_story": "link",
}
_BY_EXTENSION: dict[str, AttachmentKind] = {
    **dict.fromkeys(("avif", "bmp", "gif", "heic", "heif", "jpeg", "jpg", "png", "webp"), "image"),
    **dict.fromkeys(("3gp", "avi", "m4v", "mkv", "mov", "mp4", "webm"), "video"),
    **dict.fromkeys(("aac", "amr", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav"), "audio"),
}
_LARGEST_LATITUDE, _LARGEST_LONGITUDE = 90.0, 180.0


def message_files(message: JsonObject) -> tuple[File, ...]:
    """The attachments of one message; a sticker that came in two forms is there once."""
    given = message.get("attachments")
    if given is None:
        sticker = message.get("sticker_id")  # at message level in old events
        return () if sticker is None else (_sticker_by_id(sticker),)
    if type(given) is not list:
        return (_unsupported(given),)
    return tuple(_without_twins(_file(one) for one in given))


def comment_files(value: JsonObject) -> tuple[File, ...]:
    """The photos, the video or the link of a comment or a visitor's post."""
    item = value.get("item")
    photos = value.get("photos")
    pictures = [*photos] if type(photos) is list else []
    films = [value.get("video")]
    links: list[Any] = []
    if value.get("photo") is not None:
        pictures.append(value["photo"])
    if value.get("link") is not None:
        {"photo": pictures, "video": films}.get(str(item), links).append(value["link"])
    found: list[tuple[AttachmentKind, list[Any]]] = [
        ("image", pictures),
        ("video", films),
        ("link", links),
    ]
    return tuple(File(kind=kind, url=url) for kind, values in found for url in _web_links(values))


def web_link(value: Any) -> str | None:
    """`value` when it is an http(s) address, else None: nothing else may be followed."""
    if type(value) is not str or not value.lower().startswith(("https://", "http://")):
        return None
    return value if value.isascii() else printable(value)


def _web_links(values: Iterable[Any]) -> list[str]:
    """The addresses among `values`, each once."""
    return list(dict.fromkeys(link for value in values if (link := web_link(value))))


def _file(given: Any) -> File:
    if type(given) is not dict:
        return _unsupported(given)
    label = given.get("type")
    payload = given.get("payload")
    kind = _KINDS.get(label) if type(label) is str else None
    if kind is None or not (payload is None or type(payload) is dict):
        return _unsupported(given)
    payload = payload or {}
    url = payload.get("url") or given.get("url")
    title = _title(payload.get("title")) or _title(given.get("title"))
    data = kept({k: v for k, v in payload.items() if k not in ("url", "title")})
    link = web_link(url)
    if url and link is None:
        data["url"] = kept(url)
    file = File(kind=kind, name=title, url=link, data=data)
    shape = _SHAPES.get(str(label)) or (_link if kind == "link" else None)
    return shape(file) if shape else file


def _story(file: File) -> File:
    """Stories may be shown, but no copy may be kept."""
    return file.model_copy(update={"data": {**file.data, "story": True}, "keep_copy": False})


def _heart(file: File) -> File:
    return file.model_copy(update={"data": {**file.data, "like_heart": True}})


def _image(file: File) -> File:
    """Until 30 August 2026 a sticker came as an image."""
    is_sticker = file.data.get("sticker_id") is not None
    return file.model_copy(update={"kind": "sticker"}) if is_sticker else file


def _link(file: File) -> File:
    return file if file.url or file.name or file.data else UNSUPPORTED


def _location(file: File) -> File:
    return file.model_copy(update={"data": _place(file.data)})


def _named(file: File) -> File:
    """A file takes its name from its link, and its kind from its name: a photo sent as a file."""
    name = file.name or (_name_in(file.url) if file.url else None)
    extension = name.rpartition(".")[2].lower() if name else ""
    return file.model_copy(update={"name": name, "kind": _BY_EXTENSION.get(extension, "file")})


def _name_in(url: str) -> str | None:
    """The file name at the end of a link's path, as its sender typed it."""
    path = url.partition("?")[0].partition("#")[0].partition("://")[2]
    last = path.partition("/")[2].rpartition("/")[2]
    name = unicodedata.normalize("NFC", unquote(last))
    shown = "".join("_" if c in "/\\" else c for c in name if c.isprintable())
    return shown or None


def _place(data: JsonObject) -> JsonObject:
    """`{"lat", "long"}` in degrees; 0/0 is a place too. Empty when it is none."""
    coordinates = data.get("coordinates")
    if type(coordinates) is not dict:
        return {}
    latitude = _degrees(coordinates.get("lat"), _LARGEST_LATITUDE)
    longitude = _degrees(coordinates.get("long"), _LARGEST_LONGITUDE)
    return {} if latitude is None or longitude is None else {"lat": latitude, "long": longitude}


def _degrees(value: Any, largest: float) -> float | None:
    if type(value) not in (int, float, str):
        return None
    try:
        degrees = float(value)
    except ValueError:
        return None
    return degrees if -largest <= degrees <= largest else None  # NaN is not between


def _title(value: Any) -> str | None:
    return text(value, "title") if type(value) is str else None


def _sticker_by_id(sticker_id: Any) -> File:
    return File(kind="sticker", data=kept({"sticker_id": sticker_id}))


def _without_twins(files: Iterable[File]) -> Iterator[File]:
    """From June to August 2026 a sticker came as sticker and as image, in one message."""
    seen: set[str] = set()
    for file in files:
        if file.kind == "sticker" and (sticker_id := file.data.get("sticker_id")) is not None:
            if str(sticker_id) in seen:
                continue
            seen.add(str(sticker_id))
        yield file


def _unsupported(given: Any) -> File:
    """Whatever it is, it is kept, so that a later version may show it."""
    try:
        return File(kind="unsupported", data={"raw": kept(given)})
    except Broken:
        return UNSUPPORTED


_SHAPES: dict[str, Callable[[File], File]] = {
    "file": _named,
    "ig_story": _story,
    "image": _image,
    "like_heart": _heart,
    "location": _location,
    "story": _story,
    "story_mention": _story,
}
"""What only some kinds need."""
