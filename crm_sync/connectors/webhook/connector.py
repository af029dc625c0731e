"""The connector of CRMs that have none of their own: calls of our own contract to one URL.

A receiver may leave the reads out. Then it is only written to: what it holds is unknown, nothing
is found there, and nothing comes back from it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.http import Timeouts
from crm_sync.connectors.model import (
    Asked,
    Changes,
    Edit,
    Place,
    RemoteField,
    RemoteRecord,
    Written,
)
from crm_sync.connectors.webhook.client import TIMEOUTS, Receiver, WebhookAccount
from crm_sync.connectors.webhook.edits import Said, clean, names_in, said_of
from crm_sync.connectors.webhook.failures import Unsupported
from crm_sync.connectors.webhook.wire import (
    ToldFields,
    ToldNote,
    ToldOne,
    ToldRecords,
    ToldWrite,
    told,
)
from crm_sync.mapping.presets import PRESETS
from inbox.clock import Clock

CREATED, UPDATED, NOTE = "customer.created", "customer.updated", "customer.note"
FIND, GET, FIELDS, CHANGES = (
    "customer.find",
    "customer.get",
    "customer.fields",
    "customer.changes",
)
ASKED_AGAIN_AFTER = timedelta(hours=1)
"""A receiver that did not read yet may have learned it."""
_PRESET = PRESETS["webhook"]
_INITIAL = frozenset({_PRESET.name})
"""Of a record that was there already it is left alone: people correct it."""
DECLARED: tuple[RemoteField, ...] = (
    RemoteField(_PRESET.name, "Name", "text"),
    RemoteField(_PRESET.phone, "Phone", "phone"),
    RemoteField(_PRESET.email, "E-mail", "email"),
    RemoteField(_PRESET.note, "Note", "text"),
    RemoteField(_PRESET.tags, "Chat tags", "tags"),
)
"""What every receiver is taken to have, unless it says itself what it has."""


class WebhookConnector:
    """A `Connector` (model.py). `declared` are the fields of a receiver that tells none."""

    def __init__(
        self,
        account: WebhookAccount,
        clock: Clock,
        *,
        timeouts: Timeouts = TIMEOUTS,
        declared: Sequence[RemoteField] = DECLARED,
    ) -> None:
        self._receiver = Receiver(account, clock, timeouts)
        self._clock = clock
        self._declared = {one.name: one for one in declared}
        self._not_read: dict[str, datetime] = {}

    async def check(self) -> None:
        """Reads the fields: who refuses to do so has looked at the signature first."""
        self._not_read.clear()
        await self.fields()

    async def fields(self) -> Mapping[str, RemoteField]:
        answer = await self._read(FIELDS, {})
        if answer is None:
            return self._declared
        every = [one.field() for one in told(ToldFields, answer).fields]
        return {one.name: one for one in every if one is not None}

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        """Nothing, in a receiver that does not read; `create` then finds by the external id."""
        if asked == Asked():
            return ()
        said = {
            "external_id": asked.external_id,
            "phones": list(asked.phones),
            "emails": list(asked.emails),
            "fields": sorted(fields),
        }
        answer = await self._read(FIND, said)
        if answer is None:
            return ()
        return _records(told(ToldRecords, answer), fields)

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        """Without values, of a receiver that does not read: what it has is not known."""
        answer = await self._read(GET, {"crm_id": record_id, "fields": sorted(fields)})
        if answer is None:
            return RemoteRecord(record_id, {})
        return told(ToldOne, answer).record.record(frozenset(fields))

    async def create(self, external_id: str, edit: Edit) -> Written:
        said = said_of(edit)
        values = said["values"]
        initial = {name: values.pop(name) for name in _INITIAL & values.keys()}
        said |= {"external_id": external_id, "initial": initial}
        return await self._write(CREATED, said, edit, external_id)

    async def update(self, record_id: str, edit: Edit) -> Written:
        return await self._write(UPDATED, {"crm_id": record_id, **said_of(edit)}, edit, record_id)

    async def _write(self, kind: str, said: Said, edit: Edit, asked_id: str) -> Written:
        """A later edit of the same content is not the same call: only its revision tells."""
        sent = names_in(edit)
        answer = await self._receiver.call(
            kind, said, is_repeatable=edit.revision is not None, sent=sent
        )
        return told(ToldWrite, answer).written(asked_id, sent)

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:
        said = {
            "crm_id": record_id,
            "note_id": note_id,
            "text": clean(text),
            "at": _time_text(at),
        }
        answer = await self._receiver.call(NOTE, said, is_repeatable=True)
        return told(ToldNote, answer).note_id or note_id

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        """No changes, ever, of a receiver that does not read."""
        said = {
            "since": _time_text(place.at),
            "after": place.record_id or None,
            "fields": sorted(fields),
            "limit": limit,
        }
        answer = await self._read(CHANGES, said)
        if answer is None:
            return Changes((), place)
        page = told(ToldRecords, answer)
        return _changes(_records(page, fields), place, limit, more=page.more)

    async def close(self) -> None:
        await self._receiver.close()

    async def _read(self, kind: str, said: Said) -> Any:
        """The answer; None: the receiver does not do this. Asked again from time to time."""
        now = self._clock.now()
        if self._not_read.get(kind, now) > now:
            return None
        try:
            return await self._receiver.call(kind, said)
        except Unsupported:
            self._not_read[kind] = now + ASKED_AGAIN_AFTER
            return None


def _records(page: ToldRecords, fields: Collection[str]) -> list[RemoteRecord]:
    wanted = frozenset(fields)
    return [one.record(wanted) for one in page.records]


def _changes(found: list[RemoteRecord], place: Place, limit: int, *, more: bool) -> Changes:
    """One page. On the last one the moment of its last record stays open: it may not be over.

    Raises:
        CrmAway: it would never end, or changes would be missed.
    """
    times = [one.changed_at for one in found if one.changed_at is not None]
    is_ordered = all(earlier <= later for earlier, later in pairwise([place.at, *times]))
    if len(times) != len(found) or not is_ordered:
        raise CrmAway("changes_out_of_order")
    more = more or len(found) > limit
    told_now = found[:limit]
    if not told_now:
        return Changes((), place)
    reached = Place(times[len(told_now) - 1], told_now[-1].id if more else "")
    if reached == place and more:
        raise CrmAway("changes_do_not_advance")
    return Changes(tuple(told_now), reached, more)


def _time_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
