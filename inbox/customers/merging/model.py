"""What a merge does to the two records, and what undoing it gives back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.errors import Conflict, FieldError, InvalidInput
from inbox.mongo.client import Document

_LISTS = ("phones", "emails", "tag_ids", "follower_ids")
"""Both sides' values are kept, the survivor's first."""
_SINGLE = ("owner_id",)
"""The survivor's; the other's where it has none."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that was made. `before` are both records as they were."""

    id: str
    survivor_id: str
    loser_id: str
    at: datetime
    actor_id: str | None
    before: Mapping[str, Document]
    conversation_ids: tuple[str, ...]
    undone_at: datetime | None = None


class MergeWithItself(InvalidInput):
    """A customer cannot be merged into itself."""

    code = "merge_with_itself"
    vi = "Không thể gộp khách hàng với chính họ."
    en = "A customer cannot be merged with itself."

    def __init__(self) -> None:
        super().__init__([FieldError("customer_id", self.code, self.vi, self.en)])


class MergeUndone(Conflict):
    """This merge was undone already."""

    code = "merge_undone"
    vi = "Lần gộp này đã được hoàn tác."
    en = "This merge has been undone already."


class MergeBuriedDeeper(Conflict):
    """The record that came out of the merge was merged again: that merge is undone first."""

    code = "merge_buried_deeper"
    vi = "Khách hàng này đã được gộp tiếp; hãy hoàn tác lần gộp sau trước."
    en = "This customer was merged again later; undo that merge first."


def merged_fields(survivor: Document, loser: Document) -> dict[str, Any]:
    """The fields of the survivor that a merge changes: lists unite, empty fields are filled.

    Notes are joined, for neither side's may be lost; of two values of one attribute the
    survivor's counts.
    """
    fields: dict[str, Any] = {
        "identities": [*survivor["identities"], *loser["identities"]],
        "merged_from": [
            *survivor.get("merged_from", []),
            loser["_id"],
            *loser.get("merged_from", []),
        ],
        "attributes": {**loser.get("attributes", {}), **survivor.get("attributes", {})},
        "note": _joined(survivor.get("note", ""), loser.get("note", "")),
        "declined": _united(survivor.get("declined", []), loser.get("declined", [])),
    }
    for name in _LISTS:
        fields[name] = _united(survivor.get(name, []), loser.get(name, []))
    for name in _SINGLE:
        fields[name] = survivor.get(name) or loser.get(name)
    if loser.get("automated"):
        fields["automated"] = True
    if not survivor.get("name") and loser.get("name"):
        fields |= {"name": loser["name"], "name_key": loser.get("name_key")}
    return _changed(survivor, fields)


def parted_fields(survivor: Document, merge: Merge) -> dict[str, Any]:
    """The fields of the survivor that undoing changes back.

    What came from the other record goes, what was edited since stays.
    """
    before, loser = merge.before["survivor"], merge.before["loser"]
    brought = merged_fields(before, loser)
    gone = {one["id"] for one in loser["identities"]}
    left = {loser["_id"], *loser.get("merged_from", [])}
    fields: dict[str, Any] = {
        "identities": [one for one in survivor["identities"] if one["id"] not in gone],
        "merged_from": [id_ for id_ in survivor.get("merged_from", []) if id_ not in left],
    }
    for name in (*_LISTS, "declined"):
        mine = before.get(name, [])
        theirs = [value for value in loser.get(name, []) if value not in mine]
        fields[name] = [value for value in survivor.get(name, []) if value not in theirs]
    for name in ("note", *_SINGLE, "name", "name_key"):
        if name in brought and survivor.get(name) == brought[name]:
            fields[name] = before.get(name)
    fields["attributes"] = _parted_attributes(survivor, before, loser)
    return _changed(survivor, fields)


def _parted_attributes(survivor: Document, before: Document, loser: Document) -> dict[str, Any]:
    """Without those that came from the other record and are still what they were."""
    mine, theirs = before.get("attributes", {}), loser.get("attributes", {})
    return {
        key: value
        for key, value in survivor.get("attributes", {}).items()
        if key in mine or theirs.get(key) != value
    }


def _changed(document: Document, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are another value; what is empty is not told from what is absent."""
    return {
        name: value
        for name, value in fields.items()
        if value != document.get(name) and (value or document.get(name))
    }


def _united(mine: Sequence[Any], theirs: Sequence[Any]) -> list[Any]:
    return [*mine, *(value for value in theirs if value not in mine)]


def _joined(mine: str, theirs: str) -> str:
    if not theirs.strip() or theirs == mine:
        return mine
    return f"{mine}\n\n{theirs}" if mine.strip() else theirs
