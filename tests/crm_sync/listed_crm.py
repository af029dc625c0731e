"""A CRM in memory that lists its records, oldest change first, and whose people edit them."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crm_sync.connectors.model import Changes, Edit, Place, RemoteRecord, Value
from tests.crm_sync.fake_crm import FakeCrm

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class ListedCrm(FakeCrm):
    """`between` is called before each page but the first. Records of `unlisted` are never told."""

    between: Callable[[], Awaitable[None]] | None = None
    unlisted: frozenset[str] = frozenset()
    pages: int = 0

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        return _full(await super().get(record_id, fields), fields)

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        self._asked()
        if place.record_id and self.between is not None:
            await self.between()
        self.pages += 1
        later = self._later(place)
        page = later[:limit]
        if page:
            place = Place(page[-1].changed_at or LONG_AGO, page[-1].id)
        return Changes(tuple(_full(one, fields) for one in page), place, len(later) > limit)

    def people_set(self, record_id: str, **values: Value) -> None:
        """Somebody edits a record in the CRM itself."""
        record = self.records[record_id]
        self.records[record_id] = replace(
            record, values={**record.values, **values}, changed_at=self.clock.now()
        )

    def _later(self, place: Place) -> list[RemoteRecord]:
        told = [one for one in self.records.values() if one.id not in self.unlisted]
        later = [one for one in told if _key(one) > (place.at, place.record_id)]
        return sorted(later, key=_key)

    def _write(self, id_: str, edit: Edit) -> None:
        super()._write(id_, edit)
        self.records[id_] = replace(self.records[id_], changed_at=self.clock.now())


def _key(record: RemoteRecord) -> tuple[datetime, str]:
    return record.changed_at or LONG_AGO, record.id


def _full(record: RemoteRecord, fields: Collection[str]) -> RemoteRecord:
    """With every field that was asked for; empty ones are None."""
    return replace(record, values={name: record.values.get(name) for name in fields})
