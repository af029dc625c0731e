"""What was changed since, page by page, though a search orders by one property only.

A search tells at most 10,000 hits, and those of one millisecond (an import) in no certain order.
So no search is ever paged: a millisecond is told by ids, what is later by time, and whoever goes
on begins a new search where the last one ended. It tells ids and times only, because a request
with a long list of properties is refused.

Source: https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.hubspot.records import CHANGED, CONTACTS, changed_at
from crm_sync.connectors.hubspot.values import milliseconds
from crm_sync.connectors.model import Place

_ID = "hs_object_id"
_MOST = 199
"""One less than the most that a search tells at once: the last says if there is more."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A contact by id, and when the search says that it was changed last."""

    id: str
    at: datetime


class Changed:
    """Hits in the order (time of the last change, id)."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    async def page(self, place: Place, limit: int) -> tuple[list[Hit], Place, bool]:
        """The hits, where the next page begins, and whether there is one.

        When there is none, the next begins with the last millisecond again. A change is found
        some seconds after it was made, and not always in order; so whoever asks regularly goes
        back by a few minutes each time.
        """
        limit = min(limit, _MOST)
        moment = place.at - timedelta(microseconds=place.at.microsecond % 1000)
        first = await self._in_moment(moment, place.record_id or "0", limit + 1)
        if len(first) > limit:
            return first[:limit], Place(moment, first[limit - 1].id), True
        room = limit - len(first)
        later = sorted(await self._after(moment, room + 1), key=lambda one: (one.at, int(one.id)))
        if len(later) <= room:
            told = first + later
            return told, Place(told[-1].at if told else moment), False
        cut = later[-1].at
        whole = [one for one in later if one.at < cut]
        if not first and not whole:  # one millisecond alone is more than a page
            return await self.page(Place(cut), limit)
        return first + whole, Place(cut), True

    async def _in_moment(self, moment: datetime, after: str, limit: int) -> list[Hit]:
        at = str(milliseconds(moment))
        filters = [
            {"propertyName": CHANGED, "operator": "GTE", "value": at},
            {"propertyName": CHANGED, "operator": "LTE", "value": at},
            {"propertyName": _ID, "operator": "GT", "value": after},
        ]
        return await self._search(filters, _ID, limit)

    async def _after(self, moment: datetime, limit: int) -> list[Hit]:
        value = str(milliseconds(moment))
        filters = [{"propertyName": CHANGED, "operator": "GT", "value": value}]
        return await self._search(filters, CHANGED, limit)

    async def _search(self, filters: list[dict[str, str]], order: str, limit: int) -> list[Hit]:
        body: dict[str, Any] = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": order, "direction": "ASCENDING"}],
            "properties": [CHANGED],
            "limit": limit,
        }
        told = await self._hubspot.post(f"{CONTACTS}/search", body)
        return [Hit(str(one["id"]), changed_at(one)) for one in told.get("results") or ()]
