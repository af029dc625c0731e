"""File names that people gave: made safe to store, to show and to send in a header."""

import re
import unicodedata
from urllib.parse import quote, unquote

from inbox.text import fold, printable

LONGEST_NAME = 200
"""Characters of a name; the extension is kept when a longer one is cut."""
_LONGEST_EXTENSION = 16
_NAMELESS = "file"
_NOT_PLAIN = re.compile(r"[^a-z0-9._ ()-]")
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""What RFC 5987 lets stand in a header parameter, besides letters and digits."""


def clean_name(name: str | None) -> str:
    r"""The last part of a path in NFC, without control and direction marks, at most 200 characters.

    "C:\ảnh\báo giá.pdf" gives "báo giá.pdf"; what nothing is left of is called "file".
    """
    last = re.split(r"[/\\]", printable(name or ""))[-1]
    shown = "".join(one for one in unicodedata.normalize("NFC", last) if not _is_hidden(one))
    trimmed = shown.strip().lstrip(".").strip()
    return _cut(trimmed) or _NAMELESS


def name_in_form(given: str | None) -> str | None:
    """The file name of a form field as its sender meant it.

    Browsers send UTF-8; some clients percent-encode the name, which the standard for forms does
    not provide for, so an encoded name is told by being plain ASCII that decodes to UTF-8.
    """
    if given is None or not given.isascii():
        return given
    try:
        return unquote(given, errors="strict")
    except UnicodeDecodeError:
        return given


def content_disposition(name: str, *, inline: bool) -> str:
    """The header that gives a download its name: ASCII for old clients, UTF-8 beside it.

    Source: https://www.rfc-editor.org/rfc/rfc6266#section-4.3
    """
    plain = _NOT_PLAIN.sub("_", fold(name))
    encoded = quote(name, safe=_ATTRIBUTE_CHARACTERS)
    shown = "inline" if inline else "attachment"
    return f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _is_hidden(character: str) -> bool:
    """Control characters, and marks that turn the direction of text so that exe looks like jpg."""
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or (
        unicodedata.category(character) == "Cf" and character != "\u200d"  # joins emoji
    )


def _cut(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _LONGEST_EXTENSION:
        return name[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}"
