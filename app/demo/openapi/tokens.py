"""Access tokens that expire, and refresh tokens that work once: the OAuth of Zalo OAs.

Source: https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from app.demo.apps import Apps, proof
from app.demo.openapi.errors import OAuthError, ZaloError
from app.demo.world import Json, World

ACCESS_TOKEN_LIVES = timedelta(hours=25)
_REFRESH_TOKEN_LIVES = timedelta(days=90)
_CODE_LIVES = timedelta(minutes=10)


@dataclass(slots=True)
class Pair:
    """The living tokens of an OA; times are epoch seconds."""

    access: str
    access_until: float
    refresh: str
    refresh_until: float

    def credentials(self) -> dict[str, str]:
        """As the inbox keeps them."""
        return {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "expires_at": _moment(self.access_until),
            "refresh_expires_at": _moment(self.refresh_until),
        }


@dataclass(frozen=True, slots=True)
class _Code:
    oa_id: str
    challenge: str
    until: datetime


class Tokens:
    """One living pair for each OA; the one before is dead at once.

    `lives` is how long access tokens work (25 h at Zalo). `refreshes` counts, for each OA, how
    often a refresh token was exchanged.
    """

    def __init__(self, apps: Apps, world: World, seed: int) -> None:
        self.lives = ACCESS_TOKEN_LIVES
        self.refreshes: Counter[str] = Counter()
        self.refused_refreshes: Counter[str] = Counter()
        self.on_change: Callable[[], None] | None = None
        self.callback: str | None = None
        self._apps = apps
        self._world = world
        self._seed = seed
        self._codes: dict[str, _Code] = {}
        self._pairs: dict[str, Pair] = {}
        self._known: dict[str, str] = {}
        for account in world.accounts.values():
            if account.channel == "zalo":
                self._pairs[account.account_id] = self._first(account.account_id)

    @property
    def oa_ids(self) -> list[str]:
        return list(self._pairs)

    def pair(self, oa_id: str) -> Pair:
        return self._pairs[oa_id]

    def expire(self, oa_id: str) -> None:
        """The access token of an OA is too old from now on."""
        self._pairs[oa_id].access_until = 0
        self._changed()

    def kill(self, oa_id: str) -> None:
        """Both tokens are dead: the OA has taken the app's rights away."""
        self._pairs[oa_id].refresh_until = 0
        self.expire(oa_id)

    def revive(self, oa_id: str) -> Pair:
        """Give an OA a new pair, as its admin does in Zalo's API explorer."""
        return self._new_pair(oa_id)

    def oa_of(self, token: str, given_proof: str | None) -> str:
        """Whose living access token it is.

        Raises:
            ZaloError: -216 it is nobody's; -220 it was replaced or is too old; -242 its proof.
        """
        oa_id = self._known.get(token)
        if oa_id is None:
            raise ZaloError(-216)
        pair = self._pairs[oa_id]
        if token != pair.access or pair.access_until <= self._now:
            raise ZaloError(-220)
        if given_proof is not None and not hmac.compare_digest(
            given_proof, proof(self._apps.zalo_app_secret, token)
        ):
            raise ZaloError(-242)
        return oa_id

    def check_consent(self, asked: Mapping[str, str]) -> None:
        """What the permission page checks before it shows anything.

        Raises:
            OAuthError: -14002 another app; -14003 another callback than the registered one.
        """
        if asked.get("app_id") != self._apps.zalo_app_id:
            raise OAuthError(-14002)
        redirect_uri = asked.get("redirect_uri", "")
        if not redirect_uri or self.callback not in (None, redirect_uri):
            raise OAuthError(-14003)

    def new_code(self, oa_id: str, challenge: str) -> str:
        """What the browser carries back after the admin agreed; once, for ten minutes."""
        code = self._world.new_hex(40)
        self._codes[code] = _Code(oa_id, challenge, self._world.clock.now() + _CODE_LIVES)
        return code

    def exchange(self, asked: Mapping[str, str], app_secret: str) -> Json:
        """POST /v4/oa/access_token: a code or a refresh token for a new pair.

        Raises:
            OAuthError: -14014, -118 or -14002.
        """
        if asked.get("app_id") != self._apps.zalo_app_id:
            raise OAuthError(-14002)
        if not hmac.compare_digest(app_secret.encode(), self._apps.zalo_app_secret.encode()):
            raise OAuthError(-14002, "secret_key is invalid")
        if asked.get("grant_type") == "authorization_code":
            oa_id = self._oa_of_code(asked)
        elif asked.get("grant_type") == "refresh_token":
            oa_id = self._oa_of_refresh_token(asked.get("refresh_token", ""))
        else:
            raise OAuthError(-118)
        pair = self._new_pair(oa_id)
        return {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_in": str(int(self.lives.total_seconds())),
        }

    def dump(self) -> Json:
        """The pairs and every token that was ever given, to be kept over a restart."""
        pairs = {oa_id: asdict(pair) for oa_id, pair in self._pairs.items()}
        return {"pairs": pairs, "known": self._known}

    def load(self, kept: Json) -> None:
        for oa_id, pair in kept["pairs"].items():
            if oa_id in self._pairs:
                self._pairs[oa_id] = Pair(**pair)
        self._known |= kept["known"]

    def _oa_of_code(self, asked: Mapping[str, str]) -> str:
        code = self._codes.pop(asked.get("code", ""), None)
        if code is None or code.until <= self._world.clock.now():
            raise OAuthError(-118, "Authorization code was used or expired")
        verifier = asked.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = urlsafe_b64encode(digest).decode().rstrip("=")
        if code.challenge and not hmac.compare_digest(challenge, code.challenge):
            raise OAuthError(-118, "code_verifier does not match")
        return code.oa_id

    def _oa_of_refresh_token(self, token: str) -> str:
        for oa_id, pair in self._pairs.items():
            if token and token == pair.refresh and pair.refresh_until > self._now:
                self.refreshes[oa_id] += 1
                return oa_id
        self.refused_refreshes[self._known.get(token, "")] += 1
        raise OAuthError(-14014, "Refresh token was used or expired")

    def _first(self, oa_id: str) -> Pair:
        """Always the same for the same app, so that an inbox can be set up beforehand."""
        key = self._apps.zalo_app_secret.encode()
        words = [
            hmac.digest(key, f"{self._seed}:{name}:{oa_id}".encode(), "sha256").hex()
            for name in ("access", "refresh")
        ]
        return self._remember(oa_id, *words)

    def _new_pair(self, oa_id: str) -> Pair:
        pair = self._remember(oa_id, self._world.new_hex(60), self._world.new_hex(60))
        self._pairs[oa_id] = pair
        self._changed()
        return pair

    def _remember(self, oa_id: str, access: str, refresh: str) -> Pair:
        pair = Pair(
            access=f"at-{access}",
            access_until=self._now + self.lives.total_seconds(),
            refresh=f"rt-{refresh}",
            refresh_until=self._now + _REFRESH_TOKEN_LIVES.total_seconds(),
        )
        self._known |= {pair.access: oa_id, pair.refresh: oa_id}
        return pair

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    @property
    def _now(self) -> float:
        return self._world.clock.now().timestamp()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
