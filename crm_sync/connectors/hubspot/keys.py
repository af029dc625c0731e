"""Our ids of customers: a property of contacts that HubSpot keeps unique, so that no customer
ever has two contacts. An e-mail address cannot be it: not everybody has one, and it changes.

Source: https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
"""

import hashlib
import re

from crm_sync.connectors.errors import AuthRefused, RecordGone
from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.hubspot.failures import Conflict
from crm_sync.connectors.hubspot.metadata import KEY, PROPERTIES

_PLAIN = re.compile(r"[a-z0-9_-]{1,64}")
"""Lower case only: HubSpot may take two spellings for one."""
_DEFINITION = {
    "name": KEY,
    "label": "Chat inbox: customer",
    "description": "The customer of the chat inbox that this contact belongs to. Do not edit.",
    "groupName": "contactinformation",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
    "formField": False,
}


class Keys:
    """Makes the property, and its values: `instance` tells our customers from another inbox's."""

    def __init__(self, hubspot: HubSpot, instance: str) -> None:
        self._hubspot = hubspot
        self._prefix = f"{_safe(instance)}."
        self._is_there = False

    def of(self, external_id: str) -> str:
        return f"{self._prefix}{_safe(external_id)}"

    def external_id_in(self, key: str | None) -> str | None:
        """Of a key of ours; None of another inbox's."""
        if not key or not key.startswith(self._prefix):
            return None
        return key.removeprefix(self._prefix)

    async def prepare(self) -> None:
        """Make the property unless it was there already, once for each connector.

        Raises:
            AuthRefused: it cannot be used, or may not be made.
        """
        if not self._is_there:
            await self.check()

    async def check(self) -> None:
        """The same, but ask anew."""
        self._is_there = False
        try:
            told = await self._hubspot.get(f"{PROPERTIES}/{KEY}")
        except RecordGone:
            told = await self._make()
        if not told.get("hasUniqueValue"):  # HubSpot does not let this be changed later
            raise AuthRefused(f"property_{KEY}_is_not_unique")
        self._is_there = True

    async def _make(self) -> dict[str, object]:
        try:
            return await self._hubspot.post(PROPERTIES, _DEFINITION)
        except Conflict:  # another process was faster
            return await self._hubspot.get(f"{PROPERTIES}/{KEY}")
        except AuthRefused as refused:
            detail = f"may_not_create_property_{KEY}"
            raise AuthRefused(detail, reference=refused.reference) from None


def _safe(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    return hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=16).hexdigest()
