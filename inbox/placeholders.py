"""Placeholders in texts that go to customers: `{{name}}`, or `{{name, bạn}}` with a default."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

PLACEHOLDERS: frozenset[str] = frozenset({"name", "given_name", "phone", "email", "agent", "shop"})
"""What every text may name: of the customer, of who sends it, of the bot.

`given_name` is what a Vietnamese is called by: the last word of the name.
"""

_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True)
class UnknownPlaceholder:
    """What a text names and nobody knows; `name` is as it was written."""

    name: str


def unknown_placeholders(
    text: str, known: Collection[str] = PLACEHOLDERS
) -> list[UnknownPlaceholder]:
    """The placeholders of `text` that are not among `known`, once each; "{{" when one is open."""
    wrong = [name for name, _ in _found(text) if name not in known]
    if _BRACES.search(_PLACEHOLDER.sub("", text)):
        wrong.append("{{")
    return [UnknownPlaceholder(name) for name in dict.fromkeys(wrong)]


def filled(text: str, values: Mapping[str, str | None]) -> str:
    """`text` with its placeholders replaced: by the value, else the default, else nothing.

    A value is never looked at for placeholders itself: a customer may be called "{{phone}}".
    """

    def value(match: "re.Match[str]") -> str:
        name, default = _parts(match[1])
        return values.get(name) or default

    return _PLACEHOLDER.sub(value, text)


def given_name(name: str | None) -> str | None:
    """The last word: "Nguyễn Thị Hồng Ánh" is called Ánh."""
    words = (name or "").split()
    return words[-1] if words else None


def _found(text: str) -> list[tuple[str, str]]:
    return [_parts(match[1]) for match in _PLACEHOLDER.finditer(text)]


def _parts(inner: str) -> tuple[str, str]:
    name, _, default = inner.partition(",")
    return name.strip(), default.strip()
