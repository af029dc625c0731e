"""Marks edits for one connection in the write of the edit (inbox/customers/mirroring). Pure.

The mark is `{rev, since, dirty: [{field, rev, at}], work: due work}` beside what is known of the
record; `since` is when the oldest edit was made that is not in the CRM.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from crm_sync.mirroring.model import RECORD, dirty_document, mirrored_from, parked_document
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
    return _marks(connection, customer, sorted(set(fields) & set(mapped)), now)


def mark_record(connection: str, customer: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What to $set so that the customer's record is read anew: it was changed in the CRM."""
    return _marks(connection, customer, [RECORD], now)


def mark_again(
    connection: str, paths: Collection[str], customer: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What to $set so that the record is read, and these fields are sent beside what was edited."""
    return _marks(connection, customer, [*sorted(paths), RECORD], now)


def _marks(
    connection: str, customer: Mapping[str, Any], wanted: Collection[str], now: datetime
) -> dict[str, Any]:
    if not wanted:
        return {}
    found = (customer.get("crm") or {}).get(connection) or {}
    after = mirrored_from(found).marked(wanted, now)
    path = path_of(connection)
    marks: dict[str, Any] = {
        f"{path}.rev": after.rev,
        f"{path}.dirty": dirty_document(after.dirty),
    }
    if "since" not in found:
        marks[f"{path}.since"] = now
    if found.get("parked"):
        marks[f"{path}.parked"] = [parked_document(one) for one in after.parked]
    if "token" not in (found.get("work") or {}):
        marks[f"{path}.work"] = due(now)
    return marks
