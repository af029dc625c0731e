"""Our values as the CRM takes them, and theirs as we take them; normal.py compares the two."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from email_validator import EmailNotValidError, validate_email

from crm_sync.connectors.model import Value
from crm_sync.mapping.model import EMAILS, NOTE, OWNER, PHONES, TAGS
from crm_sync.mapping.pairing import Names, Pair, Way
from crm_sync.mapping.reasons import (
    MASKED,
    NO_EMAIL,
    NO_PHONE,
    PERSON_UNKNOWN,
    PERSON_WITHOUT_EMAIL,
)
from crm_sync.mapping.text import clean, html_of, text_of
from crm_sync.mapping.values import (
    BETWEEN,
    OF_KIND,
    date_in,
    number_in,
    parts_of,
    tags_by_key,
    texts_of,
)
from inbox.customers.fields import value_at
from inbox.customers.phones import phones_in

_MASK = re.compile(r"[*•●]")
"""Some CRMs hide contact data from the account that reads: 0912***678, h***@example.vn."""


def written(pair: Pair, customer: Mapping[str, Any], names: Names) -> Value:
    """What our value is in the CRM; None is empty.

    Raises:
        Unfit: the field of the CRM cannot hold it.
    """
    value = value_at(customer, pair.map.ours)
    if pair.map.ours == TAGS:
        value = [names.tags[id_] for id_ in value or () if id_ in names.tags]
    if pair.map.ours == OWNER and value is not None:
        value = names.people.get(value)
        if value is None:
            raise pair.unfit(PERSON_WITHOUT_EMAIL)
    texts = texts_of([clean(text) for text in texts_of(value)])
    return _WRITTEN[pair.way](pair, texts) if texts else None


def _first_phone(pair: Pair, texts: Sequence[str]) -> str:
    found = phones_in(texts[0])
    if not found:
        raise pair.unfit(NO_PHONE)
    return found[0]


def _lower(_: Pair, texts: Sequence[str]) -> str:
    return texts[0].strip().lower()


def _joined(pair: Pair, texts: Sequence[str]) -> str:
    return BETWEEN.join(sorted(texts) if pair.map.ours == TAGS else texts)


def _tags(_: Pair, texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(tags_by_key(texts).values()))


def _plain(pair: Pair, texts: Sequence[str]) -> str:
    text = texts[0] if pair.map.ours in (PHONES, EMAILS) else BETWEEN.join(texts)
    spelled = OF_KIND.get(pair.remote.kind)
    return spelled(pair, text) if spelled is not None else text


_WRITTEN: Mapping[Way, Callable[[Pair, Sequence[str]], Value]] = {
    "plain": _plain,
    "e164": _first_phone,
    "lower": _lower,
    "join": _joined,
    "html": lambda _, texts: html_of(BETWEEN.join(texts)),
    "user": _lower,
    "tags": _tags,
}


def taken(pair: Pair, value: Value, customer: Mapping[str, Any], names: Names) -> Any:
    """What their value is here, as an edit of the customer takes it. Tags are names.

    A phone or e-mail address replaces the first one of ours; an emptied one is taken out, so the
    next one of ours becomes the first, there as well.

    Raises:
        Unfit: it is no such thing, or nobody here.
    """
    texts, ours = texts_of(value), pair.map.ours
    if ours in _LISTS:
        return _in_front(pair, _LISTS[ours](pair, texts), customer)
    if ours == OWNER:
        return _person(pair, texts, names)
    if ours == TAGS:
        return list(tags_by_key(parts_of(pair, texts)).values())
    if ours == NOTE:
        return _text(pair, texts) or ""
    return _attribute(pair, texts)


def _phones(pair: Pair, texts: Sequence[str]) -> list[str]:
    found = [number for text in texts for number in phones_in(text)]
    if texts and not found:
        raise pair.unfit(MASKED if _MASK.search("".join(texts)) else NO_PHONE)
    return list(dict.fromkeys(found))


def _emails(pair: Pair, texts: Sequence[str]) -> list[str]:
    found: list[str] = []
    for text in parts_of(pair, texts):
        if _MASK.search(text):
            raise pair.unfit(MASKED)
        try:
            found.append(validate_email(text, check_deliverability=False).normalized)
        except EmailNotValidError:
            raise pair.unfit(NO_EMAIL) from None
    return list(dict.fromkeys(found))


_LISTS: Mapping[str, Callable[[Pair, Sequence[str]], list[str]]] = {
    PHONES: _phones,
    EMAILS: _emails,
}


def _in_front(pair: Pair, new: list[str], customer: Mapping[str, Any]) -> list[str]:
    """A field of all our values replaces them; one of the first leaves the others."""
    if pair.way == "join":
        return new
    others = (value_at(customer, pair.map.ours) or [])[1:]
    return new + [one for one in others if one not in new]


def _person(pair: Pair, texts: Sequence[str], names: Names) -> str | None:
    if not texts:
        return None
    asked = texts[0].strip().lower()
    for staff_id, email in names.people.items():
        if email.lower() == asked:
            return staff_id
    raise pair.unfit(PERSON_UNKNOWN)


def _text(pair: Pair, texts: Sequence[str]) -> str | None:
    text = BETWEEN.join(texts)
    return clean(text_of(text) if pair.way == "html" else text).strip("\n") or None


def _attribute(pair: Pair, texts: Sequence[str]) -> Any:
    """A list of tags, a number of a field of numbers, text of the others; None is none."""
    if not texts:
        return None
    if pair.way == "tags":
        return list(tags_by_key(texts).values())
    if pair.way == "e164":
        return _phones(pair, texts)[0]
    if pair.remote.kind == "number":
        number = Decimal(number_in(pair, BETWEEN.join(texts)))
        return int(number) if number == number.to_integral_value() else float(number)
    if pair.remote.kind == "date":
        return date_in(pair, BETWEEN.join(texts))
    return _text(pair, texts)
