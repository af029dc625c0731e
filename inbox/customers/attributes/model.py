"""An attribute of customers: its type, its words, and what may be wrong with the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from inbox.errors import Conflict, FieldError, InvalidInput

AttributeType = Literal["text", "number", "date", "bool", "choice", "multi_choice", "url"]
CHOICES: frozenset[AttributeType] = frozenset({"choice", "multi_choice"})
"""Types whose values are among the options."""

MOST_ATTRIBUTES = 100
MOST_OPTIONS = 200


@dataclass(frozen=True, slots=True)
class Label:
    """What people read."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Option:
    """One value that may be chosen: `value` is stored, the label is shown."""

    value: str
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of the catalogue; `key` is its name in a customer, for good, as is its type.

    `required`: once there is a value, it can be replaced and not taken away. `max` is the number
    of characters of a text, the largest number, or how many options may be chosen. A retired one
    keeps the values that customers have and takes no new ones. A built-in one is never deleted.
    """

    id: str
    key: str
    label: Label
    type: AttributeType
    position: int
    required: bool = False
    options: tuple[Option, ...] = ()
    max: float | None = None
    builtin: bool = False
    retired_at: datetime | None = None

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


def attribute_document(attribute: Attribute) -> dict[str, Any]:
    """As it is stored; a field that is absent has its default."""
    document: dict[str, Any] = {
        "_id": attribute.id,
        "key": attribute.key,
        "label": {"vi": attribute.label.vi, "en": attribute.label.en},
        "type": attribute.type,
        "position": attribute.position,
        "required": attribute.required,
        "builtin": attribute.builtin,
    }
    if attribute.options:
        document["options"] = [
            {"value": one.value, "label": {"vi": one.label.vi, "en": one.label.en}}
            for one in attribute.options
        ]
    if attribute.max is not None:
        document["max"] = attribute.max
    if attribute.retired_at is not None:
        document["retired_at"] = attribute.retired_at
    return document


def attribute_from(document: Mapping[str, Any]) -> Attribute:
    """What `attribute_document` wrote."""
    return Attribute(
        id=document["_id"],
        key=document["key"],
        label=Label(**document["label"]),
        type=document["type"],
        position=document["position"],
        required=document["required"],
        options=tuple(
            Option(one["value"], Label(**one["label"])) for one in document.get("options", ())
        ),
        max=document.get("max"),
        builtin=document["builtin"],
        retired_at=document.get("retired_at"),
    )


class AttributeKeyTaken(InvalidInput):
    """Another attribute has this key."""

    code = "attribute_key_taken"
    vi = "Mã thuộc tính này đã được dùng."
    en = "Another attribute has this key."

    def __init__(self) -> None:
        super().__init__([FieldError("key", self.code, self.vi, self.en)])


class TooManyAttributes(Conflict):
    """The catalogue is full."""

    code = "too_many_attributes"
    vi = "Đã có {most} thuộc tính, không thêm được nữa."
    en = "There are {most} attributes, which is the most."

    def __init__(self) -> None:
        super().__init__(most=MOST_ATTRIBUTES)


class AttributeInUse(Conflict):
    """Customers have a value of it, or may get one: it is retired, not deleted."""

    code = "attribute_in_use"
    vi = "Thuộc tính đang được dùng; hãy ngừng dùng thay vì xóa."
    en = "The attribute is in use; retire it instead of deleting it."


class AttributeBuiltIn(Conflict):
    """Built-in attributes stay."""

    code = "attribute_built_in"
    vi = "Không thể xóa thuộc tính có sẵn."
    en = "A built-in attribute cannot be deleted."
