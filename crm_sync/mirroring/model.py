"""How far a CRM is with one customer, as it lies in `customers.crm.<connection>`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from crm_sync.mapping.echoes import Wrote
from crm_sync.mapping.reasons import NOT_KEPT
from crm_sync.mapping.synced import Synced

ParkedClass = Literal["invalid", "refused", "ambiguous", "gone", "exhausted"]
"""Why nothing is tried any more: a value that cannot pass, one that the CRM refuses, several
records that it may be, a record that was deleted there, or too many failures."""

PARKED_CLASSES: tuple[ParkedClass, ...] = get_args(ParkedClass)

RECORD = "record"
"""Dirty besides our fields: the record was changed in the CRM, and is to be read."""


@dataclass(frozen=True, slots=True)
class Link:
    """The record of a customer in the CRM."""

    record_id: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """`fields` are ours, by path; empty concerns all. `detail` is what the CRM said. `theirs` is
    the hash of a value of the CRM that cannot be taken, or has lost to one that it refuses.
    """

    kind: ParkedClass
    at: datetime
    fields: tuple[str, ...] = ()
    detail: str = ""
    record_ids: tuple[str, ...] = ()
    reference: str | None = None
    theirs: str | None = None

    def is_left(self, pushed: Collection[str], compared: Collection[str]) -> bool:
        """Whether it still holds after these fields were pushed, and those looked at.

        Of refused fields that were looked at, what was found says anew that they are.
        """
        if not self.fields or {*self.fields} & {*pushed}:
            return False
        if self.kind == "refused":
            return not {*self.fields} & {*compared}
        is_over = self.kind == "invalid" and self.detail != NOT_KEPT
        return not is_over or not {*self.fields} <= {*compared}


@dataclass(frozen=True, slots=True)
class Found:
    """What cannot pass; of the fields that were `compared`, what could not before is over.
    `wrote` is what may come back from there as if it were news.
    """

    parked: Sequence[Parked] = ()
    compared: Collection[str] = ()
    wrote: Sequence[Wrote] = ()


NOTHING_FOUND = Found()


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest edit of a field: its number, and when it was made."""

    rev: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Mirrored:
    """`rev` grows with every marked edit; `dirty` holds each field's newest one. The last value
    wins, because the current one is sent; an edit during a push is dirty again after it.
    `synced` is by field of the CRM. `wrote` is what may come back from there as if it were news.
    """

    rev: int = 0
    dirty: Mapping[str, Mark] = field(default_factory=dict)
    link: Link | None = None
    synced: Mapping[str, Synced] = field(default_factory=dict)
    parked: tuple[Parked, ...] = ()
    wrote: tuple[Wrote, ...] = ()
    pushed_at: datetime | None = None

    @property
    def dirty_fields(self) -> frozenset[str]:
        """The paths of ours that were edited."""
        return frozenset(self.dirty) - {RECORD}

    @property
    def refused(self) -> frozenset[str]:
        """Fields that the CRM will not take before they are edited again."""
        parked = [one.fields for one in self.parked if one.kind == "refused"]
        return frozenset(name for fields in parked for name in fields) - self.dirty.keys()

    @property
    def is_given_up(self) -> bool:
        """Whether nothing at all is tried before an edit, or before somebody asks for it."""
        return any(not one.fields for one in self.parked)

    @property
    def edited_at(self) -> dict[str, datetime]:
        return {name: mark.at for name, mark in self.dirty.items() if name != RECORD}

    def marked(self, fields: Collection[str], now: datetime) -> "Mirrored":
        """With these fields to be pushed; what was parked because of them is tried again."""
        mark = Mark(self.rev + 1, now)
        kept = tuple(one for one in self.parked if one.fields and not {*one.fields} & {*fields})
        return Mirrored(
            mark.rev,
            {**self.dirty, **dict.fromkeys(fields, mark)},
            self.link,
            self.synced,
            kept,
            self.wrote,
            self.pushed_at,
        )


def mirrored_from(document: Mapping[str, Any] | None) -> Mirrored:
    """From the sub-document of a connection; None where there is none yet."""
    found = document or {}
    link = found.get("link")
    return Mirrored(
        found.get("rev", 0),
        {one["field"]: Mark(one["rev"], one["at"]) for one in found.get("dirty") or ()},
        Link(link["id"], link.get("url")) if link else None,
        {
            one["field"]: Synced(one["ours"], one["theirs"], tuple(one.get("tags") or ()))
            for one in found.get("synced") or ()
        },
        tuple(parked_from(one) for one in found.get("parked") or ()),
        tuple(Wrote(one["field"], one["hash"], one["at"]) for one in found.get("wrote") or ()),
        found.get("pushed_at"),
    )


def dirty_document(dirty: Mapping[str, Mark]) -> list[dict[str, Any]]:
    """A list: names of fields have dots, which would nest."""
    return [{"field": name, "rev": mark.rev, "at": mark.at} for name, mark in sorted(dirty.items())]


def synced_document(synced: Mapping[str, Synced]) -> list[dict[str, Any]]:
    """By the names of the CRM's fields."""
    return [
        {"field": name, "ours": one.ours, "theirs": one.theirs, "tags": list(one.tags)}
        for name, one in sorted(synced.items())
    ]


def wrote_document(wrote: Collection[Wrote]) -> list[dict[str, Any]]:
    return [{"field": one.field, "hash": one.hash, "at": one.at} for one in wrote]


def link_document(link: Link) -> dict[str, Any]:
    document: dict[str, Any] = {"id": link.record_id}
    if link.url is not None:
        document["url"] = link.url
    return document


def parked_document(parked: Parked) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": parked.kind,
        "at": parked.at,
        "fields": list(parked.fields),
        "detail": parked.detail,
        "record_ids": list(parked.record_ids),
    }
    if parked.reference is not None:
        document["reference"] = parked.reference
    if parked.theirs is not None:
        document["theirs"] = parked.theirs
    return document


def parked_from(document: Mapping[str, Any]) -> Parked:
    return Parked(
        document["kind"],
        document["at"],
        tuple(document.get("fields") or ()),
        document.get("detail", ""),
        tuple(document.get("record_ids") or ()),
        document.get("reference"),
        document.get("theirs"),
    )
