"""Looking for contacts by phone and e-mail, in whatever way people have typed them.

A search sees what was written some seconds ago; only `batch/read` by e-mail address is exact.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.hubspot.metadata import names_of
from crm_sync.connectors.hubspot.records import BATCH, CONTACTS, Contact, Records
from crm_sync.connectors.model import Asked, RemoteField
from inbox.customers.phones import phones_in

CANDIDATES_MAX = 200
"""The most that a search tells at once."""
_GROUPS_MAX = 5
"""Groups of filters of one search, of which one has to fit."""
_SAME_DIGITS = 7
"""Vietnamese numbers of eleven digits became ten in 2018, and kept their last seven."""
_EMAIL, _MORE_EMAILS = "email", "hs_additional_emails"
_PHONES = (
    "hs_searchable_calculated_phone_number",
    "hs_searchable_calculated_mobile_number",
    "phone",
    "mobilephone",
)
"""The first two are digits alone, whatever people typed, without the code of the country."""


class Finder:
    """Finds every contact that may be meant, and keeps those that are."""

    def __init__(self, hubspot: HubSpot, records: Records) -> None:
        self._hubspot = hubspot
        self._records = records

    async def find(
        self, asked: Asked, known: Mapping[str, RemoteField], fields: Collection[str]
    ) -> list[Contact]:
        """By id. At most the first 200 candidates of each search are looked at."""
        phones = names_of(known, "phone")
        emails = [*names_of(known, "email"), _MORE_EMAILS]
        ids = await self._of_emails(asked.emails)
        groups = iter(_filters(asked))
        while some := list(islice(groups, _GROUPS_MAX)):
            ids += await self._search(some)
        in_order = sorted(set(ids), key=int)
        candidates = await self._records.read(in_order, [*fields, *phones, *emails])
        return [one for one in candidates.values() if _is_meant(one, asked, phones, emails)]

    async def _of_emails(self, emails: Sequence[str]) -> list[str]:
        inputs = [{"id": one} for one in dict.fromkeys(one.strip().lower() for one in emails)]
        if not inputs:
            return []
        body = {"idProperty": _EMAIL, "properties": [_EMAIL], "inputs": inputs[:BATCH]}
        told = await self._hubspot.post(f"{CONTACTS}/batch/read", body)
        return [str(one["id"]) for one in told.get("results") or ()]

    async def _search(self, filters: list[dict[str, str]]) -> list[str]:
        """Ids only: with a long list of properties a search is refused."""
        body = {
            "filterGroups": [{"filters": [one]} for one in filters],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [],
            "limit": CANDIDATES_MAX,
        }
        told = await self._hubspot.post(f"{CONTACTS}/search", body)
        return [str(one["id"]) for one in told.get("results") or ()]


def _filters(asked: Asked) -> list[dict[str, str]]:
    """Each alone is enough."""
    found = [_token(name, f"*{one[-_SAME_DIGITS:]}") for one in asked.phones for name in _PHONES]
    return found + [_token(_MORE_EMAILS, one.strip().lower()) for one in asked.emails]


def _token(name: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": "CONTAINS_TOKEN", "value": value}


def _is_meant(contact: Contact, asked: Asked, phones: Sequence[str], emails: Sequence[str]) -> bool:
    """Whether the contact really has one of the phones or addresses."""
    properties: Mapping[str, Any] = contact["properties"]
    numbers = {one for name in phones for one in phones_in(properties.get(name) or "")}
    addresses = {
        one.strip().lower() for name in emails for one in (properties.get(name) or "").split(";")
    }
    wanted = {one.strip().lower() for one in asked.emails}
    return bool(numbers & set(asked.phones) or addresses & wanted)
