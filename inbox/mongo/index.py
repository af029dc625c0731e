"""One index: what it is of, and why it is there. The table of all is indexes.py."""

from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel


@dataclass(frozen=True, slots=True)
class Index:
    """One index: keys in order ("-" in front means descending), and why it is there."""

    collection: str
    keys: tuple[str, ...]
    why: str
    unique: bool = False
    partial: dict[str, Any] | None = None
    expire_after_s: int | None = None

    def model(self) -> IndexModel:
        options: dict[str, Any] = {"name": "_".join(self.keys).replace(".", "_")}
        if self.unique:
            options["unique"] = True
        if self.partial is not None:
            options["partialFilterExpression"] = self.partial
        if self.expire_after_s is not None:
            options["expireAfterSeconds"] = self.expire_after_s
        keys = [
            (key.lstrip("-"), DESCENDING if key.startswith("-") else ASCENDING) for key in self.keys
        ]
        return IndexModel(keys, **options)


def due(collection: str, path: str, why: str) -> Index:
    """The index of work that falls due; partial, so that what is not due costs nothing."""
    at = f"{path}.due_at"
    return Index(collection, (at,), why, partial={at: {"$exists": True}})


def named_objects(collection: str, path: str) -> Index:
    """The index of references to stored objects: one is deleted when nothing names it."""
    return Index(
        collection,
        (path,),
        "whether anything refers to a stored object",
        partial={path: {"$exists": True}},
    )


def found_by(collection: str, newest: str, why: str) -> Index:
    """The words of documents (inbox/search/tokens.py), each with its documents newest first."""
    return Index(collection, ("tok", f"-{newest}", "-_id"), why, partial={"tok": {"$exists": True}})
