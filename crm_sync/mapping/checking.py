"""A mapping against what the CRM says of its fields: what cannot pass is switched off, and why."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crm_sync.connectors.model import FieldKind, RemoteField
from crm_sync.mapping.model import (
    EMAILS,
    NAME,
    NOTE,
    OWNER,
    PHONES,
    TAGS,
    WALL,
    FieldMap,
    FieldMapping,
)
from crm_sync.mapping.pairing import Pair, Way
from crm_sync.mapping.reasons import (
    ATTRIBUTE_UNKNOWN,
    FIELD_ILL_TYPED,
    FIELD_READ_ONLY,
    FIELD_UNKNOWN,
    Reason,
    reason,
)
from inbox.customers.fields import attribute_key
from inbox.errors import FieldError, InvalidInput

_KINDS: Mapping[str, frozenset[FieldKind]] = {
    PHONES: frozenset({"phone", "text"}),
    EMAILS: frozenset({"email", "text"}),
    NOTE: frozenset({"text", "html"}),
    TAGS: frozenset({"tags", "text"}),
    NAME: frozenset({"text"}),
    OWNER: frozenset({"user", "email", "text"}),
}
_OF_ATTRIBUTES: frozenset[FieldKind] = frozenset(
    {"text", "html", "email", "phone", "choice", "tags", "date", "number"}
)
_TAKES: Mapping[Way, frozenset[FieldKind]] = {
    "plain": frozenset({"text", "choice", "number", "date", "phone", "email"}),
    "e164": frozenset({"phone", "text"}),
    "lower": frozenset({"email", "text"}),
    "join": frozenset({"text", "phone", "email"}),
    "html": frozenset({"html"}),
    "user": frozenset({"user", "email", "text"}),
    "tags": frozenset({"tags"}),
}
"""Text as it is never goes into an HTML field: what customers write would run there."""
_ON_THE_WALL = RemoteField(WALL, "@notes", "text")
"""Every CRM takes notes, and none lists them among its fields."""


@dataclass(frozen=True, slots=True)
class Off:
    """A mapped field that is switched off until the CRM or the mapping is changed."""

    map: FieldMap
    reason: Reason


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a mapping can be used now, and what cannot. The connection works with the rest."""

    pairs: tuple[Pair, ...]
    off: tuple[Off, ...]


class MappingRefused(InvalidInput):
    """Fields that do not exist, are read-only or of another type are not saved."""

    code = "crm_mapping_refused"
    vi = "Bảng ghép trường có chỗ không dùng được."
    en = "Some fields cannot be mapped like this."


def check(
    mapping: FieldMapping,
    fields: Mapping[str, RemoteField],
    attributes: Collection[str] | None = None,
) -> Checked:
    """Which fields can be used, and why the others cannot.

    Args:
        mapping: what is wanted.
        fields: what the CRM has, read live.
        attributes: the keys of our catalogue; None: they are not looked at.
    """
    pairs: list[Pair] = []
    off: list[Off] = []
    for one in mapping.fields:
        found = _ON_THE_WALL if one.theirs == WALL else fields.get(one.theirs)
        why = _wrong_here(one, attributes) or _wrong_there(one, found)
        if why is not None:
            off.append(Off(one, why))
        elif found is not None:
            pairs.append(Pair(one, found))
    return Checked(tuple(pairs), tuple(off))


def refuse_unusable(
    mapping: FieldMapping,
    fields: Mapping[str, RemoteField],
    attributes: Collection[str] | None = None,
) -> None:
    """What is asked before a mapping is saved; some CRMs drop unknown fields without a word.

    Raises:
        MappingRefused: with every field that cannot be used, as `fields.<n>`.
    """
    off = check(mapping, fields, attributes).off
    if off:
        raise MappingRefused([_told(mapping, one) for one in off])


def _told(mapping: FieldMapping, one: Off) -> FieldError:
    number = mapping.fields.index(one.map)
    side = "ours" if one.reason.code == ATTRIBUTE_UNKNOWN else "theirs"
    return FieldError(f"fields.{number}.{side}", one.reason.code, one.reason.vi, one.reason.en)


def _wrong_here(one: FieldMap, attributes: Collection[str] | None) -> Reason | None:
    key = attribute_key(one.ours)
    if key is None or attributes is None or key in attributes:
        return None
    return reason(ATTRIBUTE_UNKNOWN, ours=key)


def _wrong_there(one: FieldMap, found: RemoteField | None) -> Reason | None:
    if found is None:
        return reason(FIELD_UNKNOWN, field=one.theirs)
    if found.read_only and one.pushes:
        return reason(FIELD_READ_ONLY, field=one.theirs)
    suits = _KINDS.get(one.ours, _OF_ATTRIBUTES) & _TAKES[Pair(one, found).way]
    if found.kind not in suits:
        return reason(FIELD_ILL_TYPED, field=one.theirs, kind=found.kind)
    return None
