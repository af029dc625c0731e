"""Texts as Bitrix24 shows them, in BB code: `comments` of a contact, and timeline comments.

Of `comments` Bitrix24 makes BB code itself, whatever it is sent: it takes HTML tags out even where
they were escaped, escapes what is left, and wraps addresses in [URL]. Brackets can be said as
entities only. Source: CommentsHelper::normalizeComment of its module crm.
"""

import html
import re

_LESS, _JOINER = "\uff1c", "\u2060"
"""A less-than sign that begins no tag; a joiner, which nobody sees, follows one that was there."""
_ANY_LESS = re.compile(rf"([<{_LESS}])({_JOINER}*)")
_WIDE = re.compile(rf"{_LESS}({_JOINER}*)")
_NUMBERED = re.compile(rf"&amp;({_JOINER}*)#")
"""Bitrix24 takes "&#91;" for a bracket however it is escaped."""
_NUMBERED_BACK = re.compile(rf"&amp;({_JOINER}*){_JOINER}#")
_BREAK = re.compile(r"<br\s*/?>|\[br\]|\[/p\]\n?", re.IGNORECASE)
_TAG = re.compile(
    r"\[/?(?:b|i|u|s|p|list|quote|code|size|font|color|url|img|video|table|tr|td|th|user"
    r"|left|right|center|justify|disk file id)(?:[ =][^\[\]]*)?\]|\[\*\]",
    re.IGNORECASE,
)
_HTML = re.compile(r"</?[A-Za-z][^<>]*>")


def comments_of(text: str) -> str:
    """What to write into `comments` so that people, and `text_of`, read `text`."""
    safe = _ANY_LESS.sub(_wide, text)
    escaped = safe.replace("&", "&amp;").replace(">", "&gt;")
    return _brackets(_NUMBERED.sub(rf"&amp;\1{_JOINER}#", escaped))


def text_of(comments: str) -> str:
    """What people read of `comments`; those that they formatted themselves lose that only."""
    lines = _BREAK.sub("\n", comments)
    plain = _HTML.sub("", _TAG.sub("", lines))
    unescaped = html.unescape(_NUMBERED_BACK.sub(r"&amp;\1#", plain))
    return _WIDE.sub(_less, unescaped)


def _wide(found: re.Match[str]) -> str:
    """An odd number of joiners says that it was wide before; those of the text are doubled."""
    return _LESS + 2 * found[2] + (_JOINER if found[1] == _LESS else "")


def _less(found: re.Match[str]) -> str:
    own, was_wide = divmod(len(found[1]), 2)
    return (_LESS if was_wide else "<") + own * _JOINER


def note_of(text: str) -> str:
    """What to write into a timeline comment, which Bitrix24 keeps as it is."""
    return _brackets(html.escape(text, quote=False))


def _brackets(text: str) -> str:
    return text.replace("[", "&#91;").replace("]", "&#93;")
