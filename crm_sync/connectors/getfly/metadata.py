"""The fields of an account: those that every Getfly has, and those that administrators added.

Source: https://developer.getfly.vn/docs/6.0/customer/custom_field
"""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from crm_sync.connectors.errors import InvalidValue, MappingBroken
from crm_sync.connectors.getfly.client import GetflyApi, Row
from crm_sync.connectors.model import Edit, FieldKind, RemoteField

NAME, PHONE, EMAIL = "account_name", "phone_office", "email"
MANAGER, GROUPS, CODE = "account_manager", "account_type", "account_code"
_PATH = "/api/v6/accounts/custom_fields"
_TOLD = "id,field_name,field_description,field_htmltype,custom_field_lists"
_BUILT_IN = (
    RemoteField(NAME, "Tên khách hàng", "text"),
    RemoteField(CODE, "Mã khách hàng", "text", read_only=True),
    RemoteField(PHONE, "Điện thoại", "phone"),
    RemoteField(EMAIL, "Email", "email"),
    RemoteField("description", "Mô tả", "text"),
    RemoteField("billing_address_street", "Địa chỉ", "text"),
    RemoteField("website", "Website", "text"),
    RemoteField("phone_fax", "Fax", "text"),
    RemoteField("sic_code", "Mã số thuế", "text"),
    RemoteField("birthday", "Ngày sinh", "date"),
    RemoteField(MANAGER, "Người phụ trách", "user"),
    RemoteField(GROUPS, "Nhóm khách hàng", "tags"),
)
_KINDS: Mapping[str, FieldKind] = {
    "textinput": "text",
    "textarea": "text",
    "text": "text",
    "select": "choice",
    "radio": "choice",
    "checkbox": "choice",
    "date": "date",
    "number": "number",
    "email": "email",
    "phone": "phone",
}
"""By `field_htmltype`, of which no whole list is published: what is not here is not mapped."""
_CHECKBOX = ("0", "1")


@dataclass(frozen=True, slots=True)
class Described:
    """A field; for one of an administrator's `custom`, and for a select its options: the label by
    id of all, the id by label of those that can be chosen.
    """

    field: RemoteField
    custom: bool = False
    labels: Mapping[int, str] = dataclasses.field(default_factory=dict)
    ids: Mapping[str, int] = dataclasses.field(default_factory=dict)


class Metadata:
    """Fields by name, remembered until one is missed: a field that Getfly does not have is not
    known to be refused.
    """

    def __init__(self, api: GetflyApi) -> None:
        self._api = api
        self._known: Mapping[str, Described] | None = None

    async def read(self) -> Mapping[str, Described]:
        """As they are now."""
        rows = await self._api.rows(_PATH, {"fields": _TOLD})
        added = [one for one in map(_described, rows) if one is not None]
        self._known = {one.field.name: one for one in added}
        self._known |= {one.name: Described(one) for one in _BUILT_IN}
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
        tags = {*edit.add_tags, *edit.remove_tags}
        known = await self.known({*edit.values, *tags})
        broken = {
            name
            for name in {*edit.values, *tags}
            if name not in known
            or known[name].field.read_only
            or (known[name].field.kind == "tags") != (name in tags)  # tags are never replaced
        }
        if broken:
            raise MappingBroken("no_such_field_or_read_only", fields=broken)
        if _wrong_choices(edit, known):
            known = await self.read()
            if wrong := _wrong_choices(edit, known):
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


def _described(row: Row) -> Described | None:
    """None for what no field of ours can be mapped to."""
    name, html = str(row.get("field_name") or ""), str(row.get("field_htmltype") or "").lower()
    kind = _KINDS.get(html)
    if not name or kind is None:
        return None
    label = str(row.get("field_description") or name)
    if html == "checkbox":
        return Described(RemoteField(name, label, kind, choices=_CHECKBOX), custom=True)
    if kind != "choice":
        return Described(RemoteField(name, label, kind), custom=True)
    options = [one for one in row.get("custom_field_lists") or () if _is_option(one)]
    labels = {int(one["id"]): str(one["list_value"]) for one in options}
    chosen = [int(one["id"]) for one in options if str(one.get("valid", 1)) != "0"]
    ids = {labels[id_]: id_ for id_ in reversed(chosen)}  # of two with one label the first
    choices = tuple(dict.fromkeys(labels[id_] for id_ in chosen))
    return Described(RemoteField(name, label, kind, choices=choices), True, labels, ids)


def _is_option(one: Any) -> bool:
    return isinstance(one, dict) and str(one.get("id", "")).isdigit() and "list_value" in one
