"""The fields of a customer that people edit: where they lie, and what clients call them. Pure.

An edit names a field by its path: `phones`, `owner_id`, and `attributes.address` for one
attribute. Every path has a version of its own, so edits of different ones both win.
"""

from collections.abc import Collection, Mapping
from typing import Any

ATTRIBUTES = "attributes"

_WHOLE = ("phones", "emails", "note", "owner_id", "follower_ids")
"""The other editable fields, beside the attributes."""
_SHOWN = {"owner_id": "owner", "follower_ids": "followers", "tag_ids": "tags"}
STORED = {shown: stored for stored, shown in _SHOWN.items()}
"""What clients call another name than we do."""


def shown_name(path: str) -> str:
    """What clients call a field."""
    return _SHOWN.get(path, path)


def attribute_key(path: str) -> str | None:
    """The key of the attribute that a path names; None for another field."""
    head, _, key = path.partition(".")
    return key if head == ATTRIBUTES and key else None


def value_at(customer: Mapping[str, Any], path: str) -> Any:
    """The value of a field; None where there is none."""
    key = attribute_key(path)
    if key is None:
        return customer.get(path)
    return (customer.get(ATTRIBUTES) or {}).get(key)


def version_of(customer: Mapping[str, Any], path: str) -> int:
    """When the field was changed last, as the version of the customer then; 0: never."""
    found = (customer.get("field_versions") or {}).get(ATTRIBUTES if "." in path else path, 0)
    key = attribute_key(path)
    if key is not None and isinstance(found, Mapping):
        found = found.get(key, 0)
    return found if isinstance(found, int) else 0


def shown_versions(customer: Mapping[str, Any]) -> dict[str, int]:
    """The version of every field that was ever edited, by the names of clients."""
    return {shown_name(path): version for path, version in _flat_versions(customer).items()}


def changed_paths(before: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    """The paths that writing whole fields changes: each attribute is a path of its own."""
    paths: list[str] = []
    for name, value in fields.items():
        if name != ATTRIBUTES:
            paths.append(name)
            continue
        old, new = before.get(ATTRIBUTES) or {}, value or {}
        keys: Collection[str] = sorted(old.keys() | new.keys())
        paths += [f"{ATTRIBUTES}.{key}" for key in keys if old.get(key) != new.get(key)]
    return paths


def differing_paths(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The editable fields in which two records differ; empty is as good as absent."""
    paths = [path for path in _WHOLE if (one.get(path) or None) != (other.get(path) or None)]
    mine, theirs = one.get(ATTRIBUTES) or {}, other.get(ATTRIBUTES) or {}
    keys = sorted(mine.keys() | theirs.keys())
    return paths + [f"{ATTRIBUTES}.{key}" for key in keys if mine.get(key) != theirs.get(key)]


def every_path(*customers: Mapping[str, Any]) -> list[str]:
    """Every editable field that one of the records may have, and the tags."""
    keys = {key for one in customers for key in one.get(ATTRIBUTES) or {}}
    return [*_WHOLE, "tag_ids", *(f"{ATTRIBUTES}.{key}" for key in sorted(keys))]


def stamped(
    customer: Mapping[str, Any], read_as: Mapping[str, Any], paths: Collection[str], version: int
) -> dict[str, Any]:
    """The field versions of a customer after these fields were changed at `version`.

    The others are as new as in whichever of the two records they were changed last.
    """
    flat: dict[str, int] = {}
    for one in (customer, read_as):
        for path, known in _flat_versions(one).items():
            flat[path] = max(known, flat.get(path, 0))
    flat |= dict.fromkeys(paths, version)
    versions: dict[str, Any] = {}
    for path, known in flat.items():
        key = attribute_key(path)
        if key is None:
            versions[path] = known
        else:
            versions.setdefault(ATTRIBUTES, {})[key] = known
    return versions


def _flat_versions(customer: Mapping[str, Any]) -> dict[str, int]:
    versions: dict[str, int] = {}
    for name, found in (customer.get("field_versions") or {}).items():
        if isinstance(found, Mapping):
            versions |= {f"{name}.{key}": version for key, version in found.items()}
        else:
            versions[name] = found
    return versions


def with_changes(customer: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """The customer after an edit, without what the edit counts."""
    after = {**customer, ATTRIBUTES: dict(customer.get(ATTRIBUTES) or {})}
    for path, value in changed.items():
        key = attribute_key(path)
        if key is None:
            after[path] = value
        elif value is None:
            after[ATTRIBUTES].pop(key, None)
        else:
            after[ATTRIBUTES][key] = value
    return after
