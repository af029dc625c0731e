"""The properties of a contact, from HubSpot's own description of them.

Source: https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
"""

from collections.abc import Collection, Mapping
from typing import Any

from crm_sync.connectors.errors import MappingBroken
from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.model import Edit, FieldKind, RemoteField

PROPERTIES = "/crm/v3/properties/contacts"
KEY = "inbox_customer_id"
"""Our own property of a contact: `keys.py`."""
_OWNER = "OWNER"
_YES_AND_NO = ("true", "false")
_KINDS: Mapping[str, FieldKind] = {
    "string": "text",
    "number": "number",
    "date": "date",
    "phone_number": "phone",
    "enumeration": "choice",
    "bool": "choice",
}
"""By type. A `datetime` has no kind: a day would lose its hour, and change at every midnight."""
_BY_FIELD_TYPE: Mapping[tuple[str, str], FieldKind | None] = {
    ("enumeration", "checkbox"): "tags",
    ("string", "html"): "html",
    ("string", "phonenumber"): "phone",
    ("string", "file"): None,
}
_EMAILS = frozenset({"email", "work_email"})


class Metadata:
    """Properties by name, remembered until one is missed."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot
        self._known: Mapping[str, RemoteField] | None = None

    async def read(self) -> Mapping[str, RemoteField]:
        """As they are now."""
        told = await self._hubspot.get(PROPERTIES, {"archived": "false"})
        found = [_described(one) for one in told.get("results") or ()]
        self._known = {one.name: one for one in found if one is not None}
        return self._known

    async def known(self, names: Collection[str] = ()) -> Mapping[str, RemoteField]:
        """As they were last read, or anew if one of `names` was not there then."""
        known = self._known
        if known is None or not known.keys() >= set(names):
            return await self.read()
        return known

    async def checked(self, edit: Edit) -> Mapping[str, RemoteField]:
        """The properties, when the edit can be written into them. Whether they take the values
        HubSpot says itself, by the name of the property.

        Raises:
            MappingBroken: fields that are not there, are read-only, or of another kind.
        """
        tags = {*edit.add_tags, *edit.remove_tags}
        names = {*edit.values, *tags}
        known = await self.known(names)
        broken = {
            name
            for name in names
            if name not in known
            or known[name].read_only
            or (known[name].kind == "tags") != (name in tags)  # tags are never replaced
        }
        if broken:
            raise MappingBroken("no_such_field_or_read_only", fields=broken)
        return known


def names_of(known: Mapping[str, RemoteField], kind: FieldKind) -> list[str]:
    return sorted(name for name, one in known.items() if one.kind == kind)


def _described(told: Mapping[str, Any]) -> RemoteField | None:
    """None for what no field of ours can be mapped to, and what only HubSpot itself shows."""
    name, kind = str(told.get("name") or ""), _kind(told)
    if kind is None or name == KEY or (told.get("hidden") and told.get("hubspotDefined")):
        return None
    rights = told.get("modificationMetadata") or {}
    return RemoteField(
        name=name,
        label=told.get("label") or name,
        kind=kind,
        read_only=bool(rights.get("readOnlyValue") or told.get("calculated")),
        choices=_choices(told) if kind == "choice" else None,
    )


def _kind(told: Mapping[str, Any]) -> FieldKind | None:
    type_, field_type = str(told.get("type")), str(told.get("fieldType"))
    if told.get("referencedObjectType") == _OWNER or told.get("name") == "hubspot_owner_id":
        return "user"
    if told.get("externalOptions"):  # ids of something else of HubSpot
        return None
    if type_ == "string" and told.get("name") in _EMAILS:
        return "email"
    return _BY_FIELD_TYPE.get((type_, field_type), _KINDS.get(type_))


def _choices(told: Mapping[str, Any]) -> tuple[str, ...]:
    if told.get("type") == "bool":
        return _YES_AND_NO
    return tuple(str(one["value"]) for one in told.get("options") or ())
