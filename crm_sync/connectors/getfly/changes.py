"""What was changed since, page by page, though the feed knows no order.

The feed tells all accounts changed since a time, by limit and offset, in an order that nobody
promises. So the whole of it is read when a reader begins, put in order, and handed out page by
page: a hundred thousand accounts of one kilobyte are some hundred megabytes until the last page.
Whoever goes on from elsewhere, or after a restart, has it read again from there.

Source: https://developer.getfly.vn/en/docs/6.1/account/sync
"""

from datetime import datetime, timedelta

from crm_sync.connectors.getfly.client import GetflyApi, Row
from crm_sync.connectors.getfly.records import id_of
from crm_sync.connectors.getfly.values import time_of
from crm_sync.connectors.model import Place

_PATH = "/api/v6.1/accounts/sync"
_BEFORE = timedelta(seconds=1)
"""Whether the feed holds the second that is asked for is not told."""
_Changed = tuple[datetime, int, Row]


class Feed:
    """Rows in the order (second of the last change, id)."""

    def __init__(self, api: GetflyApi) -> None:
        self._api = api
        self._next: tuple[Place, str] | None = None
        self._left: list[_Changed] = []

    async def page(self, place: Place, columns: str, limit: int) -> tuple[list[Row], Place, bool]:
        """The rows, where the next page begins, and whether there is one.

        When there is none, the next begins with the last second again: more may be changed in it.
        """
        left = self._left if self._next == (place, columns) else await self._read(place, columns)
        told, self._left = left[:limit], left[limit:]
        self._next = None
        if not self._left:
            return _rows(told), Place(told[-1][0] if told else place.at), False
        at, id_, _ = told[-1]
        reached = Place(at, str(id_))
        self._next = (reached, columns)
        return _rows(told), reached, True

    async def _read(self, place: Place, columns: str) -> list[_Changed]:
        second = place.at.replace(microsecond=0)
        since = max(0, int((second - _BEFORE).timestamp()))
        query = {"filtering[last_sync]": str(since), "fields": columns}
        rows = await self._api.rows(_PATH, query, moving=True)
        latest = {id_of(row): (at, id_of(row), row) for row in rows if (at := time_of(row))}
        after = (second, int(place.record_id or 0))
        return sorted((one for one in latest.values() if one[:2] > after), key=_order)


def _order(one: _Changed) -> tuple[datetime, int]:
    return one[:2]


def _rows(changed: list[_Changed]) -> list[Row]:
    return [row for _at, _id, row in changed]
