"""What to set so that the worker mends a customer's record; a value that will not stay is parked.

Some CRMs cut or change what is written, and a person there may undo it again and again. What is
found in the same state twice within days is written no third time. Remembered beside the rest of
the customer's part: `mended: [{field, hash, at}]`, the hash of what stood there. Pure.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crm_sync.mapping.reasons import NOT_KEPT
from crm_sync.mirroring.marking import mark, path_of
from crm_sync.mirroring.model import (
    RECORD,
    Parked,
    mirrored_from,
    parked_document,
    synced_document,
)
from crm_sync.mirroring.store import part_of
from crm_sync.reconciling.drifting import Drift

LATELY = timedelta(days=7)


def mend(
    connection: str, customer: Mapping[str, Any], drift: Drift, now: datetime
) -> dict[str, Any]:
    """What to $set; dirty are the fields that are written once more."""
    part = part_of(customer, connection)
    known, path = mirrored_from(part), path_of(connection)
    lately = [one for one in part.get("mended") or () if now - one["at"] < LATELY]
    in_vain = {
        name
        for name, synced in drift.to_write.items()
        if any((one["field"], one["hash"]) == (name, synced.theirs) for one in lately)
    }
    left = {name: one for name, one in drift.to_write.items() if name not in in_vain}
    unkept = {drift.paths[name] for name in in_vain}
    paths = {drift.paths[name] for name in left} - unkept
    dirty = paths | ({RECORD} if drift.to_read else set())
    marks = mark(connection, dirty, customer, dirty, now)
    if left:
        rows = [{"field": name, "hash": one.theirs, "at": now} for name, one in left.items()]
        marks[f"{path}.synced"] = synced_document({**known.synced, **left})
        marks[f"{path}.mended"] = [one for one in lately if one["field"] not in left] + rows
    if unkept:
        row = Parked("invalid", now, tuple(sorted(unkept)), NOT_KEPT)
        marks[f"{path}.parked"] = [parked_document(one) for one in (*known.parked, row)]
    return marks
