"""An attachment as clients see it: where our copy of it is, or why there is none (yet)."""

from collections.abc import Mapping
from typing import Any, Literal

from inbox.media.copying.model import is_to_copy
from inbox.media.links import attachment_address

CopyState = Literal["pending", "copied", "failed", "none"]
"""none: there is nothing to copy, or the platform forbids to keep it."""

MEDIA_KINDS = ("image", "video", "audio", "file")
"""Whose kind follows from the bytes, once they are here."""
_FOLLOWED = frozenset({"link", "contact", "location"})
"""Whose address is what was sent: people press it, nothing loads it by itself."""


def copy_state(attachment: Mapping[str, Any]) -> CopyState:
    """What became of copying. An upload of ours is here from the beginning."""
    copy = attachment.get("copy") or {}
    if copy.get("state") in {"copied", "failed"}:
        state: CopyState = copy["state"]
        return state
    if attachment.get("upload_id"):
        return "copied"
    return "pending" if is_to_copy(attachment) else "none"


def attachment_view(
    message_id: str, position: int, attachment: Mapping[str, Any]
) -> dict[str, Any]:
    """An attachment of the API; `position` counts from 0.

    Addresses of ours are bare: `MediaLinks` signs them where the view goes out. The platform's
    own are left out: a browser that loaded them would tell the platform who looks at what. Size,
    type and (of media) the kind are those of the copied bytes as soon as there is a copy.
    """
    state = copy_state(attachment)
    copy = attachment.get("copy") or {} if state == "copied" else {}
    kind, address = attachment["kind"], None
    if kind in _FOLLOWED:
        address = attachment.get("url")
    elif state == "copied":
        address = attachment_address(message_id, position)
    small = attachment_address(message_id, position, "thumbnail")
    return {
        "kind": copy.get("kind", kind) if kind in MEDIA_KINDS else kind,
        "name": attachment.get("name"),
        "size": copy.get("size", attachment.get("size")),
        "mime": copy.get("mime", attachment.get("mime")),
        "url": address,
        "thumbnail_url": small if copy.get("thumbnail") else None,
        "data": attachment.get("data") or {},
        "copy_state": state,
        "copy_reason": (attachment.get("copy") or {}).get("reason"),
    }
