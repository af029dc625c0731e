"""What a file is, by its bytes: a client's word for it is never taken."""

import filetype

from inbox.media.model import MediaKind

HEAD_BYTES = 8192
"""How much of the beginning `sniff` wants to see."""
UNKNOWN = "application/octet-stream"
_SHOWN_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
"""Images that every browser shows. Others, such as SVG, are files: some of them run scripts."""


def sniff(head: bytes) -> tuple[MediaKind, str]:
    """The kind and the MIME type of what begins with `head`.

    HTML, SVG, text and whatever is not known is a "file" of type application/octet-stream, so
    that no browser opens it as a page.
    """
    found = filetype.guess(head)
    mime: str = UNKNOWN if found is None else found.mime
    if mime in _SHOWN_IMAGES:
        return "image", mime
    if mime.startswith("video/"):
        return "video", mime
    if mime.startswith("audio/"):
        return "audio", mime
    return "file", mime if mime.startswith("application/") else UNKNOWN
