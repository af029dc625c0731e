"""Looking for partners by phone and e-mail, in whatever way people have typed them."""

from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from crm_sync.connectors.model import Asked
from crm_sync.connectors.odoo.metadata import Described
from crm_sync.connectors.odoo.users import literal
from inbox.customers.phones import phones_in

CANDIDATES_MAX = 200
_SAME_DIGITS = 7
"""Vietnamese numbers of eleven digits became ten in 2018, and kept their last seven."""


def domain_of(asked: Asked, phones: Sequence[str], emails: Sequence[str]) -> list[Any]:
    """What finds every partner that may be meant, and some more. Empty: nothing to look for.

    `phones` and `emails` are the fields of Odoo that hold such.
    """
    terms = [[name, "ilike", _digits(one)] for name in phones for one in asked.phones]
    terms += [[name, "ilike", literal(one)] for name in emails for one in asked.emails]
    return ["|"] * (len(terms) - 1) + terms if terms else []


def _digits(phone: str) -> str:
    """The last digits, with anything between them: "0912.345.678", "+84 (91) 234 56 78"."""
    return "%".join(phone[-_SAME_DIGITS:])


def is_meant(
    row: Mapping[str, Any], asked: Asked, phones: Sequence[str], emails: Sequence[str]
) -> bool:
    """Whether the partner really has one of the phones or addresses."""
    numbers = {one for name in phones for one in phones_in(row[name] or "")}
    addresses = {_address(row[name] or "") for name in emails}
    wanted = {one.lower() for one in asked.emails}
    return bool(numbers & set(asked.phones) or addresses & wanted)


def _address(text: str) -> str:
    """Also of "Lan <lan@shop.vn>"."""
    return parseaddr(text)[1].lower()


def fields_of(known: Mapping[str, Described], kind: str) -> list[str]:
    return sorted(name for name, one in known.items() if one.field.kind == kind)
