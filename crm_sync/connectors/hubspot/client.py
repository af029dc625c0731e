"""How HubSpot is called: a private app's token, JSON both ways, real statuses.

The paths are those of version 3, which the dated ones (`/crm/objects/2026-03/...`) are aliases of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.http import Answer, JsonClient, raise_for
from crm_sync.connectors.hubspot.failures import error_of, limited

API = "https://api.hubapi.com"
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class HubSpotAccount:
    """Whose rights we have. `token` is that of a private app, which does not expire.

    Scopes: crm.objects.contacts.read and .write; crm.schemas.contacts.read, and .write to make
    our own property and new tags; crm.objects.owners.read where owners are mapped.

    Source: https://developers.hubspot.com/docs/guides/apps/private-apps/overview
    """

    token: str = field(repr=False)
    url: str = API


class HubSpot:
    """Calls HubSpot. Raises the errors of crm_sync/connectors/errors.py."""

    def __init__(self, account: HubSpotAccount, http: JsonClient | None = None) -> None:
        self._url = account.url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {account.token.strip()}"}
        self._http = http or JsonClient()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        return await self._call("GET", path, query=query)

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """The answer; of a batch it may hold `errors` beside `results` (status 207)."""
        return await self._call("POST", path, json=body)

    async def patch(self, path: str, body: Any) -> dict[str, Any]:
        return await self._call("PATCH", path, json=body)

    async def close(self) -> None:
        await self._http.close()

    async def _call(
        self, method: str, path: str, *, json: Any = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        answer = await self._http.ask(
            method, f"{self._url}{path}", json=json, query=query, headers=self._headers
        )
        return _result(answer)


def _result(answer: Answer) -> dict[str, Any]:
    """Raises CrmAway: that was not HubSpot; and whatever HubSpot said is wrong."""
    if (busy := limited(answer)) is not None:
        raise busy
    raise_for(answer)
    if not isinstance(answer.json, dict):
        raise CrmAway(f"http_{answer.status}_not_json")
    if answer.status >= _REFUSED:
        raise error_of(answer.status, answer.json)
    return answer.json
