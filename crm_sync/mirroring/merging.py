"""What becomes of records when customers are merged, and when a merge is undone. Pure.

The survivor keeps its record and gets the other one's where it has none. Of two records one stays
behind: `crm.<connection>.merged: [{id, synced}]` knows which, and what we wrote into it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm_sync.mirroring.marking import path_of
from crm_sync.mirroring.store import part_of
from inbox.mongo.due import due

_OF_RECORD = ("link", "synced", "wrote", "pushed_at")
"""What is about the record, and not about our edits."""


def merged(
    connection: str, survivor: Mapping[str, Any], loser: Mapping[str, Any]
) -> dict[str, Any]:
    """What to $set in the survivor; empty when the other one was never in the CRM."""
    mine, theirs = part_of(survivor, connection), part_of(loser, connection)
    behind = [*(mine.get("merged") or ()), *(theirs.get("merged") or ())]
    path, sets = path_of(connection), dict[str, Any]()
    if "link" in theirs and "link" not in mine:
        sets = {f"{path}.{name}": theirs[name] for name in _OF_RECORD if name in theirs}
    elif "link" in theirs and theirs["link"]["id"] != mine["link"]["id"]:
        behind.append({"id": theirs["link"]["id"], "synced": theirs.get("synced") or []})
    if behind and behind != mine.get("merged"):
        sets[f"{path}.merged"] = behind
    return sets


def parted(
    connection: str,
    survivor: Mapping[str, Any],
    before: Mapping[str, Any],
    loser: Mapping[str, Any],
) -> dict[str, Any]:
    """What to $set, or to $unset where it is None: the other one has its record again."""
    now, theirs = part_of(survivor, connection), part_of(loser, connection)
    if "link" not in theirs:
        return {}
    path, id_ = path_of(connection), theirs["link"]["id"]
    sets: dict[str, Any] = {}
    had = part_of(before, connection).get("link")
    if (now.get("link") or {}).get("id") == id_ and (had is None or had["id"] != id_):
        sets = {f"{path}.{name}": None for name in _OF_RECORD}
    behind = [one for one in now.get("merged") or () if one["id"] != id_]
    if behind != (now.get("merged") or []):
        sets[f"{path}.merged"] = behind or None
    return sets


def restored(
    connection: str, survivor: Mapping[str, Any], loser: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What to $set in the other one, who is back: its record is as the survivor has left it.

    A worker that was at it before the merge is not at it any more.
    """
    last, theirs = part_of(survivor, connection), part_of(loser, connection)
    if "link" not in theirs:
        return {}
    path, id_ = path_of(connection), theirs["link"]["id"]
    sets: dict[str, Any] = {f"{path}.work": due(now)}
    if (last.get("link") or {}).get("id") == id_:
        return sets | {f"{path}.{name}": last[name] for name in _OF_RECORD if name in last}
    behind = [one["synced"] for one in last.get("merged") or () if one["id"] == id_]
    return sets | {f"{path}.synced": one for one in behind[-1:]}


def left_for(connection: str, customer: Mapping[str, Any], record_id: str) -> dict[str, Any]:
    """What to $set when a customer is given another record: the one they had stays known."""
    part = part_of(customer, connection)
    if "link" not in part or part["link"]["id"] == record_id:
        return {}
    behind = {"id": part["link"]["id"], "synced": part.get("synced") or []}
    return {f"{path_of(connection)}.merged": [*(part.get("merged") or ()), behind]}
