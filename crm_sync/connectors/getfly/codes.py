"""The codes of accounts that are ours: "INBOX-<instance>-<customer>", unique within a Getfly.

A deleted account keeps its code, since it can be restored. What is made anew after that has the
next generation's: "INBOX-shop-c1.2".
"""

import hashlib
import re

GENERATIONS_MAX = 9
_CUSTOMER = re.compile(r"[a-z0-9_-]{1,64}")
"""Lower case only: to Getfly's database "A" and "a" may be the same code."""
_INSTANCE = re.compile(r"[a-z0-9_]{1,32}")
_HASHED = "~"
_GENERATION = re.compile(r"\.[2-9]$")


class Codes:
    """`instance` tells our accounts from another inbox's."""

    def __init__(self, instance: str) -> None:
        self._prefix = f"INBOX-{_safe(instance, _INSTANCE)}-"

    def of(self, external_id: str, generation: int = 1) -> str:
        first = f"{self._prefix}{_safe(external_id, _CUSTOMER)}"
        return first if generation == 1 else f"{first}.{generation}"

    def is_of(self, code: str, external_id: str) -> bool:
        """Whether an account was made for that customer, in whatever generation."""
        return _GENERATION.sub("", code) == self.of(external_id)

    def external_id(self, code: str) -> str | None:
        """None for accounts that are not ours, and where it cannot be told."""
        first = _GENERATION.sub("", code)
        rest = first.removeprefix(self._prefix)
        return None if rest == first or rest.startswith(_HASHED) else rest


def _safe(word: str, plain: re.Pattern[str]) -> str:
    if plain.fullmatch(word):
        return word
    return f"{_HASHED}{hashlib.blake2b(word.encode(), digest_size=16).hexdigest()}"
