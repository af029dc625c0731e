"""Edits of ours as a receiver is told them."""

from collections.abc import Mapping
from typing import Any

from crm_sync.connectors.model import Edit, Value

Said = dict[str, Any]


def said_of(edit: Edit) -> Said:
    """The members of a call that carries an edit; an empty field is null, tags are lists."""
    said: Said = {
        "values": {name: _value(value) for name, value in edit.values.items()},
        "add_tags": _tags(edit.add_tags),
        "remove_tags": _tags(edit.remove_tags),
    }
    if edit.revision is not None:
        said["revision"] = edit.revision
    return said


def names_in(edit: Edit) -> frozenset[str]:
    """The fields that it writes."""
    return frozenset({*edit.values, *edit.add_tags, *edit.remove_tags})


def clean(text: str) -> str:
    """Without what no database and no JSON takes: NUL, and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _value(value: Value) -> str | list[str] | None:
    if value is None or value == "":
        return None
    return clean(value) if isinstance(value, str) else [clean(one) for one in value]


def _tags(by_field: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: [clean(one) for one in tags] for name, tags in by_field.items()}
