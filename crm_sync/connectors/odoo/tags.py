"""Tags of Odoo by their names: found, made when they are missing, never renamed by us."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from crm_sync.connectors.errors import CrmError
from crm_sync.connectors.odoo.client import OdooTransport
from crm_sync.connectors.odoo.loading import QUIET, Loader
from crm_sync.connectors.odoo.values import clean

_RENAMED_MAX = 9


class Tags:
    """The tags of one model, such as `res.partner.category`."""

    def __init__(self, odoo: OdooTransport, loader: Loader, model: str) -> None:
        self._odoo = odoo
        self._loader = loader
        self._model = model

    async def names(self, ids: Collection[int]) -> Mapping[int, str]:
        """Of those that are still there."""
        if not ids:
            return {}
        rows = await self._search([["id", "in", sorted(ids)]])
        return {row["id"]: row["name"] for row in rows}

    async def commands(self, add: Iterable[str], remove: Iterable[str]) -> list[list[Any]]:
        """For `write`: what leaves every other tag of the record alone."""
        adding, removing = [clean(one) for one in add], [clean(one) for one in remove]
        ids = await self._ids({*adding, *removing})
        commands = [[3, id_] for name in removing for id_ in ids.get(name, ())]
        for name in adding:
            known = ids.get(name)
            commands.append([4, known[0] if known else await self._make(name)])
        return commands

    async def _ids(self, names: Collection[str]) -> dict[str, list[int]]:
        """Oldest first: people may have made a second one of the same name."""
        found: dict[str, list[int]] = {}
        if names:
            for row in await self._search([["name", "in", sorted(names)]]):
                found.setdefault(row["name"], []).append(row["id"])
        return found

    async def _make(self, name: str) -> int:
        """A tag that we once made and people have renamed is theirs now: make another one."""
        digest = hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
        for generation in range(_RENAMED_MAX):
            external = self._loader.name_of("tag", f"{digest}_{generation}")
            id_ = await self._loader.find_or_make(self._model, external, {"name": name})
            if (await self.names([id_])).get(id_) == name:
                return id_
        raise CrmError("tag_renamed_too_often")

    async def _search(self, domain: list[Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await self._odoo.call(
            self._model,
            "search_read",
            domain=domain,
            fields=["name"],
            order="id",
            context=QUIET,
        )
        return rows
