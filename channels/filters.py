"""Filters for handlers: the magic `F` and a few predicates with names.

`F.text.lower().contains("giá")` builds a predicate over the event's fields; a missing field is
None and matches nothing.
"""

from typing import Any

from magic_filter import F

from channels.events import PlatformEvent

__all__ = ["F", "owned", "with_attachment"]


def owned(event: PlatformEvent) -> bool:
    """The thread is ours, not another app's: nothing automatic may react to standby events."""
    return not event.standby


def with_attachment(kind: str) -> Any:
    """The message has an attachment of this kind (image, video, audio, file, sticker, ...)."""
    return F.attachments.func(lambda files: any(file.kind == kind for file in files or ()))
