"""Cuts a long text into pieces at word borders, never inside what looks like one character."""

import unicodedata
from collections.abc import Callable, Iterator

Size = Callable[[str], int]
"""How a platform measures text; the size of a whole is the sum of the sizes of its parts."""

_ZERO_WIDTH_JOINER = "\u200d"
_ZERO_WIDTH_NON_JOINER = "\u200c"
_NO_BREAK_SPACES = "\u00a0\u202f\u2007"


def utf16_units(text: str) -> int:
    """Letters of the basic plane count 1, most emoji 2."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Vietnamese letters with marks count 2 or 3, most emoji 4."""
    return len(text.encode("utf-8", "surrogatepass"))


def split_text(text: str, most: int, size: Size) -> tuple[str, ...]:
    """`text` in pieces of at most `most`; blanks at the cuts are dropped, nothing else is.

    A line break in the second half of a piece is the best place to cut, else the last blank,
    else (a word longer than a piece) the last whole character. Only one character that is
    itself too large, such as a letter under hundreds of marks, is cut inside.
    """
    pieces = []
    rest = text.strip()
    while size(rest) > most:
        cut = _place_to_cut(rest, most, size)
        pieces.append(rest[:cut].rstrip())
        rest = _without_leading_blanks(rest[cut:])
    return (*pieces, rest) if rest else tuple(pieces)


def _without_leading_blanks(text: str) -> str:
    """A blank under a stray mark is a character of its own and stays."""
    start = 0
    for character in characters(text):
        if not character.isspace():
            break
        start += len(character)
    return text[start:]


def characters(text: str) -> Iterator[str]:
    """What a reader sees as one character each: letters with their marks, joined emoji, flags.

    A short form of https://unicode.org/reports/tr29/: it may keep more together than that, which
    does no harm here, and never less in Vietnamese, English and emoji.
    """
    start = 0
    for end in range(1, len(text)):
        if not _belongs_to(text[start:end], text[end]):
            yield text[start:end]
            start = end
    if text:
        yield text[start:]


def _place_to_cut(text: str, most: int, size: Size) -> int:
    """Where the first piece ends; `text` is longer than `most` and begins with no blank."""
    blank = line_break = end = total = 0
    for character in characters(text):
        if _is_blank(character):
            blank = end
            if "\n" in character:
                line_break = end
        total += size(character)
        if total > most:
            break
        end += len(character)
    if line_break and 2 * size(text[:line_break]) >= most:
        return line_break
    return blank or end or _code_points_that_fit(text, most, size)


def _code_points_that_fit(text: str, most: int, size: Size) -> int:
    total = 0
    for place, code_point in enumerate(text):
        total += size(code_point)
        if total > most:
            return max(place, 1)
    return len(text)


def _is_blank(character: str) -> bool:
    return character.isspace() and character not in _NO_BREAK_SPACES


def _belongs_to(character: str, following: str) -> bool:
    last = character[-1]
    if last in "\r\n" or following in "\r\n":
        return last == "\r" and following == "\n"
    if last == _ZERO_WIDTH_JOINER:
        return not following.isspace()
    if _is_flag_letter(following):
        return len(character) == 1 and _is_flag_letter(last)
    return _extends(following) or _is_korean_pair(last, following)


def _extends(code_point: str) -> bool:
    return (
        code_point in (_ZERO_WIDTH_JOINER, _ZERO_WIDTH_NON_JOINER)
        or unicodedata.category(code_point) in ("Mn", "Mc", "Me")
        or "\U0001f3fb" <= code_point <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= code_point <= "\U000e007f"  # tags of regional flags
    )


def _is_flag_letter(code_point: str) -> bool:
    return "\U0001f1e6" <= code_point <= "\U0001f1ff"


def _is_korean_pair(last: str, following: str) -> bool:
    return "\u1100" <= last <= "\u11ff" and "\u1160" <= following <= "\u11ff"
