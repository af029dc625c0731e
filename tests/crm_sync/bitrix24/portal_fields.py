"""The fields of a contact as `crm.item.fields` tells them, and those that an admin has added."""

import re
from dataclasses import dataclass, field
from typing import Any

MULTIPLE = "isMultiple"
READ_ONLY = "isReadOnly"
SYSTEM: dict[str, tuple[str, str]] = {
    "id": ("integer", "ID"),
    "name": ("string", "NAME"),
    "lastName": ("string", "LAST_NAME"),
    "post": ("string", "POST"),
    "birthdate": ("date", "BIRTHDATE"),
    "comments": ("text", "COMMENTS"),
    "sourceId": ("crm_status", "SOURCE_ID"),
    "opened": ("boolean", "OPENED"),
    "assignedById": ("user", "ASSIGNED_BY_ID"),
    "originatorId": ("string", "ORIGINATOR_ID"),
    "originId": ("string", "ORIGIN_ID"),
    "originVersion": ("string", "ORIGIN_VERSION"),
    "createdTime": ("datetime", "CREATED_TIME"),
    "updatedTime": ("datetime", "UPDATED_TIME"),
    "createdBy": ("user", "CREATED_BY"),
    "updatedBy": ("user", "UPDATED_BY"),
}
NOT_WRITTEN = {"id", "createdTime", "updatedTime", "createdBy", "updatedBy"}
LENGTHS = {"name": 50, "lastName": 50, "post": 255, "originatorId": 255, "originId": 255}
"""https://apidocs.bitrix24.com/api-reference/crm/field-length-limits.html"""


@dataclass
class UserField:
    """`options` by id; only of an enumeration."""

    id: int
    upper: str
    type: str
    multiple: bool = False
    options: dict[int, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        first, *others = self.upper.lower().split("_")
        return first + "".join(word.title() for word in others)

    def described(self) -> dict[str, Any]:
        told = _described(self.type, self.upper, self.name, multiple=self.multiple)
        if self.type == "enumeration":
            told["items"] = [{"ID": str(id_), "VALUE": one} for id_, one in self.options.items()]
        return told | {"isDynamic": True}


def described_system() -> dict[str, Any]:
    return {
        name: _described(type_, upper, name.title(), read_only=name in NOT_WRITTEN)
        for name, (type_, upper) in SYSTEM.items()
    }


def _described(
    type_: str, upper: str, title: str, *, multiple: bool = False, read_only: bool = False
) -> dict[str, Any]:
    return {
        "type": type_,
        "isRequired": False,
        READ_ONLY: read_only,
        "isImmutable": False,
        MULTIPLE: multiple,
        "isDynamic": False,
        "title": title,
        "upperName": upper,
    }


def in_order(key: str) -> tuple[str, str]:
    """A filter's key as its prefix and its field: ">=updatedTime"."""
    found = re.fullmatch(r"([<>=!@%]*)(\w+)", key)
    assert found is not None, key
    return found[1], found[2]
