"""Owners of contacts: here an e-mail address, there an id.

Source: https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3/guide
"""

from collections.abc import Collection, Mapping

from crm_sync.connectors.errors import InvalidValue, MappingBroken
from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.hubspot.failures import NotPermitted

_OWNERS = "/crm/v3/owners"
_PAGE = 500
_MOST_PAGES = 50


class Owners:
    """Found by e-mail address, and remembered: there are few."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot
        self._emails: dict[str, str | None] = {}

    async def id_of(self, field: str, email: str) -> str:
        """Asked each time, so that whoever has left gets nothing.

        Raises:
            InvalidValue: nobody there has that address.
            MappingBroken: we may not look.
        """
        found = await self._page(field, {"email": email, "limit": str(_PAGE), "archived": "false"})
        ids = {str(one["id"]) for one in found[0] if _same(one.get("email"), email)}
        if len(ids) != 1:
            raise InvalidValue("no_such_owner" if not ids else "several_owners", fields=(field,))
        return ids.pop()

    async def emails(self, field: str, ids: Collection[str]) -> Mapping[str, str | None]:
        """Of those who have left as well. Raises MappingBroken."""
        missing = set(ids) - self._emails.keys()
        for archived in ("false", "true"):
            if missing - self._emails.keys():
                await self._read_all(field, archived)
        self._emails |= dict.fromkeys(missing - self._emails.keys())
        return self._emails

    async def _read_all(self, field: str, archived: str) -> None:
        after: str | None = None
        for _ in range(_MOST_PAGES):
            query = {"limit": str(_PAGE), "archived": archived}
            rows, after = await self._page(field, query | ({"after": after} if after else {}))
            self._emails |= {
                str(one["id"]): (one.get("email") or "").lower() or None for one in rows
            }
            if after is None:
                return

    async def _page(
        self, field: str, query: Mapping[str, str]
    ) -> tuple[list[dict[str, str | None]], str | None]:
        try:
            told = await self._hubspot.get(_OWNERS, query)
        except NotPermitted as refused:
            raise MappingBroken(refused.detail, fields=(field,)) from None
        after = ((told.get("paging") or {}).get("next") or {}).get("after")
        return told.get("results") or [], None if after is None else str(after)


def _same(theirs: str | None, ours: str) -> bool:
    return (theirs or "").lower() == ours.strip().lower()
