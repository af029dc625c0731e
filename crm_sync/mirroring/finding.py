"""Finds the record of a customer in the CRM, by the signs of crm_sync/mapping/matching.py."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_sync.connections.pacing import NotYet
from crm_sync.connectors.model import Connector, RemoteRecord
from crm_sync.mapping.matching import Ambiguous, Claimed, Claims, Nobody, One, Wanted, match
from crm_sync.mirroring.model import Parked
from crm_sync.mirroring.store import MirrorStore
from crm_sync.mirroring.terms import Terms
from inbox.clock import Clock

_TURN_S = 5.0
"""Until the customer who has the record has been mirrored."""

MOST_CANDIDATES = 10
"""More than people look through; a phone of the shop itself may stand in hundreds of records."""


class Park(Exception):
    """Nobody tries any more: a person has to do something."""

    def __init__(self, parked: Parked) -> None:
        super().__init__(parked.kind)
        self.parked = parked


class Finder:
    """For one connection."""

    def __init__(self, store: MirrorStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def matched(
        self, customer: Mapping[str, Any], connector: Connector, terms: Terms
    ) -> RemoteRecord | None:
        """The customer's record; None: there is none.

        Raises:
            Park: it may be several, or is another customer's.
            NotYet: that other one's phone or address may be about to change, as after a merge
                that was undone.
        """
        wanted = Wanted(
            external_ids=(customer["_id"], *customer.get("merged_from", ())),
            phones=tuple(customer.get("phones") or ()),
            emails=tuple(customer.get("emails") or ()),
        )
        records: list[RemoteRecord] = []
        for asked in wanted.asked:
            records += await connector.find(asked, terms.fields)
        match match(wanted, records, terms.pairs, await self._claims(records)):
            case One(record=record):
                return record
            case Nobody():
                return None
            case Ambiguous(record_ids, _):
                raise Park(self._ambiguous(record_ids))
            case Claimed(record_id=taken, external_id=other):
                if await self._store.is_to_lose_a_sign(other):
                    raise NotYet(_TURN_S)
                raise Park(self._ambiguous((taken,), other))

    def taken(self, record_id: str, other: str) -> Park:
        return Park(self._ambiguous((record_id,), other))

    def _ambiguous(self, record_ids: Sequence[str], other: str = "") -> Parked:
        return Parked(
            "ambiguous",
            self._clock.now(),
            detail=other,
            record_ids=tuple(record_ids[:MOST_CANDIDATES]),
        )

    async def _claims(self, records: Sequence[RemoteRecord]) -> Claims:
        found = await self._store.linked_to({record.id for record in records})
        links = [(self._store.of(one).link, one["_id"]) for one in found]
        return Claims({link.record_id: owner for link, owner in links if link is not None})
