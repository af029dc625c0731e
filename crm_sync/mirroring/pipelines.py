"""What an update in the form of a pipeline is made of. Pure."""

from collections.abc import Sequence
from typing import Any

from crm_sync.mirroring.model import Parked, parked_document

Document = dict[str, Any]


def literal(parked: Sequence[Parked]) -> Document:
    return {"$literal": [parked_document(one) for one in parked]}


def or_gone(rows: Sequence[Document]) -> Any:
    return {"$literal": rows} if rows else "$$REMOVE"


def is_done(done: Sequence[Document]) -> Document:
    """Whether `$$one` is an edit that was pushed, or one before it."""
    return {
        "$or": [
            {
                "$and": [
                    {"$eq": ["$$one.field", {"$literal": one["field"]}]},
                    {"$lte": ["$$one.rev", one["rev"]]},
                ]
            }
            for one in done
        ]
        or [False]
    }
