"""The fields of a partner, from Odoo's own description of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from crm_sync.connectors.errors import InvalidValue, MappingBroken
from crm_sync.connectors.model import Edit, FieldKind, RemoteField
from crm_sync.connectors.odoo.client import OdooTransport

PARTNER = "res.partner"
_ATTRIBUTES = ["string", "type", "readonly", "selection", "relation"]
_KINDS: dict[str, FieldKind] = {
    "char": "text",
    "text": "text",
    "html": "html",
    "selection": "choice",
    "date": "date",
    "integer": "number",
    "float": "number",
    "monetary": "number",
}
_PHONES = frozenset({"phone", "mobile"})
_EMAILS = frozenset({"email"})
_TAGS = frozenset({"res.partner.category"})
_NOBODYS = frozenset({"create_uid", "write_uid", "signup_token", "signup_type", "signup_url"})
"""Odoo's own business; the last three let people in."""


@dataclass(frozen=True, slots=True)
class Described:
    """A field, and what only Odoo needs to know of it: its type, and the model it points to."""

    field: RemoteField
    type: str
    relation: str | None


class Metadata:
    """Fields by name, remembered until one is missed: Odoo 11 takes a value of a field that it
    does not have, drops it, and says that all is well.
    """

    def __init__(self, odoo: OdooTransport) -> None:
        self._odoo = odoo
        self._known: Mapping[str, Described] | None = None

    async def read(self) -> Mapping[str, Described]:
        """As they are now."""
        told = await self._odoo.call(PARTNER, "fields_get", attributes=_ATTRIBUTES)
        self._known = {
            name: described
            for name, one in told.items()
            if name not in _NOBODYS and (described := _described(name, one)) is not None
        }
        return self._known

    async def known(self, names: Collection[str] = ()) -> Mapping[str, Described]:
        """As they were last read, or anew if one of `names` was not there then."""
        known = self._known
        if known is None or not known.keys() >= set(names):
            return await self.read()
        return known

    def forget(self) -> None:
        """Something is not as it was described."""
        self._known = None

    async def checked(self, edit: Edit) -> Mapping[str, Described]:
        """The fields, when the edit can be written into them.

        Raises:
            MappingBroken: fields that are not there, are read-only, or of another kind.
            InvalidValue: choices that are not there.
        """
        names = {*edit.values, *edit.add_tags, *edit.remove_tags}
        known = await self.known(names)
        broken = {name for name in names if name not in known or known[name].field.read_only}
        tags = {*edit.add_tags, *edit.remove_tags}
        broken |= {
            name
            for name in names - broken
            if (known[name].field.kind == "tags") != (name in tags)  # tags are never replaced
        }
        if broken:
            raise MappingBroken("no_such_field_or_read_only", fields=broken)
        if _wrong_choices(edit, known) and (wrong := _wrong_choices(edit, await self.read())):
            raise InvalidValue("no_such_choice", fields=wrong)
        return known


def _wrong_choices(edit: Edit, known: Mapping[str, Described]) -> set[str]:
    return {
        name
        for name, value in edit.values.items()
        if value is not None
        and name in known
        and (choices := known[name].field.choices) is not None
        and value not in choices
    }


def _described(name: str, told: Mapping[str, Any]) -> Described | None:
    kind = _kind(name, told)
    if kind is None:
        return None
    choices = None
    if kind == "choice":
        choices = tuple(str(key) for key, _label in told.get("selection") or ())
    field = RemoteField(
        name=name,
        label=told.get("string") or name,
        kind=kind,
        read_only=bool(told.get("readonly")),
        choices=choices,
    )
    return Described(field, told["type"], told.get("relation"))


def _kind(name: str, told: Mapping[str, Any]) -> FieldKind | None:
    """None for what no field of ours can be mapped to."""
    if told["type"] == "many2one" and told.get("relation") == "res.users":
        return "user"
    if told["type"] == "many2many" and told.get("relation") in _TAGS:
        return "tags"
    if told["type"] == "char" and name in _PHONES:
        return "phone"
    if told["type"] == "char" and name in _EMAILS:
        return "email"
    return _KINDS.get(told["type"])
