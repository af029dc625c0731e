"""Which part of a text a result shows, and where in it stands what was asked for. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inbox.customers.phones import phone_or_none
from inbox.search.tokens import PHONE_RUN, Term, national, word_places
from inbox.text import fold

SNIPPET_LENGTH = 160
"""Characters of a text that a result shows."""
_BEFORE = 40
"""Of them before the first thing found."""

Range = tuple[int, int]
"""From (included) and to (not included)."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text in one line; `ranges` count UTF-16 code units, as JavaScript does."""

    text: str
    ranges: tuple[Range, ...]


def snippet(text: str, terms: Sequence[Term]) -> Snippet:
    """The part of `text` around the first thing that was asked for."""
    line = "".join(" " if c.isspace() else c for c in text)
    found = highlights(line, terms)
    start = _start(line, found[0][0] if found else 0)
    end = min(len(line), start + SNIPPET_LENGTH)
    before, after = "…" if start else "", "…" if end < len(line) else ""
    shown = f"{before}{line[start:end]}{after}"
    moved = [
        (max(a, start) - start + len(before), min(b, end) - start + len(before))
        for a, b in found
        if a < end and b > start
    ]
    return Snippet(shown, tuple((_utf16(shown[:a]), _utf16(shown[:b])) for a, b in moved))


def highlights(text: str, terms: Sequence[Term]) -> list[Range]:
    """Where `text` has what was asked for, in code points, in order, without overlaps."""
    folded, places = _folded(text)
    found = sorted({*_phones(folded, terms), *_words(folded, terms)})
    ranges: list[Range] = []
    for a, b in found:
        start, end = places[a], places[b - 1] + 1
        while end < len(text) and not fold(text[end]) and not text[end].isspace():
            end += 1  # the accents of the last letter, where they stand alone
        if not ranges or start >= ranges[-1][1]:
            ranges.append((start, end))
    return ranges


def _folded(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters which one of `text` it came from."""
    folded, places = list[str](), list[int]()
    for place, character in enumerate(text):
        for one in " " if character.isspace() else fold(character):
            folded.append(one)
            places.append(place)
    return "".join(folded), places


def _words(folded: str, terms: Sequence[Term]) -> Iterator[Range]:
    for start, word in word_places(folded):
        for term in terms:
            if term.matches(word):
                shown = len(term.word) if word.startswith(term.word) else len(word)
                yield start, start + shown


def _phones(folded: str, terms: Sequence[Term]) -> Iterator[Range]:
    for run in PHONE_RUN.finditer(folded):
        phone = phone_or_none(run.group())
        if phone is None:
            continue
        if any(term.matches(one) for term in terms for one in (national(phone), phone[1:])):
            yield run.span()


def _start(line: str, first: int) -> int:
    """Where the snippet begins: at a word, a little before what was found."""
    if len(line) <= SNIPPET_LENGTH or first <= _BEFORE:
        return 0
    start = min(first - _BEFORE, len(line) - SNIPPET_LENGTH)
    word = line.find(" ", start, first)
    return word + 1 if word >= 0 else start


def _utf16(text: str) -> int:
    return len(text) + sum(1 for c in text if ord(c) > 0xFFFF)  # noqa: PLR2004 - the basic plane
