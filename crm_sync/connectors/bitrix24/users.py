"""Salespeople: here an e-mail address, there the id of a user.

Source: https://apidocs.bitrix24.com/api-reference/user/user-get.html
"""

from collections.abc import Collection, Mapping
from typing import Any

from crm_sync.connectors.bitrix24.client import Webhook
from crm_sync.connectors.bitrix24.failures import NO_SCOPE
from crm_sync.connectors.errors import AuthRefused, InvalidValue


class Users:
    """Found by their e-mail address, whatever its case, and remembered: there are few."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self._emails: dict[int, str] = {}

    async def id_of(self, field: str, email: str) -> int:
        """Asked each time, so that whoever has left gets nothing. Raises InvalidValue."""
        try:
            found = await self._get({"EMAIL": email, "ACTIVE": True})
        except AuthRefused as refused:
            if refused.detail in NO_SCOPE:  # the rest of the connection works
                raise InvalidValue("may_not_read_users", fields=(field,)) from None
            raise
        # the filter takes patterns, so it may find others
        ids = [int(one["ID"]) for one in found if _email(one) == email.lower()]
        if len(ids) != 1:
            raise InvalidValue("no_such_user" if not ids else "several_users", fields=(field,))
        return ids[0]

    async def emails(self, ids: Collection[int]) -> Mapping[int, str]:
        """Of those who have left as well; of nobody, if the webhook may not read users."""
        missing = sorted(set(ids) - self._emails.keys())
        if missing:
            try:
                found = await self._get({"@ID": missing})
            except AuthRefused as refused:
                if refused.detail not in NO_SCOPE:
                    raise
                found = []
            self._emails |= {int(one["ID"]): _email(one) for one in found}
        return self._emails

    async def _get(self, filter_: dict[str, Any]) -> list[dict[str, Any]]:
        """The first 50."""
        found: list[dict[str, Any]] = await self._webhook.call("user.get", FILTER=filter_)
        return found


def _email(user: Mapping[str, Any]) -> str:
    return str(user.get("EMAIL") or "").lower()
