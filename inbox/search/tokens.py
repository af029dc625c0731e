"""The words under which customers and messages are found: stored as `tok`, and asked for. Pure.

A document is stored with its words (folded, so that accents and đ do not matter), its runs of
digits, its phone numbers in national and international digits, and the beginnings of all of
these, marked by an asterisk: "nguyen" has nguyen, ngu*, nguy*, nguye*. So the beginning of a
word is one key of the index as well, whose entries stand newest first. A customer's phone also
has its last digits: *4321.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inbox.customers.phones import phone_or_none
from inbox.customers.suggesting.finding import written_phones
from inbox.text import fold

Document = Mapping[str, Any]

FIELD = "tok"
"""Where the tokens of a document are stored; absent where there are none."""
MOST_WORDS = 64
"""Distinct words of one document that can be found; a long message is found by its beginning."""
LONGEST_TEXT = 4000
"""Characters of one text that are looked at."""
SHORTEST_PREFIX = 3
LONGEST_PREFIX = 6
"""Of a stored beginning; a longer one that is asked for is narrowed by its documents."""
MOST_ASKED = 8
"""Words of a query; more are ignored."""

_LONGEST_WORD = 40
_WORD = re.compile(r"[^\W\d_]+|\d+")
_PHONE_LIKE = re.compile(r"^[\s(]*(?:\+|0|84)[\d\s.()/-]*$")
PHONE_RUN = re.compile(r"(?<!\d)\+?\(?\d(?:[\s.\-()/]{0,3}\d){8,14}(?!\d)")
"""Digits that may be one phone number, with what people put between them."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query: a document matches that has one of `keys` in `tok`.

    `beginning`: and a token that begins with this, where the keys alone would match too much.
    """

    word: str
    keys: tuple[str, ...]
    beginning: str | None = None

    @property
    def may_be_begun(self) -> bool:
        return len(self.keys) > 1 or self.beginning is not None

    def matches(self, word: str) -> bool:
        """Whether a word of a text is what was asked for, for highlighting."""
        return word == self.word or (self.may_be_begun and word.startswith(self.word))


def message_tokens(message: Document) -> list[str]:
    """The tokens of a message as it is shown now; none when it is removed or not there yet."""
    if message.get("at") is None or message.get("removed_at") is not None:
        return []
    text = shown_text(message)
    return _with_beginnings(_words_of([text])) if text else []


def shown_text(message: Document) -> str | None:
    """What a message says since its last edit."""
    edit = message.get("edit")
    text: str | None = edit["text"] if edit else message.get("text")
    return text


def customer_tokens(customer: Document) -> list[str]:
    """The tokens of a customer: names (the identities' too), phones, e-mail addresses, note.

    Their names are found by fewer than three letters too, for the list searches while one types,
    and their phones by their last digits, as people tell them.
    """
    names = [customer.get("name"), *(one.get("name") for one in customer.get("identities", []))]
    starts = (
        f"{word[:length]}*"
        for word in _words_of(name for name in names if name)
        for length in range(1, min(SHORTEST_PREFIX, len(word)))
    )
    ends = (
        f"*{phone[-length:]}"
        for phone in customer.get("phones", [])
        for length in range(SHORTEST_PREFIX, LONGEST_PREFIX + 1)
    )
    whole = _with_beginnings(_words_of(customer_texts(customer)))
    return list(dict.fromkeys([*whole, *starts, *ends]))


def customer_texts(customer: Document) -> list[str]:
    """The texts by which a customer is found, the most telling first."""
    names = [customer.get("name"), *(one.get("name") for one in customer.get("identities", []))]
    texts = [*names, *customer.get("phones", []), *customer.get("emails", [])]
    return list(dict.fromkeys(one for one in [*texts, customer.get("note")] if one))


def asked(query: str, *, all_begun: bool = False) -> list[Term]:
    """What `query` asks for: every word must be there, the last one perhaps only begun.

    A query that is a phone number, or looks like the beginning of one, is one word.
    `all_begun`: every word may be only begun, and by a single letter: for names of customers.
    """
    text = _plain(query)
    if _PHONE_LIKE.match(text):
        return _asked_digits(text)
    folded, phones = fold(text), list[str]()
    for run in PHONE_RUN.finditer(folded):
        if phone := phone_or_none(run.group()):
            phones.append(national(phone))
            folded = folded.replace(run.group(), " ", 1)
    words = [*phones, *(word[:_LONGEST_WORD] for word in _WORD.findall(folded))]
    words = list(dict.fromkeys(words))
    if all_begun:
        return [_begun(word, shortest=1) for word in words[:MOST_ASKED]]
    return _terms(words)


def _asked_digits(text: str) -> list[Term]:
    if phone := phone_or_none(text):
        return [_whole(national(phone))]
    digits = re.sub(r"\D", "", text)
    if digits.startswith("0084"):
        digits = digits[2:]
    return _terms([digits[:_LONGEST_WORD]]) if digits else []


def _terms(words: list[str]) -> list[Term]:
    """The last word may be the beginning of one, unless it is too short for that."""
    words = words[:MOST_ASKED]
    return [*map(_whole, words[:-1]), *map(_begun, words[-1:])]


def _whole(word: str) -> Term:
    return Term(word, (word,))


def _begun(word: str, *, shortest: int = SHORTEST_PREFIX) -> Term:
    if len(word) < (SHORTEST_PREFIX if word.isdecimal() else shortest):
        return _whole(word)
    if len(word) <= LONGEST_PREFIX:
        ends = (f"*{word}",) if word.isdecimal() else ()
        return Term(word, (word, f"{word}*", *ends))
    return Term(word, (f"{word[:LONGEST_PREFIX]}*",), beginning=word)


def national(phone: str) -> str:
    """The digits of an E.164 number as they are dialled at home ("0912345678")."""
    return f"0{phone[3:]}" if phone.startswith("+84") else phone.removeprefix("+")


def word_places(folded: str) -> Iterator[tuple[int, str]]:
    """The words of a folded text, each with where it begins."""
    return ((match.start(), match.group()) for match in _WORD.finditer(folded))


def _words_of(texts: Iterable[str]) -> list[str]:
    words: dict[str, None] = {}
    for text in texts:
        for word in _words(text):
            words[word] = None
            if len(words) == MOST_WORDS:
                return list(words)
    return list(words)


def _words(text: str) -> Iterator[str]:
    folded = fold(_plain(text[:LONGEST_TEXT]))
    for phone in written_phones(folded):
        yield national(phone)
        yield phone.removeprefix("+")
    for word in _WORD.findall(folded):
        yield word[:_LONGEST_WORD]


def _plain(text: str) -> str:
    """Full-width letters and digits as ordinary ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _with_beginnings(words: list[str]) -> list[str]:
    begun = (
        f"{word[:length]}*"
        for word in words
        for length in range(SHORTEST_PREFIX, min(LONGEST_PREFIX, len(word) - 1) + 1)
    )
    return list(dict.fromkeys([*words, *begun]))
