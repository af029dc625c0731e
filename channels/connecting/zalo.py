"""Zalo's permission page, version 4 with PKCE: from its code to the OA and its pair of tokens.

Source: https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new
"""

from urllib.parse import urlencode

from channels.config import ZaloConfig
from channels.connecting.errors import AppRefused, CodeRefused, PlatformSilent
from channels.connecting.model import FoundAccount, Grant, LoginFailed
from channels.zalo.answers import Json
from channels.zalo.client import ZaloApi
from channels.zalo.failures import TokenDead
from channels.zalo.oauth import GrantRefused, TokenPair, ZaloOAuth
from channels.zalo.wire import optional_id, optional_text
from inbox.clock import Clock
from inbox.ports import SendError, SendUnavailable, SendUncertain

_TRIES = 3
"""To ask whose a new pair is: without an answer the pair, and with it the old one, is lost."""


class ZaloLogin:
    """Implements Login of channels/connecting/model.py."""

    def __init__(self, oauth: ZaloOAuth, api: ZaloApi, config: ZaloConfig, clock: Clock) -> None:
        self._oauth = oauth
        self._api = api
        self._config = config
        self._clock = clock

    @property
    def is_set_up(self) -> bool:
        return bool(self._config.app_id and self._config.app_secret)

    def dialog_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """`redirect_uri` must be the one that the console knows, or Zalo says -14003."""
        asked = {
            "app_id": self._config.app_id or "",
            "redirect_uri": redirect_uri,
            "state": state,
        }
        if self._config.pkce:
            asked["code_challenge"] = challenge
        return f"{self._config.oauth_url.rstrip('/')}/v4/oa/permission?{urlencode(asked)}"

    async def complete(self, *, code: str, redirect_uri: str, verifier: str | None) -> Grant:
        """The OA whose admin agreed. Its access token so far is dead from now on.

        Raises:
            LoginFailed: the code, the app or Zalo is in the way.
        """
        del redirect_uri  # Zalo compares it in the dialog
        try:
            pair = await self._oauth.exchange(code, verifier if self._config.pkce else None)
        except GrantRefused as error:
            raise LoginFailed(CodeRefused if error.final else AppRefused) from error
        except (SendUnavailable, SendUncertain) as error:
            raise LoginFailed(PlatformSilent) from error
        return Grant((self._found(await self._owner(pair), pair),))

    async def _owner(self, pair: TokenPair) -> Json:
        """Whose the pair is: what the callback says of it could be anybody's invention."""
        for left in reversed(range(_TRIES)):
            try:
                return await self._api.account_info(pair.access_token)
            except SendUnavailable as error:
                if not left:
                    raise LoginFailed(PlatformSilent) from error
            except TokenDead as error:
                raise LoginFailed(CodeRefused) from error
            except SendError as error:
                raise LoginFailed(AppRefused) from error
        raise AssertionError("unreachable")

    def _found(self, owner: Json, pair: TokenPair) -> FoundAccount:
        oa_id = oa_id_of(owner)
        if oa_id is None:
            raise LoginFailed(PlatformSilent)
        name = optional_text(owner.get("name")) or oa_id
        return FoundAccount("zalo", oa_id, name, pair.credentials(self._clock.now()))


def oa_id_of(owner: Json) -> str | None:
    """The id in an answer of getoa, which has had two names."""
    return optional_id(owner.get("oaid")) or optional_id(owner.get("oa_id"))
