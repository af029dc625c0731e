"""Text as every CRM can store it, as HTML and back, and the form in which texts are compared."""

import re
import unicodedata
from html import escape, unescape

from inbox.text import printable

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NOT_STORED = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
"""PostgreSQL refuses NUL, XML libraries behind HTML fields refuse the rest."""
_RUN = re.compile(r"^ +| {2,}", re.MULTILINE)
_TAG = re.compile(
    r"""<(?:[!?][^<>]*+|(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)"""
    r"""(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>"""
)
"""Never looks beyond the next "<", so that no text takes longer than its length; the parser of the
standard library needs half a minute for some of 70 kB."""
_HUGE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
"""No character has such a number, and Python refuses to read the largest."""
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
_UNSEEN = frozenset({"script", "style", "head", "template"})


def clean(text: str) -> str:
    """`text` without what some CRM cannot store; lines end in one newline."""
    return _NOT_STORED.sub("", _LINE_ENDS.sub("\n", printable(text)))


def comparable(text: str) -> str:
    """What two spellings of one text share: NFC and NFD, blanks, empty lines."""
    lines = unicodedata.normalize("NFC", clean(text)).split("\n")
    return "\n".join(joined for line in lines if (joined := " ".join(line.split())))


def html_of(text: str) -> str:
    """`text` as a paragraph that shows it as it is, and runs nothing."""
    lines = _RUN.sub(lambda blanks: "\xa0" * len(blanks[0]), clean(text))
    return f"<p>{escape(lines).replace(chr(10), '<br>')}</p>"


def text_of(html: str) -> str:
    """What a reader of `html` sees, without its markup. Never fails, whatever it is given."""
    shown, at, source = _Shown(), 0, _HUGE.sub("\ufffd", _without_comments(html))
    for tag in _TAG.finditer(source):
        shown.add_text(source[at : tag.start()])
        if tag["name"] is not None:
            shown.add_tag(tag["name"].lower(), is_end=bool(tag["end"]))
        at = tag.end()
    shown.add_text(source[at:])
    return shown.text()


def _without_comments(html: str) -> str:
    """One that nobody closes hides what follows it."""
    first, *others = html.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


class _Shown:
    """Collects what is shown: blanks are one, blocks begin a line."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._unseen = 0

    def text(self) -> str:
        lines = "".join(self._shown).split("\n")
        kept = "\n".join(line.rstrip(" ") for line in lines).strip("\n")
        return kept.replace("\xa0", " ")

    def add_tag(self, name: str, *, is_end: bool) -> None:
        if name in _UNSEEN:
            self._unseen = max(0, self._unseen + (-1 if is_end else 1))
        elif name == "br":
            self._shown.append("\n")
        elif name in _BLOCKS:
            self._begin_line()

    def add_text(self, source: str) -> None:
        if self._unseen:
            return
        text = unescape(_BLANKS.sub(" ", source))
        if self._at_line_start or self._shown[-1].endswith(" "):
            text = text.lstrip(" ")
        if text:
            self._shown.append(text)

    def _begin_line(self) -> None:
        if not self._at_line_start:
            self._shown.append("\n")

    @property
    def _at_line_start(self) -> bool:
        return not self._shown or self._shown[-1].endswith("\n")
