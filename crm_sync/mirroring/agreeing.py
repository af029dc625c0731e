"""Keeps the terms of a connection: the mapping checked against the CRM's own metadata, daily."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import MappingBroken
from crm_sync.connectors.model import Connector
from crm_sync.mapping.checking import Checked, check
from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.pairing import Names, Pair
from crm_sync.mirroring.terms import Terms
from inbox.clock import Clock

CHECKED_EVERY = timedelta(days=1)
_FRESH_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of ours the mapping speaks of, read anew: who and what ids are, which attributes."""

    names: Callable[[], Awaitable[Names]]
    attributes: Callable[[], Awaitable[Collection[str]]]


class Agreeing:
    """For one connection; `await terms()` before a batch."""

    def __init__(
        self,
        name: str,
        connector: Connector,
        mapping: FieldMapping,
        connections: ConnectionStore,
        surroundings: Surroundings,
        clock: Clock,
    ) -> None:
        self.mapping = mapping
        self._name = name
        self._connector = connector
        self._connections = connections
        self._surroundings = surroundings
        self._clock = clock
        self._checked: Checked | None = None
        self._checked_at = clock.now()
        self._fresh_until: datetime | None = None

    @property
    def pairs(self) -> Mapping[str, Pair]:
        """The fields as they were checked last, by the CRM's name; none before the first time."""
        return {pair.theirs: pair for pair in self._checked.pairs} if self._checked else {}

    async def terms(self) -> Terms:
        """What can be mirrored now. Raises CrmError: the CRM's fields could not be read."""
        now = self._clock.now()
        if self._checked is None or now - self._checked_at >= CHECKED_EVERY:
            await self.check()
        assert self._checked is not None, "checked just now"
        off = (await self._connections.get(self._name)).fields_off
        broken = {name for name, reason in off.items() if reason == MappingBroken.code}
        pairs = tuple(pair for pair in self._checked.pairs if pair.theirs not in broken)
        is_fresh = self._fresh_until is not None and now < self._fresh_until
        return Terms(pairs, await self._surroundings.names(), is_fresh)

    async def check(self) -> Checked:
        """Read the CRM's fields anew, and switch off what cannot be mapped. Raises CrmError."""
        fields = await self._connector.fields()
        checked = check(self.mapping, fields, await self._surroundings.attributes())
        now = self._clock.now()
        off = {one.map.theirs: one.reason.code for one in checked.off}
        print_ = _fingerprint(self.mapping)
        if await self._connections.checked(self._name, off, print_, now):
            self._fresh_until = now + _FRESH_FOR
        self._checked, self._checked_at = checked, now
        return checked


def _fingerprint(mapping: FieldMapping) -> str:
    return blake2b(mapping.model_dump_json().encode(), digest_size=16).hexdigest()
