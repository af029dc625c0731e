"""How far a CRM is with one customer, as it lies in `customers.crm.<connection>`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from crm_sync.mapping.synced import Synced

ParkedClass = Literal["invalid", "ambiguous", "gone", "exhausted"]
"""Why nothing is tried any more: a value that the CRM refuses, several records that it may be, a
record that was deleted there, or too many failures."""


@dataclass(frozen=True, slots=True)
class Link:
    """The record of a customer in the CRM."""

    record_id: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """`fields` are ours, by path; empty concerns all. `detail` is what the CRM said."""

    kind: ParkedClass
    at: datetime
    fields: tuple[str, ...] = ()
    detail: str = ""
    record_ids: tuple[str, ...] = ()
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Mirrored:
    """`rev` grows with every marked edit; `dirty` holds each field's newest one. The last value
    wins, because the current one is sent; an edit during a push is dirty again after it.
    `synced` is by field of the CRM.
    """

    rev: int = 0
    dirty: Mapping[str, int] = field(default_factory=dict)
    link: Link | None = None
    synced: Mapping[str, Synced] = field(default_factory=dict)
    parked: tuple[Parked, ...] = ()

    def marked(self, fields: Collection[str]) -> "Mirrored":
        """With these fields to be pushed; what was parked because of them is tried again."""
        rev = self.rev + 1
        kept = tuple(one for one in self.parked if one.fields and not {*one.fields} & {*fields})
        dirty = {**self.dirty, **dict.fromkeys(fields, rev)}
        return Mirrored(rev, dirty, self.link, self.synced, kept)


def mirrored_from(document: Mapping[str, Any] | None) -> Mirrored:
    """From the sub-document of a connection; None where there is none yet."""
    found = document or {}
    link = found.get("link")
    return Mirrored(
        found.get("rev", 0),
        {one["field"]: one["rev"] for one in found.get("dirty") or ()},
        Link(link["id"], link.get("url")) if link else None,
        {
            one["field"]: Synced(one["ours"], one["theirs"], tuple(one.get("tags") or ()))
            for one in found.get("synced") or ()
        },
        tuple(_parked_from(one) for one in found.get("parked") or ()),
    )


def dirty_document(dirty: Mapping[str, int]) -> list[dict[str, Any]]:
    """A list: names of fields have dots, which would nest."""
    return [{"field": name, "rev": rev} for name, rev in sorted(dirty.items())]


def synced_document(synced: Mapping[str, Synced]) -> list[dict[str, Any]]:
    """By the names of the CRM's fields."""
    return [
        {"field": name, "ours": one.ours, "theirs": one.theirs, "tags": list(one.tags)}
        for name, one in sorted(synced.items())
    ]


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
    return document


def _parked_from(document: Mapping[str, Any]) -> Parked:
    return Parked(
        document["kind"],
        document["at"],
        tuple(document.get("fields") or ()),
        document.get("detail", ""),
        tuple(document.get("record_ids") or ()),
        document.get("reference"),
    )
