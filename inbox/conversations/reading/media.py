"""The media block: images, videos, audio, files and links of messages, by what they are."""

import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from inbox.conversations.attachments import MEDIA_KINDS, attachment_view
from inbox.conversations.view import iso

BlockKind = Literal["image", "video", "audio", "file", "link"]
_BLOCK_KINDS = (*MEDIA_KINDS, "link")
_TOLD_BY_MIME = frozenset({"image", "video", "audio"})
_SAYS_NOTHING = "application/octet-stream"


def kind_of(attachment: Mapping[str, Any]) -> BlockKind | None:
    """What an attachment is: by the bytes of its copy; before there is one by its type, else its
    name, and only then by the channel's label.

    A photo that a channel calls a file is an image, a PDF it calls an image is a file. None for
    what is not in the block (stickers, places, contacts).
    """
    label = attachment.get("kind")
    if label == "link":
        return "link"
    if label not in MEDIA_KINDS:
        return None
    copy = attachment.get("copy") or {}
    if "kind" in copy:
        return cast("BlockKind", copy["kind"])
    mime = attachment.get("mime")
    if not mime or mime == _SAYS_NOTHING:
        mime, _ = mimetypes.guess_type(attachment.get("name") or "")
    if not mime:
        return cast("BlockKind", label)
    kind = mime.partition("/")[0].lower()
    return cast("BlockKind", kind) if kind in _TOLD_BY_MIME else "file"


def media_query(kind: BlockKind | None) -> dict[str, Any]:
    """Messages that may hold media of a kind; `kind_of` has the last word about each.

    The first condition is what the index (conversation_id, attachments.kind, -at) is for.
    """
    labels = ("link",) if kind == "link" else _BLOCK_KINDS if kind is None else MEDIA_KINDS
    wanted = {"attachments.kind": {"$in": list(labels)}, "attachments.0": {"$exists": True}}
    if kind in {None, "link"}:
        return wanted
    mime = rf"^{kind}/" if kind in _TOLD_BY_MIME else r"^(?!image/|video/|audio/)."
    told: list[dict[str, Any]] = [
        {"copy.kind": kind},
        {"mime": {"$regex": mime, "$options": "i"}},
        {"kind": {"$in": [kind, "file"]}},
    ]
    return {**wanted, "attachments": {"$elemMatch": {"$or": told}}}


@dataclass(frozen=True, slots=True)
class MediaPlace:
    """Where an item stands: time and id of its message, its number within the message."""

    at: datetime
    message_id: str
    number: int


def media_items(
    messages: Iterable[Mapping[str, Any]], kind: BlockKind | None, *, after: MediaPlace | None
) -> Iterator[tuple[MediaPlace, dict[str, Any]]]:
    """Items of messages (newest first) with their places, without what lies before `after`."""
    for message in messages:
        for number, attachment in enumerate(message["attachments"]):
            place = MediaPlace(message["at"], message["_id"], number)
            if after is not None and _is_before(place, after):
                continue
            found = kind_of(attachment)
            if found is not None and kind in {None, found}:
                yield place, _item(message, number, found)


def _is_before(place: MediaPlace, after: MediaPlace) -> bool:
    same_message = (place.at, place.message_id) == (after.at, after.message_id)
    return same_message and place.number <= after.number


def _item(message: Mapping[str, Any], number: int, kind: BlockKind) -> dict[str, Any]:
    view = attachment_view(message["_id"], number, message["attachments"][number])
    del view["data"]
    return {
        **view,
        "message_id": message["_id"],
        "conversation_id": message["conversation_id"],
        "position": number,
        "at": iso(message["at"]),
        "direction": message["direction"],
        "kind": kind,
    }
