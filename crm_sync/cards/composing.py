"""A card made of what is known here, and of the record as it was read. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crm_sync.cards.reasons import NOT_LINKED, of_connection, of_field_off, of_parked
from crm_sync.connections.model import Connection
from crm_sync.connectors.model import RemoteRecord
from crm_sync.mapping.model import EMAILS, NAME, PHONES, TAGS, FieldMap
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.values import texts_of
from crm_sync.mirroring.model import Link, Mirrored, Parked
from inbox.customers.fields import shown_name
from inbox.customers.mirroring.cards import CardCandidate, CardField, CardReason, CrmCard, SyncState

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""What may stand in an address as it is."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known here: of the customer, of the connection, and of the mapping."""

    mirrored: Mirrored
    connection: Connection
    maps: Sequence[FieldMap]
    pairs: Mapping[str, Pair]
    """By the CRM's name of the field; empty until the CRM was asked for its fields."""
    since: datetime | None = None
    record_url: str | None = None
    """Leads to a record, with {id} in it, where the CRM does not tell it itself."""


def card_of(known: Known) -> CrmCard:
    """Without the record's own values."""
    mirrored, link = known.mirrored, known.mirrored.link
    whole = [one for one in mirrored.parked if not one.fields]
    state, reason = _state(known, whole)
    return CrmCard(
        connection=known.connection.name,
        id=link.record_id if link is not None else None,
        url=_url(link, known.record_url),
        state=state,
        reason=reason,
        fields=tuple(_field(one, known, whole) for one in known.maps),
        waiting_since=known.since,
        pushed_at=mirrored.pushed_at,
        candidates=_candidates(whole),
    )


def with_record(card: CrmCard, record: RemoteRecord, pairs: Sequence[Pair]) -> CrmCard:
    """With what the CRM shows of the record now."""
    shown = candidate_of(record, pairs)
    return replace(
        card,
        name=shown.name,
        phone=shown.phone,
        email=shown.email,
        chat_tags=tuple(_texts(record, pairs, TAGS)),
        url=shown.url or card.url,
    )


def candidate_of(record: RemoteRecord, pairs: Sequence[Pair]) -> CardCandidate:
    """What tells a record apart from others."""

    def first(path: str) -> str | None:
        return next(iter(_texts(record, pairs, path)), None)

    return CardCandidate(record.id, first(NAME), first(PHONES), first(EMAILS), record.url)


def _texts(record: RemoteRecord, pairs: Sequence[Pair], path: str) -> list[str]:
    mapped = [pair for pair in pairs if pair.map.ours == path]
    return [text for pair in mapped for text in texts_of(record.values.get(pair.theirs))]


def _url(link: Link | None, template: str | None) -> str | None:
    if link is None or link.url is not None or template is None:
        return link.url if link is not None else None
    return template.replace("{id}", link.record_id) if _ID.fullmatch(link.record_id) else None


def _state(known: Known, whole: Sequence[Parked]) -> tuple[SyncState, CardReason | None]:
    mirrored, away = known.mirrored, of_connection(known.connection)
    if whole:
        return "failed", of_parked(whole[-1])
    if away is not None and (mirrored.dirty or known.connection.paused is not None):
        return ("waiting" if known.connection.paused is None else "failed"), away
    if mirrored.parked:
        first = mirrored.parked[0]
        pair = next((one for one in known.pairs.values() if one.map.ours in first.fields), None)
        return "failed", of_parked(first, pair)
    if mirrored.dirty:
        return "waiting", None
    return ("synced", None) if mirrored.link is not None else ("unlinked", NOT_LINKED)


def _field(map_: FieldMap, known: Known, whole: Sequence[Parked]) -> CardField:
    pair = known.pairs.get(map_.theirs)
    label = (pair.remote.label if pair is not None else "") or map_.theirs
    shown = CardField(shown_name(map_.ours), label, "synced")
    if (code := known.connection.fields_off.get(map_.theirs)) is not None:
        reason = of_field_off(code, pair, map_.theirs)
        return replace(shown, state="off", reason=reason)
    parked = [one for one in known.mirrored.parked if map_.ours in one.fields]
    if parked:
        return replace(shown, state="failed", reason=of_parked(parked[-1], pair))
    if whole:
        return replace(shown, state="failed", reason=of_parked(whole[-1], pair))
    if map_.ours in known.mirrored.dirty:
        return replace(shown, state="waiting")
    if known.mirrored.link is None:
        return replace(shown, state="off", reason=NOT_LINKED)
    return shown


def _candidates(whole: Sequence[Parked]) -> tuple[CardCandidate, ...]:
    several = [one.record_ids for one in whole if one.kind == "ambiguous" and not one.detail]
    return tuple(CardCandidate(id_) for id_ in several[-1]) if several else ()
