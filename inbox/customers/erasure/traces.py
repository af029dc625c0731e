"""What to look for when a person is erased: their ids, and the words that name them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import phonenumbers

from inbox.customers.phones import phones_in

_SHORTEST_WORD = 2
_NOT_IN_WORD = r"(?<![\p{L}\p{N}])", r"(?![\p{L}\p{N}])"
"""Boundaries for PCRE, which MongoDB uses; Python's `re` does not know them."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for MongoDB and its options."""

    text: str
    options: str = ""

    def query(self) -> dict[str, Any]:
        return {"$regex": self.text, "$options": self.options}


def patterns(customer: Mapping[str, Any]) -> list[Pattern]:
    """How others may have written a customer's names, phones and e-mail addresses.

    A name of one syllable is met as it is written and not in lower case: "An" is a name, "an"
    is half the language.
    """
    identities: Sequence[Mapping[str, Any]] = customer.get("identities") or ()
    shared = [identity.get("shared") or {} for identity in identities]
    names = {customer.get("name"), *(i.get("name") for i in identities)}
    names |= {one.get("name") for one in shared}
    phones = {*(customer.get("phones") or ()), *_phones(one.get("phone") for one in shared)}
    emails = {*(customer.get("emails") or ()), *(one.get("email") for one in shared)}
    found = [_name(str(name)) for name in names if _is_word(name)]
    found += [_phone(phone) for phone in phones]
    found += [Pattern(re.escape(str(email)), "i") for email in emails if _is_word(email)]
    return sorted(found, key=lambda pattern: pattern.text)


def _is_word(text: Any) -> bool:
    return isinstance(text, str) and len(text.strip()) >= _SHORTEST_WORD


def _name(name: str) -> Pattern:
    words = name.split()
    before, after = _NOT_IN_WORD
    text = before + r"\s+".join(re.escape(word) for word in words) + after
    return Pattern(text, "i" if len(words) > 1 else "")


def _phone(phone: str) -> Pattern:
    """Any spelling that ends in the national digits: 0912 345 678, +84912345678, 84.912..."""
    number = phonenumbers.parse(phone)
    digits = phonenumbers.national_significant_number(number)
    return Pattern(r"[\s.()-]*".join(digits))


def _phones(texts: Iterable[Any]) -> list[str]:
    return [phone for text in texts for phone in phones_in(text)]


class Mentions:
    """Whether a webhook body speaks of a person, and the body without what does.

    `external_ids` are the person's ids on their accounts, as platforms write them.
    """

    def __init__(self, external_ids: Iterable[str]) -> None:
        # Ids of our own making are told from the platform's by a prefix ("commenter:123").
        plain = {id_.rpartition(":")[2] for id_ in external_ids} - {""}
        either = "|".join(re.escape(id_) for id_ in sorted(plain))
        self._pattern = re.compile(rf"(?<![0-9A-Za-z])(?:{either})(?![0-9A-Za-z])")
        self._anything = bool(plain)

    def is_in(self, body: bytes) -> bool:
        return self._search(body.decode("utf-8", "replace"))

    def cut_from(self, body: bytes) -> bytes:
        """The body with null in place of each smallest list element that speaks of the person.

        Places in lists stay what they are. Empty when nothing else would be left, or when the
        body is not JSON: what others said in it is lost then.
        """
        if not self.is_in(body):
            return body
        try:
            cut = self._cut(json.loads(body))
            text = json.dumps(cut)
        except (ValueError, RecursionError):
            return b""
        return b"" if self._speaks(cut) else text.encode()

    def _cut(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._cut(one) for key, one in value.items()}
        if isinstance(value, list):
            inner = [self._cut(one) for one in value]
            return [None if self._speaks(one) else one for one in inner]
        return value

    def _speaks(self, value: Any) -> bool:
        return self._search(json.dumps(value, ensure_ascii=False))

    def _search(self, text: str) -> bool:
        return self._anything and self._pattern.search(text) is not None
