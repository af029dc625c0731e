"""Looking for contacts by phone and e-mail, in whatever way people have typed them.

Source: https://apidocs.bitrix24.com/api-reference/crm/duplicates/crm-duplicate-find-by-comm.html
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import phonenumbers

from crm_sync.connectors.bitrix24.client import Webhook
from crm_sync.connectors.bitrix24.metadata import EMAIL, PHONE
from crm_sync.connectors.bitrix24.multifields import TYPES, rows_of, spelled
from crm_sync.connectors.bitrix24.records import PAGE, Item, Records
from crm_sync.connectors.model import Asked

T = TypeVar("T")
_VALUES_MAX = 20
"""In one call."""


class Finder:
    """Bitrix24 compares numbers by their digits, so each is asked for as it is dialled, from here
    and from abroad.
    """

    def __init__(self, webhook: Webhook, records: Records) -> None:
        self._webhook = webhook
        self._records = records

    async def find(self, asked: Asked) -> list[Item]:
        """By id, each once."""
        found: dict[int, Item] = {}
        if asked.external_id is not None:
            items = await self._records.of_origin(asked.external_id)
            found |= {int(one["id"]): one for one in items}
        numbers = [one for phone in asked.phones for one in dialled(phone)]
        ids = await self._ids(PHONE, numbers) | await self._ids(EMAIL, asked.emails)
        for some in _parts(sorted(ids - found.keys()), PAGE):
            items = await self._records.items({"@id": some}, "id")
            found |= {int(one["id"]): one for one in items if _is_meant(one, asked)}
        return [found[id_] for id_ in sorted(found)]

    async def _ids(self, name: str, values: Sequence[str]) -> set[int]:
        ids: set[int] = set()
        for some in _parts(values, _VALUES_MAX):
            told = await self._webhook.call(
                "crm.duplicate.findbycomm",
                type=TYPES[name],
                values=some,
                entity_type="CONTACT",
            )
            if isinstance(told, dict):  # nobody is an empty list
                ids |= {int(one) for one in told.get("CONTACT") or ()}
        return ids


def dialled(phone: str) -> list[str]:
    """Of "+84912345678" itself, and "0912345678"."""
    number = phonenumbers.parse(phone)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return [phone, "".join(one for one in national if one.isdigit())]


def _is_meant(item: Item, asked: Asked) -> bool:
    """Whether the contact really has one of them: digits of two countries may be alike."""
    return _has(item, PHONE, asked.phones) or _has(item, EMAIL, asked.emails)


def _has(item: Item, name: str, wanted: Iterable[str]) -> bool:
    have = {spelled(name, str(one["value"])) for one in rows_of(item, name)}
    return bool(have & {spelled(name, one) for one in wanted})


def _parts(all_: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(all_), size):
        yield list(all_[start : start + size])
