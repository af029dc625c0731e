"""What was changed since, page by page. Bitrix24 keeps its times to the second, and tells them so.

A page is never found by its number: what is changed meanwhile moves to the end, and all that
follows it would be passed over.
"""

from datetime import datetime, timedelta

from crm_sync.connectors.bitrix24.client import Webhook
from crm_sync.connectors.bitrix24.records import PAGE, Item, Records
from crm_sync.connectors.bitrix24.values import time_of, time_text
from crm_sync.connectors.model import Place

_SECOND = timedelta(seconds=1)


class ChangedItems:
    """Contacts in the order (second of the last change, id)."""

    def __init__(self, webhook: Webhook, records: Records) -> None:
        self._webhook = webhook
        self._records = records

    async def page(self, place: Place, limit: int) -> tuple[list[Item], Place, bool]:
        """The contacts, where the next page begins, and whether there is one.

        When there is none, the next begins with the last second again: more may be changed in it.
        """
        room = min(limit, PAGE)
        second = place.at.replace(microsecond=0)
        told = (await self._in_second(second, int(place.record_id or 0)))[:room]
        if len(told) < room:
            later = await self._from(second + _SECOND)
            told += later[: room - len(told)]
        if len(told) == room:
            last = told[-1]
            return told, Place(time_of(last["updatedTime"]), str(last["id"])), True
        reached = time_of(told[-1]["updatedTime"]) if told else second
        return told, Place(reached), False

    async def _in_second(self, second: datetime, after: int) -> list[Item]:
        filter_ = {
            ">=updatedTime": self._text(second),
            "<updatedTime": self._text(second + _SECOND),
            ">id": after,
        }
        return await self._records.items(filter_, "id")

    async def _from(self, second: datetime) -> list[Item]:
        filter_ = {">=updatedTime": self._text(second)}
        return await self._records.items(filter_, "updatedTime", "id")

    def _text(self, at: datetime) -> str:
        return time_text(at, self._webhook.zone)
