"""Looking for accounts by phone and e-mail, in whatever way people have typed them.

Getfly finds a part of a text, perhaps with `%` and `_` as patterns, and knows nothing of dots and
spaces in a number. So its last seven digits are asked for, as Vietnamese numbers of eleven digits
became ten in 2018 and kept those; then the last three, which people write in one go. What comes
back is looked at closely.
"""

from collections.abc import Mapping
from email.utils import parseaddr

from crm_sync.connectors.getfly.client import Row
from crm_sync.connectors.getfly.metadata import EMAIL, PHONE
from crm_sync.connectors.model import Asked
from inbox.customers.phones import phones_in

CANDIDATES_MAX = 1000
"""Of accounts with the same last three digits; those typed without gaps are found before."""
_DIGITS = (7, 3)


def filters_of(asked: Asked) -> list[Mapping[str, str]]:
    """Each finds accounts that may be meant; together all of them, and some more."""
    phones = [{f"{PHONE}:contains": one[-some:]} for one in asked.phones for some in _DIGITS]
    return [*phones, *({f"{EMAIL}:contains": one} for one in asked.emails)]


def is_meant(row: Row, asked: Asked) -> bool:
    """Whether the account really has one of the phones or addresses."""
    numbers = set(phones_in(row.get(PHONE) or ""))
    address = parseaddr(str(row.get(EMAIL) or ""))[1].lower()  # also of "Lan <lan@shop.vn>"
    return bool(numbers & set(asked.phones)) or address in {one.lower() for one in asked.emails}
