"""How Bitrix24 is called: an inbound webhook, whose address is the secret.

Source: https://apidocs.bitrix24.com/local-integrations/local-webhooks.html
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import quote

from crm_sync.connectors.bitrix24.failures import error_of, time_of
from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.http import JsonClient, raise_for


@dataclass(frozen=True, slots=True)
class Bitrix24Account:
    """`secret` is "<user id>/<code>", the end of the webhook's address; we have that user's
    rights. The webhook needs the scopes `crm`, and `user_brief` if salespeople are mapped.
    """

    url: str
    secret: str = field(repr=False)

    @property
    def user_id(self) -> int | None:
        """Of the user whose webhook it is."""
        first = self.secret.partition("/")[0]
        return int(first) if first.isascii() and first.isdigit() else None


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is the `start` of the page after this one of 50; None: there is none."""

    result: Any
    next: int | None


class Webhook:
    """Calls methods. Raises the errors of crm_sync/connectors/errors.py."""

    def __init__(self, account: Bitrix24Account, http: JsonClient | None = None) -> None:
        self._base = f"{account.url.rstrip('/')}/rest/{quote(account.secret, safe='/')}"
        self._http = http or JsonClient()
        self._reset_at: dict[str, float] = {}
        self.zone: tzinfo = UTC
        """The portal's own offset, as its last answer told it."""

    async def call(self, method: str, **params: Any) -> Any:
        """The method's `result`."""
        return (await self.page(method, **params)).result

    async def page(self, method: str, **params: Any) -> Page:
        """The same of a method that lists."""
        answer = await self._http.ask("POST", f"{self._base}/{method}.json", json=params)
        if (known := error_of(answer, self._reset_at.get(method))) is not None:
            raise known
        raise_for(answer)
        told = answer.json
        if not isinstance(told, dict) or "result" not in told:
            raise CrmAway(f"http_{answer.status}_not_bitrix24")
        self._remember(method, told)
        return Page(told["result"], told.get("next"))

    async def close(self) -> None:
        await self._http.close()

    def _remember(self, method: str, told: dict[str, Any]) -> None:
        """A refusal for time used up does not tell itself when it ends."""
        time = time_of(told)
        if "operating_reset_at" in time:
            self._reset_at[method] = float(time["operating_reset_at"])
        if isinstance(at := time.get("date_finish"), str):
            self.zone = datetime.fromisoformat(at).tzinfo or UTC
