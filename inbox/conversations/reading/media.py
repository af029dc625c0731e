"""The media block: images, videos, audio and files of messages, by what they are."""

import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from inbox.conversations.view import iso

MediaKind = Literal["image", "video", "audio", "file"]
MEDIA_KINDS: tuple[MediaKind, ...] = ("image", "video", "audio", "file")
_TOLD_BY_MIME = frozenset({"image", "video", "audio"})
_SAYS_NOTHING = "application/octet-stream"


def kind_of(attachment: Mapping[str, Any]) -> MediaKind | None:
    """What an attachment is: by its type, else its name, and only then by the channel's label.

    A photo that a channel calls a file is an image, a PDF it calls an image is a file. None for
    what is no media (stickers, places, contacts, links).
    """
    label = attachment.get("kind")
    if label not in MEDIA_KINDS:
        return None
    mime = attachment.get("mime")
    if not mime or mime == _SAYS_NOTHING:
        mime, _ = mimetypes.guess_type(attachment.get("name") or "")
    if not mime:
        return cast("MediaKind", label)
    kind = mime.partition("/")[0].lower()
    return cast("MediaKind", kind) if kind in _TOLD_BY_MIME else "file"


def media_query(kind: MediaKind | None) -> dict[str, Any]:
    """Messages that may hold media of a kind; `kind_of` has the last word about each.

    The first condition is what the index (conversation_id, attachments.kind, -at) is for.
    """
    labels = {"attachments.kind": {"$in": list(MEDIA_KINDS)}, "attachments.0": {"$exists": True}}
    if kind is None:
        return labels
    mime = rf"^{kind}/" if kind in _TOLD_BY_MIME else r"^(?!image/|video/|audio/)."
    told = [{"mime": {"$regex": mime, "$options": "i"}}, {"kind": {"$in": [kind, "file"]}}]
    return {**labels, "attachments": {"$elemMatch": {"$or": told}}}


@dataclass(frozen=True, slots=True)
class MediaPlace:
    """Where an item stands: time and id of its message, its number within the message."""

    at: datetime
    message_id: str
    number: int


def media_items(
    messages: Iterable[Mapping[str, Any]], kind: MediaKind | None, *, after: MediaPlace | None
) -> Iterator[tuple[MediaPlace, dict[str, Any]]]:
    """Items of messages (newest first) with their places, without what lies before `after`."""
    for message in messages:
        for number, attachment in enumerate(message["attachments"]):
            place = MediaPlace(message["at"], message["_id"], number)
            if after is not None and _is_before(place, after):
                continue
            found = kind_of(attachment)
            if found is not None and kind in {None, found}:
                yield place, _item(message, attachment, found)


def _is_before(place: MediaPlace, after: MediaPlace) -> bool:
    same_message = (place.at, place.message_id) == (after.at, after.message_id)
    return same_message and place.number <= after.number


def _item(
    message: Mapping[str, Any], attachment: Mapping[str, Any], kind: MediaKind
) -> dict[str, Any]:
    return {
        "message_id": message["_id"],
        "conversation_id": message["conversation_id"],
        "at": iso(message["at"]),
        "kind": kind,
        "name": attachment.get("name"),
        "mime": attachment.get("mime"),
        "size": attachment.get("size"),
        "url": attachment.get("url"),
        "thumbnail_url": attachment.get("thumbnail_url"),
    }
