"""Connections as clients get them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from crm_sync.administering.service import CheckFinding, Overview
from crm_sync.cards.reasons import of_connection, of_field_off, of_parked
from crm_sync.mapping.model import FieldMap
from crm_sync.mapping.presets import CrmKind
from crm_sync.mirroring.model import ParkedClass
from crm_sync.parking.model import ParkedRow
from inbox.customers.fields import shown_name
from inbox.customers.mirroring.view import CrmReasonView
from inbox.http.paging import Page
from inbox.http.routing import Body

_View = TypeVar("_View", bound=BaseModel)


class MappedFieldView(BaseModel):
    """One row of the mapping; `off` says why it is switched off."""

    field: str
    theirs: str
    direction: str
    transform: str
    clear: str
    conflict: str
    off: CrmReasonView | None


class CrmReportView(BaseModel):
    """A comparison of both sides; all but `fields` are numbers of customers."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    compared: int
    differing: int
    missing: int
    linked_twice: int
    unlinked: int
    repaired: int
    stopped: bool
    fields: Mapping[str, int]
    examples: list[str]


class BackfillView(BaseModel):
    """How far a back-fill is; `ended_at` is null while it goes on."""

    model_config = ConfigDict(from_attributes=True)

    asked_at: datetime
    marked: int
    ended_at: datetime | None


class CrmConnectionView(BaseModel):
    """How a connection is; `reason` why nothing goes there."""

    name: str
    kind: CrmKind
    reason: CrmReasonView | None
    waiting_since: datetime | None
    parked: Mapping[ParkedClass, int]
    fields: list[MappedFieldView]
    reconciled: CrmReportView | None
    backfill: BackfillView | None


class CrmConnectionsView(BaseModel):
    items: list[CrmConnectionView]


class CheckView(BaseModel):
    """`error` is the code of why the CRM did not answer; `off` are fields that cannot be used."""

    ok: bool
    error: str | None
    off: list[MappedFieldView]


class ParkedView(BaseModel):
    """`fields` are the customer's; none concerns all of them. `reference` is the CRM's own."""

    customer_id: str
    kind: ParkedClass
    at: datetime
    fields: list[str]
    reason: CrmReasonView
    reference: str | None


class ParkedPageView(Page[ParkedView]):
    """Newest first."""


class ReplayBody(Body):
    """What is tried again: one kind, or everything."""

    kind: ParkedClass | None = None


class ReplayedView(BaseModel):
    """How many customers are tried again."""

    customers: int


class BackfillBody(Body):
    """`everyone`: also those who have a record already."""

    bot_id: Annotated[str, Field(max_length=64)] | None = None
    everyone: bool = False


def connection_view(overview: Overview) -> CrmConnectionView:
    reason = of_connection(overview.connection)
    off, mirror = overview.connection.fields_off, overview.mirror
    return CrmConnectionView(
        name=mirror.connection,
        kind=mirror.config.kind,
        reason=CrmReasonView.model_validate(reason) if reason is not None else None,
        waiting_since=overview.waiting_since,
        parked=overview.parked,
        fields=[_field(one, off.get(one.theirs)) for one in mirror.mapping.fields],
        reconciled=_maybe(CrmReportView, overview.reconciled),
        backfill=_maybe(BackfillView, overview.backfill),
    )


def check_view(finding: CheckFinding) -> CheckView:
    off = [_field(one.map, one.reason.code) for one in finding.off]
    return CheckView(ok=finding.error is None and not off, error=finding.error, off=off)


def parked_view(row: ParkedRow) -> ParkedView:
    parked = row.parked
    return ParkedView(
        customer_id=row.customer_id,
        kind=parked.kind,
        at=parked.at,
        fields=[shown_name(path) for path in parked.fields],
        reason=CrmReasonView.model_validate(of_parked(parked)),
        reference=parked.reference,
    )


def _field(map_: FieldMap, off: str | None) -> MappedFieldView:
    reason = of_field_off(off, None, map_.theirs) if off is not None else None
    return MappedFieldView(
        field=shown_name(map_.ours),
        theirs=map_.theirs,
        direction=map_.direction,
        transform=map_.transform,
        clear=map_.clear,
        conflict=map_.conflict,
        off=CrmReasonView.model_validate(reason) if reason is not None else None,
    )


def _maybe(view: type[_View], value: object) -> _View | None:
    return view.model_validate(value) if value is not None else None
