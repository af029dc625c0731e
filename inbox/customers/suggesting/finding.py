"""Finds phone numbers, e-mail addresses and postal addresses in what a customer wrote. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from email_validator import EmailNotValidError, validate_email

from inbox.customers.phones import phone_or_none
from inbox.text import fold

Kind = Literal["phone", "email", "address"]

LONGEST_TEXT = 4000
"""Characters of a message that are looked at; Messenger takes 2,000, Zalo a few thousand."""
_LONGEST_ADDRESS = 200
_SHORTEST_ADDRESS = 10

_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,5}")

_SPOKEN_DIGITS = {
    "khong": "0", "mot": "1", "hai": "2", "ba": "3", "bon": "4", "tu": "4", "nam": "5",
    "lam": "5", "sau": "6", "bay": "7", "tam": "8", "chin": "9",
}  # fmt: skip
_DIGIT = rf"(?:\d|\b(?:{'|'.join(_SPOKEN_DIGITS)})\b)"
_BETWEEN = r"[\s.,\-–()/]{0,3}"
_RUN = re.compile(rf"(?<![\w@])\+?{_DIGIT}(?:{_BETWEEN}{_DIGIT}){{7,29}}(?![\w@])")
"""Digits, written or spoken, with what people put between them; perhaps several numbers."""
_GROUP = re.compile(rf"\+?(?:\d+|\b(?:{'|'.join(_SPOKEN_DIGITS)})\b)")
_SPOKEN = re.compile(rf"\b(?:{'|'.join(_SPOKEN_DIGITS)})\b")

_BANK_ACCOUNT = re.compile(r"\b(?:stk|so tai khoan|tai khoan|tk|bank)\b[^\d\n]{0,30}$")
"""What stands before a number that is no phone."""
_FEWEST_DIGITS, _MOST_DIGITS = 9, 15

_ADDRESS_LABEL = re.compile(
    r"^\s*(?:dia chi|d/c|dc|giao (?:den|toi|ve)|ship (?:den|toi|ve))\s*[:\-]?\s*"
)
_ADDRESS_WORDS = re.compile(
    r"\b(?:so nha|duong|pho|ngo|ngach|hem|thon|xom|ap|khu pho|to dan pho|phuong|xa|thi tran|quan|"
    r"huyen|thi xa|thanh pho|tinh|tp|kdt|chung cu|toa nha|toa|lau|tang|q\.?\s?\d{1,2}|"
    r"p\.?\s?\d{1,2}|ha noi|ho chi minh|hcm|hcmc|da nang|hai phong|can tho)\b"
)
_PARTED = re.compile(r"[\d,]")
"""An address has a number or several parts; "có tặng đường không" has neither."""
_FEWEST_ADDRESS_WORDS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Something to save: a phone in E.164, an e-mail address, or an address as it was written."""

    kind: Kind
    value: str


def found_in(text: str) -> list[Found]:
    """What `text` tells of the person, in order of kind and place, once each."""
    text = text[:LONGEST_TEXT]
    everything = [
        *(Found("phone", phone) for phone in written_phones(fold(text))),
        *(Found("email", address) for address in _emails(text)),
        *(Found("address", address) for address in _addresses(text)),
    ]
    return list(dict.fromkeys(everything))


def written_phones(folded: str) -> Iterator[str]:
    """Phone numbers in a folded text as E.164, in digits or in words, in their order."""
    for run in _RUN.finditer(folded):
        if _BANK_ACCOUNT.search(folded[: run.start()]):
            continue
        yield from _numbers(_groups(run.group()))


def _groups(run: str) -> list[str]:
    return [_SPOKEN.sub(lambda word: _SPOKEN_DIGITS[word[0]], one) for one in _GROUP.findall(run)]


def _numbers(groups: list[str]) -> Iterator[str]:
    """Neighbouring groups of digits that make a number; the longest first, each used once."""
    start = 0
    while start < len(groups):
        for end in range(len(groups), start, -1):
            number = _number("".join(groups[start:end]))
            if number is not None:
                yield number
                start = end
                break
        else:
            start += 1


def _number(digits: str) -> str | None:
    """A number as it is dialled in Vietnam or from abroad: prices and codes begin otherwise."""
    if not _FEWEST_DIGITS <= len(digits.lstrip("+")) <= _MOST_DIGITS:
        return None
    if not digits.startswith(("0", "+", "84")):
        return None
    return phone_or_none(digits)


def _emails(text: str) -> Iterator[str]:
    for match in _EMAIL.finditer(text):
        try:
            yield validate_email(match.group().rstrip("."), check_deliverability=False).normalized
        except EmailNotValidError:
            continue


def _addresses(text: str) -> Iterator[str]:
    """Lines that say they are an address, or that name at least two parts of one."""
    for line in text.splitlines():
        folded = fold(line)
        words = len(set(_ADDRESS_WORDS.findall(folded)))
        label = _ADDRESS_LABEL.match(folded)
        if words < _FEWEST_ADDRESS_WORDS and not (label and words):
            continue
        if not _PARTED.search(line):
            continue
        shown = _without_label(line, folded, label)
        if _SHORTEST_ADDRESS <= len(shown) <= _LONGEST_ADDRESS and "?" not in shown:
            yield shown


def _without_label(line: str, folded: str, label: "re.Match[str] | None") -> str:
    """Folding keeps the number of characters of a line that is written in NFC."""
    bare = line.strip()
    return bare[label.end() :].strip(" ,.;") if label and len(folded) == len(bare) else bare
