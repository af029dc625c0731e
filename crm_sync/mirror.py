"""One connection with all its parts, and what `inbox` needs of it (`Mirror`)."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from crm_sync.cards.composing import Known, candidate_of, card_of, with_record
from crm_sync.cards.reasons import GONE, SILENT
from crm_sync.config import ConnectionConfig
from crm_sync.connections.pacing import Line, NotYet, in_turn
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import CrmError, RecordGone
from crm_sync.connectors.model import RemoteRecord
from crm_sync.forgetting.store import ForgettingStore
from crm_sync.mapping.model import WALL, FieldMapping
from crm_sync.mapping.pairing import Pair
from crm_sync.mirroring.agreeing import Agreeing
from crm_sync.mirroring.marking import mark, mark_again
from crm_sync.mirroring.merging import merged, parted, restored
from crm_sync.mirroring.pushing import Pushing
from crm_sync.mirroring.store import MirrorStore, part_of
from inbox.customers.mirroring.cards import CardCandidate, CrmCard
from inbox.mongo.client import Session

log = structlog.get_logger(__name__)

CARD_WITHIN_S = 0.7
"""The sidebar waits a second for a block; what is known here is shown in time in any case."""


class CrmMirror:
    """Implements `Mirror` (inbox/customers/mirroring/marking.py) for one connection."""

    def __init__(
        self,
        config: ConnectionConfig,
        line: Line,
        agreeing: Agreeing,
        pushing: Pushing,
        connections: ConnectionStore,
        forgetting: ForgettingStore,
    ) -> None:
        self.config = config
        self.line = line
        self.agreeing = agreeing
        self.pushing = pushing
        self.connections = connections
        self._forgetting = forgetting

    @property
    def connection(self) -> str:
        return self.line.name

    @property
    def store(self) -> MirrorStore:
        return self.pushing.store

    @property
    def mapping(self) -> FieldMapping:
        return self.agreeing.mapping

    @property
    def pulls(self) -> bool:
        """Whether anything comes back from there."""
        return any(one.pulls for one in self.mapping.fields)

    def mark(
        self, customer: Mapping[str, Any], fields: Collection[str], now: datetime
    ) -> dict[str, Any]:
        pushed = [one.ours for one in self.mapping.pushed_for(fields)]
        return mark(self.connection, pushed, customer, fields, now)

    def mark_again(
        self, customer: Mapping[str, Any], paths: Collection[str], now: datetime
    ) -> dict[str, Any]:
        """Marks the record as it is there, and these fields, beside what was edited."""
        return mark_again(self.connection, paths, customer, now)

    def wake(self) -> None:
        self.store.due.wake()

    def merge(self, survivor: Mapping[str, Any], loser: Mapping[str, Any]) -> dict[str, Any]:
        return merged(self.connection, survivor, loser)

    def part(
        self, survivor: Mapping[str, Any], before: Mapping[str, Any], loser: Mapping[str, Any]
    ) -> dict[str, Any]:
        return parted(self.connection, survivor, before, loser)

    def restore(
        self, survivor: Mapping[str, Any], loser: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        return restored(self.connection, survivor, loser, now)

    async def erase(self, customer: Mapping[str, Any], *, session: Session) -> None:
        await self._forgetting.add(self.connection, customer, session=session)

    async def card(self, customer: Mapping[str, Any]) -> CrmCard:
        connection = await self.connections.get(self.connection)
        known = Known(
            self.store.of(customer),
            connection,
            [one for one in self.mapping.fields if not one.is_only_at_creation],
            self.agreeing.pairs,
            part_of(customer, self.connection).get("since"),
            self.config.record_url,
        )
        card = card_of(known)
        if not connection.is_well:
            return card
        if card.candidates:
            candidates = await asyncio.gather(*(self._told(one) for one in card.candidates))
            return replace(card, candidates=tuple(candidates))
        return card if card.id is None else await self._read(card)

    async def _told(self, candidate: CardCandidate) -> CardCandidate:
        """With what tells it apart, if the CRM answers soon enough."""
        try:
            async with asyncio.timeout(CARD_WITHIN_S):
                pairs = (await self.agreeing.terms()).pairs
                return candidate_of(await self._record(candidate.id, pairs), pairs)
        except (CrmError, NotYet, TimeoutError):
            return candidate

    async def _read(self, card: CrmCard) -> CrmCard:
        """With the record, if the CRM answers soon enough."""
        try:
            async with asyncio.timeout(CARD_WITHIN_S):
                pairs = (await self.agreeing.terms()).pairs
                record = await self._record(card.id or "", pairs)
        except RecordGone:
            return replace(card, state="failed", reason=GONE)
        except (CrmError, NotYet, TimeoutError) as error:
            why = type(error).__name__
            log.info("the CRM shows no record", connection=self.connection, why=why)
            return replace(card, reason=card.reason or SILENT)
        return with_record(card, record, pairs)

    async def _record(self, record_id: str, pairs: Sequence[Pair]) -> RemoteRecord:
        fields = [pair.theirs for pair in pairs if pair.theirs != WALL]
        return await in_turn(partial(self.line.people.get, record_id, fields))
