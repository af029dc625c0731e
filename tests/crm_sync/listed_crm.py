"""A CRM in memory that is read as a whole, while things happen."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from crm_sync.connectors.model import Changes, Place
from tests.crm_sync.fake_crm import FakeCrm

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class ListedCrm(FakeCrm):
    """`between` is called before each page but the first. Records of `unlisted` are never told."""

    between: Callable[[], Awaitable[None]] | None = None
    unlisted: frozenset[str] = frozenset()
    pages: int = 0

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        if place.record_id and self.between is not None:
            await self.between()
        self.pages += 1
        page = await super().changed_since(place, fields, limit=limit)
        told = tuple(one for one in page.records if one.id not in self.unlisted)
        return replace(page, records=told)
