"""The shape of copies on stored messages, and which attachments there is something to copy of.

`messages.attachments[i].copy` is one of

    {state: "copied", sha256, size, mime, kind, thumbnail?: {sha256, width, height}}
    {state: "failed", reason}

and absent while the attachment waits, or has nothing to copy. `messages.copying` is due work
(inbox/mongo/due.py), there only while some attachment waits; `customers.avatar_copying` is the
same for `customers.identities[i].avatar`, which is {sha256, mime, url}.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from inbox.conversations.sheet import Tracked
from inbox.media.model import MediaKind
from inbox.mongo.due import due

Document = dict[str, Any]
FailureReason = Literal[
    "refused", "too_large", "wrong_type", "gone", "unavailable", "upload_gone", "empty"
]

COPIED_KINDS = ("image", "video", "audio", "file", "sticker")
"""What is media. Links, places, contacts and templates are what they say."""


def is_to_copy(attachment: Mapping[str, Any]) -> bool:
    """Whether a copy of it is wanted and neither there nor given up."""
    if attachment.get("copy") is not None or attachment.get("kind") not in COPIED_KINDS:
        return False
    if attachment.get("upload_id") is not None:
        return True
    return bool(attachment.get("url")) and attachment.get("keep_copy", True)


def waiting(attachments: Iterable[Mapping[str, Any]] | None) -> list[int]:
    """The positions of the attachments that wait to be copied."""
    return [n for n, attachment in enumerate(attachments or ()) if is_to_copy(attachment)]


def mark_waiting(message: Tracked, now: datetime) -> None:
    """Have the attachments of a message copied, once; one without any waits for nothing."""
    if not waiting(message.get("attachments")):
        message.put("copying", None)
    elif message.get("copying") is None:
        message.put("copying", due(now))


def objects_in(attachments: Iterable[Mapping[str, Any]] | None) -> set[str]:
    """The hashes of the stored objects that these attachments' copies are."""
    found: set[str] = set()
    for attachment in attachments or ():
        copy = attachment.get("copy") or {}
        found |= {one["sha256"] for one in (copy, copy.get("thumbnail") or {}) if "sha256" in one}
    return found


def copied(
    *, sha256: str, size: int, mime: str, kind: MediaKind, thumbnail: Document | None = None
) -> Document:
    """The `copy` of an attachment whose bytes are ours now; `size` in bytes, by content."""
    shape: Document = {
        "state": "copied",
        "sha256": sha256,
        "size": size,
        "mime": mime,
        "kind": kind,
    }
    return shape | ({"thumbnail": thumbnail} if thumbnail is not None else {})


def is_new_avatar(
    identities: Iterable[Mapping[str, Any]], identity_id: str, avatar_url: str
) -> bool:
    """Whether the avatar of an identity is not the one that was copied already."""
    for identity in identities:
        if identity["id"] == identity_id:
            return bool((identity.get("avatar") or {}).get("url") != avatar_url)
    return False


def failed(reason: FailureReason) -> Document:
    """The `copy` of an attachment that there will be no copy of."""
    return {"state": "failed", "reason": reason}
