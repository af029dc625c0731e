"""What was changed since, page by page, though Odoo tells its times to the second only.

Odoo orders by microseconds that it does not tell. So a second is either told whole, or, when it
has more records than a page (an import), by their ids.
"""

from datetime import datetime, timedelta
from typing import Any

from crm_sync.connectors.model import Place
from crm_sync.connectors.odoo.client import OdooTransport
from crm_sync.connectors.odoo.loading import QUIET
from crm_sync.connectors.odoo.metadata import PARTNER
from crm_sync.connectors.odoo.values import time_of, time_text

_SECOND = timedelta(seconds=1)
_Row = tuple[datetime, int]


class ChangedIds:
    """Ids of partners in the order (second of the last change, id)."""

    def __init__(self, odoo: OdooTransport) -> None:
        self._odoo = odoo

    async def page(self, place: Place, limit: int) -> tuple[list[int], Place, bool]:
        """The ids, where the next page begins, and whether there is one.

        When there is none, the next begins with the last second again: more may be changed in
        it. A change is stamped with the *start* of its transaction, so whoever asks regularly
        goes back by a few minutes each time.
        """
        second = place.at.replace(microsecond=0)
        after = int(place.record_id or 0)
        first = await self._in_second(second, after, limit + 1)
        if len(first) > limit:
            return _ids(first[:limit]), Place(second, str(first[limit - 1][1])), True
        room = limit - len(first)
        later = await self._from(second + _SECOND, room + 1)
        if len(later) <= room:
            told = first + sorted(later)
            last = told[-1][0] if told else second
            return _ids(told), Place(last), False
        cut = later[-1][0]
        whole = sorted(row for row in later if row[0] < cut)
        if not first and not whole:  # one second alone is more than a page
            return await self.page(Place(cut), limit)
        return _ids(first + whole), Place(cut), True

    async def _in_second(self, second: datetime, after: int, limit: int) -> list[_Row]:
        domain = [
            ["write_date", ">=", time_text(second)],
            ["write_date", "<", time_text(second + _SECOND)],
            ["id", ">", after],
        ]
        return await self._search(domain, "id", limit)

    async def _from(self, second: datetime, limit: int) -> list[_Row]:
        domain = [["write_date", ">=", time_text(second)]]
        return await self._search(domain, "write_date, id", limit)

    async def _search(self, domain: list[Any], order: str, limit: int) -> list[_Row]:
        rows = await self._odoo.call(
            PARTNER,
            "search_read",
            domain=domain,
            fields=["write_date"],
            order=order,
            limit=limit,
            context=QUIET,
        )
        return [(time_of(row["write_date"]), row["id"]) for row in rows]


def _ids(rows: list[_Row]) -> list[int]:
    return [id_ for _at, id_ in rows]
