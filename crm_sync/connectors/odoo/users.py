"""Salespeople: here an e-mail address, there an id of `res.users`, whose sign-in it is."""

from collections.abc import Collection, Mapping

from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.odoo.client import OdooTransport


class Users:
    """Found by sign-in, whatever its case, and remembered: there are few."""

    def __init__(self, odoo: OdooTransport) -> None:
        self._odoo = odoo
        self._logins: dict[int, str] = {}

    async def id_of(self, field: str, email: str) -> int:
        """Asked each time, so that whoever has left gets nothing. Raises InvalidValue."""
        pattern = literal(email)
        domain = ["|", ["login", "=ilike", pattern], ["email", "=ilike", pattern]]
        rows = await self._odoo.call(
            "res.users", "search_read", domain=domain, fields=["login"], limit=2, order="id"
        )
        if len(rows) != 1:
            raise InvalidValue("no_such_user" if not rows else "several_users", fields=(field,))
        return int(rows[0]["id"])

    async def logins(self, ids: Collection[int]) -> Mapping[int, str]:
        """Of those who have left as well."""
        if missing := sorted(set(ids) - self._logins.keys()):
            rows = await self._odoo.call(
                "res.users",
                "search_read",
                domain=[["id", "in", missing]],
                fields=["login"],
                context={"active_test": False},
            )
            self._logins |= {row["id"]: row["login"].lower() for row in rows}
        return self._logins


def literal(text: str) -> str:
    """For `=ilike`, which takes patterns."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
