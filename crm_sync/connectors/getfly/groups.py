"""Tags are groups of customers ("nhóm khách hàng"): found by name, made when they are missing.

An account's groups can only be written as a whole, so what people change between our reading and
our writing is lost; there is no way to notice.

Source: https://developer.getfly.vn/docs/6.0/customer/customer_group
"""

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from crm_sync.connectors.errors import CrmError
from crm_sync.connectors.getfly.client import GetflyApi, Row
from crm_sync.connectors.getfly.values import clean

_PATH = "/api/v6/accounts/types"
_TOLD = "id,account_type_name,account_type_code"
_RENAMED_MAX = 9


class Groups:
    """Read anew each time, as people rename them."""

    def __init__(self, api: GetflyApi) -> None:
        self._api = api
        self._making = asyncio.Lock()

    async def names(self, ids: Collection[int]) -> Mapping[int, str]:
        """Of `ids` at least; nothing is asked for none."""
        if not ids:
            return {}
        return {_id(row): str(row["account_type_name"]) for row in await self._rows()}

    async def changed(
        self, ids: Sequence[int], add: Iterable[str], remove: Iterable[str]
    ) -> list[int]:
        """The groups of an account after the change; whatever else it has stays."""
        adding, removing = [clean(one) for one in add], {clean(one) for one in remove}
        known = _by_name(await self._rows())
        gone = {id_ for name in removing for id_ in known.get(name, ())}
        kept = [id_ for id_ in ids if id_ not in gone]
        for name in adding:
            if not set(known.get(name, ())) & set(kept):
                kept.append(known[name][0] if name in known else await self._make(name))
        return kept

    async def _make(self, name: str) -> int:
        """One that we once made and people have renamed is theirs now: make another one."""
        async with self._making:
            rows = await self._rows()
            if found := _by_name(rows).get(name):
                return found[0]
            body = {"account_type_name": name, "account_type_code": _free_code(name, rows)}
            await self._api.call("POST", _PATH, body=body)
            if found := _by_name(await self._rows()).get(name):
                return found[0]  # the oldest, whoever made another one at the same time
        raise CrmError("group_not_made")

    async def _rows(self) -> list[Row]:
        rows = await self._api.rows(_PATH, {"fields": _TOLD})
        return [row for row in rows if row.get("account_type_name")]


def _free_code(name: str, rows: Iterable[Row]) -> str:
    taken = {row.get("account_type_code") for row in rows}
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    for generation in range(_RENAMED_MAX):
        code = f"INBOX_{digest}_{generation}"
        if code not in taken:
            return code
    raise CrmError("group_renamed_too_often")


def _by_name(rows: Iterable[Row]) -> dict[str, list[int]]:
    """Oldest first: people may have made a second one of the same name."""
    found: dict[str, list[int]] = {}
    for row in sorted(rows, key=_id):
        found.setdefault(str(row["account_type_name"]), []).append(_id(row))
    return found


def _id(row: Row) -> int:
    """The documents call it either way."""
    raw: Any = row.get("id") or row.get("account_type_id")
    return int(raw)
