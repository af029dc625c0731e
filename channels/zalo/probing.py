"""Asks Zalo whether an OA can be used: its own data, read with its own token."""

from channels.watching.model import Probed
from channels.zalo.client import ZaloClient
from inbox.ports import AccountRef

_PROVES = frozenset(
    {
        "token_dead",
        "refresh_refused",
        "token_lost",
        "wrong_secret_key",
        "account_unusable",
        "app_removed",
        "app_refused",
        "app_unusable",
        "oa_unusable",
    }
)
"""Not what a send may lack besides: a package, a balance."""


class OaProbe:
    """Implements `Probe`. Its dead token is refreshed on the way, and the end of the refresh
    token is watched by channels/zalo/tokens.py.
    """

    def __init__(self, client: ZaloClient) -> None:
        self._client = client

    async def probe(self, account: AccountRef) -> Probed:
        await self._client.account_info(account.key)
        return Probed(proves=_PROVES)
