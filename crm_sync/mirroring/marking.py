"""Marks edits for one connection in the write of the edit (inbox/customers/mirroring). Pure.

The mark is `{rev, dirty: [{field, rev}], work: due work}` beside what is known of the record.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from crm_sync.mirroring.model import dirty_document, mirrored_from, parked_document
from inbox.mongo.due import due


def path_of(connection: str) -> str:
    """Where a connection's part of a customer lies."""
    return f"crm.{connection}"


def mark(
    connection: str,
    mapped: Collection[str],
    customer: Mapping[str, Any],
    fields: Collection[str],
    now: datetime,
) -> dict[str, Any]:
    """What to $set so that those of `fields` are pushed that the connection maps; empty for none.

    A worker that pushes right now keeps its lease: when it ends it finds what is dirty by then.
    """
    wanted = sorted(set(fields) & set(mapped))
    if not wanted:
        return {}
    found = (customer.get("crm") or {}).get(connection) or {}
    after = mirrored_from(found).marked(wanted)
    path = path_of(connection)
    marks: dict[str, Any] = {
        f"{path}.rev": after.rev,
        f"{path}.dirty": dirty_document(after.dirty),
    }
    if found.get("parked"):
        marks[f"{path}.parked"] = [parked_document(one) for one in after.parked]
    if "token" not in (found.get("work") or {}):
        marks[f"{path}.work"] = due(now)
    return marks
