"""Which button a customer pressed, where the platform only tells a text: pure rules.

Facebook tells the payload. Zalo writes a message in the customer's name: the payload of a button,
the title of a quick reply; and where buttons became lines of a text, the customer types one.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from channels.messenger_gateway.store import Choice, Told

_TYPED_OF = 3
"""So many messages with choices are answered by their titles: a "Có" means the question of today,
while a payload is a word that nobody writes by accident."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A choice that was taken; `quick`: it is told within a message, not as a postback."""

    title: str
    payload: str
    quick: bool


def pressed(text: str | None, payload: str | None, told: Told) -> Pressed | None:
    """The choice behind a customer's message; None: they wrote something of their own."""
    if payload is not None:
        title = text or _title_of(payload, told.offered) or payload
        return Pressed(title, payload, quick=not told.is_postback)
    if told.is_postback:
        return Pressed(text or "", text or "", quick=False)
    words = _plain(text)
    if not words:
        return None
    exact = (one for one in told.offered if not one.quick and one.payload == text)
    recent = (one for one in told.offered if one.age < _TYPED_OF)
    typed = (one for one in recent if _plain(one.title) == words)
    found = next(exact, None) or next(typed, None)
    if found is None:
        return None
    return Pressed(found.title, found.payload or found.title, found.quick)


def _title_of(payload: str, offered: Sequence[Choice]) -> str | None:
    return next((one.title for one in offered if one.payload == payload), None)


def _plain(text: str | None) -> str:
    """Without what people leave out or add when they type: case, spaces, the bullet of a line."""
    return unicodedata.normalize("NFC", text or "").casefold().strip(" •\n\t.")
