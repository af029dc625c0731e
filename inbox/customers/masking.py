"""Phones and e-mail addresses hidden from those whose role may not read them. Pure.

What is hidden is hidden in answers: stored values, and what people wrote in messages and notes,
stay as they are. Reading one in full is `revealing`, which is logged.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inbox.customers.phones import phones_in
from inbox.errors import FieldError, InvalidInput
from inbox.staff.model import Actor, Role

HIDDEN = "***"

_SHOWN_BEFORE, _SHOWN_AFTER = 6, 3
_SHORT = 10
"""Characters of a number of which less is shown."""
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_MASK = re.compile(r"\+?\d*\*{3}\d*|\S?\*{3}@\S+")
_CONTACT = ("phones", "emails", "attributes")
"""Fields of a customer that may hold a phone number or an e-mail address."""


@dataclass(frozen=True, slots=True)
class Masking:
    """Who reads contact data in full: this role and higher ones. By default everybody does."""

    unmasked_from: Role = "sale"

    def hides_from(self, actor: Actor) -> bool:
        """A bot's token has the rights of a sale."""
        return not actor.at_least(self.unmasked_from)

    def customer(self, customer: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
        """A stored customer as the actor may read it."""
        shown = dict(customer)
        for name in _CONTACT:
            if name in shown:
                shown[name] = self.data(shown[name], actor)
        return shown

    def data(self, value: Any, actor: Actor) -> Any:
        """Plain values of any depth, without the phones and addresses that stand alone in them."""
        return masked(value) if self.hides_from(actor) else value

    def text(self, text: str, actor: Actor) -> str:
        return masked_text(text) if self.hides_from(actor) else text


def masked(value: Any) -> Any:
    """`value` with each text that is a phone number or an e-mail address masked."""
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {key: masked(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(one) for one in value]
    return value


def masked_text(text: str) -> str:
    """As "+84912***678" and "l***@shop.vn"; a text that is neither number nor address stays."""
    if phones := phones_in(text):
        return ", ".join(_masked_phone(phone) for phone in phones)
    bare = text.strip()
    return _masked_email(bare) if _EMAIL.fullmatch(bare) else text


def is_mask(text: str) -> bool:
    """Whether `text` is what a mask looks like."""
    return _MASK.fullmatch(text.strip()) is not None


def refuse_masks(sent: Mapping[str, Any]) -> None:
    """Whoever reads a mask must not write it back over what it stands for.

    Raises:
        InvalidInput: with the fields that hold a mask.
    """
    wrong = [
        FieldError(
            place,
            "masked_value",
            vi="Đây là giá trị đã che; hãy xem đầy đủ trước khi sửa.",
            en="This is a masked value; reveal it before you edit it.",
        )
        for name in _CONTACT
        for place, text in _texts(name, sent.get(name))
        if is_mask(text)
    ]
    if wrong:
        raise InvalidInput(wrong)


def _texts(place: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(f"{place}.{key}", one)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from _texts(f"{place}.{index}", one)


def _masked_phone(phone: str) -> str:
    before, after = (_SHOWN_BEFORE, _SHOWN_AFTER) if len(phone) > _SHORT else (3, 2)
    return f"{phone[:before]}{HIDDEN}{phone[-after:]}"


def _masked_email(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}{HIDDEN}@{domain}"
