"""Pages and the tokens for them: given through the login dialog, valid until they are killed."""

import hmac
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.demo.apps import Apps, proof
from app.demo.graph.errors import GraphError
from app.demo.world import Json, World

PERMISSIONS = (
    "pages_show_list",
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "business_management",
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
)
FIELDS = (
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_edits",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_optouts",
    "messaging_handovers",
    "standby",
    "messaging_policy_enforcement",
    "messaging_feedback",
    "messaging_customer_information",
    "messaging_account_linking",
    "feed",
    "mention",
    "name",
    "picture",
    "category",
    "description",
    "conversations",
    "inbox_labels",
    "leadgen",
    "page_upcoming_change",
    "page_change_proposal",
    "response_feedback",
    "send_cart",
    "group_feed",
)
"""What a page accepts; messaging_seen belongs to the object `instagram` and is refused."""

_CODE_LIVES = timedelta(minutes=10)
_SHORT_TOKEN_LIVES = timedelta(hours=1)
_LONG_TOKEN_LIVES = timedelta(days=60)
USER_ID = "10150000000000901"


@dataclass(slots=True)
class Page:
    """`dead` is the subcode of why its tokens up to generation `dead_up_to` are dead.

    `subscribed` are the fields that it sends webhooks for; None when the app is not subscribed.
    """

    id: str
    name: str
    instagram_id: str | None = None
    subscribed: list[str] | None = field(default_factory=lambda: list(FIELDS))
    generation: int = 1
    dead_up_to: int = 0
    dead: int = 460
    granted: bool = True


@dataclass(slots=True)
class _UserToken:
    until: datetime
    long: bool


class Pages:
    """Page tokens can be computed from the app secret, so they outlive a restart.

    `most_listed` is how many pages one answer lists at most, `declined` the permissions that the
    user left out.
    """

    def __init__(self, apps: Apps, world: World) -> None:
        self._apps = apps
        self._world = world
        self._pages: dict[str, Page] = {}
        self._codes: dict[str, tuple[str, datetime]] = {}
        self._user_tokens: dict[str, _UserToken] = {}
        self.proof_required = False
        self.most_listed = 100
        self.declined: set[str] = set()
        instagram = [one for one in world.accounts.values() if one.channel == "instagram"]
        for account in world.accounts.values():
            if account.channel == "facebook":
                self._pages[account.account_id] = Page(account.account_id, account.name)
        for page, other in zip(self._pages.values(), instagram, strict=False):
            page.instagram_id = other.account_id

    def __getitem__(self, page_id: str) -> Page:
        return self._pages[page_id]

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages.values())

    @property
    def app_id(self) -> str:
        return self._apps.facebook_app_id

    def of_account(self, account_id: str) -> Page | None:
        """The page of a page id or of an Instagram account's id."""
        for page in self._pages.values():
            if account_id in (page.id, page.instagram_id):
                return page
        return None

    def token(self, page: Page) -> str:
        """The newest token of a page; older ones stay valid beside it."""
        return self._token(page, page.generation)

    def kill(self, page_id: str, subcode: int = 460) -> None:
        """Every token that was given for this page is dead; the next login gives a new one."""
        page = self._pages[page_id]
        page.dead_up_to, page.dead = page.generation, subcode

    def kill_token(self, token: str) -> None:
        for page in self._pages.values():
            if self._generation(page, token):
                self.kill(page.id)

    def page_of(self, token: str) -> Page:
        """Whose token it is.

        Raises:
            GraphError: 190, it is nobody's or it is dead.
        """
        for page in self._pages.values():
            if generation := self._generation(page, token):
                if generation <= page.dead_up_to:
                    raise GraphError(190, page.dead)
                return page
        raise GraphError(190)

    def check_proof(self, token: str, given: str | None) -> None:
        """Raises GraphError: the proof is wrong, or missing where the app requires it."""
        if given is None:
            if self.proof_required:
                raise GraphError(
                    100, None, "API calls from the server require an appsecret_proof argument"
                )
            return
        if not hmac.compare_digest(given, proof(self._apps.facebook_app_secret, token)):
            raise GraphError(100, None, "Invalid appsecret_proof provided in the API argument")

    def new_code(self, redirect_uri: str) -> str:
        """What the login dialog gives; once, for ten minutes."""
        code = f"AQ{self._world.new_hex(40)}"
        self._codes[code] = (redirect_uri, self._world.clock.now() + _CODE_LIVES)
        return code

    def exchange(self, asked: dict[str, str]) -> Json:
        """GET oauth/access_token: a code, a short user token or the app's own credentials.

        Raises:
            GraphError: 101 for the app, 100 for the code, 190 for the token.
        """
        if asked.get("client_id") != self._apps.facebook_app_id:
            raise GraphError(101, None, "Missing client_id parameter.")
        if asked.get("client_secret") != self._apps.facebook_app_secret:
            raise GraphError(1, None, "Error validating client secret.")
        if asked.get("grant_type") == "client_credentials":
            return {"access_token": self._app_token, "token_type": "bearer"}
        if asked.get("grant_type") == "fb_exchange_token":
            self.check_user(asked.get("fb_exchange_token", ""))
            return self._new_user_token(_LONG_TOKEN_LIVES, long=True)
        redirect_uri, until = self._codes.pop(asked.get("code", ""), ("", None))
        if until is None or until <= self._world.clock.now():
            raise GraphError(100, 36009, "This authorization code has been used or has expired.")
        if redirect_uri != asked.get("redirect_uri"):
            raise GraphError(
                100,
                36008,
                "Error validating verification code. Please make sure your "
                "redirect_uri is identical to the one you used in the OAuth dialog request",
            )
        return self._new_user_token(_SHORT_TOKEN_LIVES, long=False)

    def is_user(self, token: str) -> bool:
        return token in self._user_tokens

    def check_user(self, token: str) -> None:
        """Raises GraphError: 190."""
        known = self._user_tokens.get(token)
        if known is None:
            raise GraphError(190)
        if known.until <= self._world.clock.now():
            raise GraphError(190, 463)

    def permissions(self) -> list[Json]:
        """GET me/permissions."""
        return [
            {"permission": name, "status": "declined" if name in self.declined else "granted"}
            for name in PERMISSIONS
        ]

    def listed(self, asked: dict[str, str]) -> Json:
        """GET me/accounts, page by page: `limit` entries after the one that `after` names."""
        found = self.accounts()
        limit = min(int(asked.get("limit", "25")), self.most_listed)
        begin = int(asked.get("after", "0"))
        shown = found[begin : begin + limit]
        end = begin + len(shown)
        paging: Json = {"cursors": {"before": str(begin), "after": str(end)}}
        if end < len(found):
            paging["next"] = f"https://graph.facebook.com/me/accounts?after={end}"
        return {"data": shown, "paging": paging} if shown else {"data": []}

    def accounts(self) -> list[Json]:
        """GET me/accounts: the pages that the user ticked, each with a token that works."""
        found = []
        for page in self._pages.values():
            if not page.granted:
                continue
            if page.generation <= page.dead_up_to:
                page.generation += 1
            entry: Json = {
                "access_token": self.token(page),
                "category": "Clothing store",
                "name": page.name,
                "id": page.id,
                "tasks": ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE"],
            }
            if page.instagram_id is not None:
                account = self._world.accounts[page.instagram_id]
                entry["instagram_business_account"] = {
                    "id": page.instagram_id,
                    "username": account.name,
                }
            found.append(entry)
        return found

    def debugged(self, token: str) -> Json:
        """GET debug_token: what a token is; a dead one is no error of the call."""
        data: Json = {"app_id": self._apps.facebook_app_id, "application": "Hộp thư"}
        if token in self._user_tokens:
            known = self._user_tokens[token]
            alive = known.until > self._world.clock.now()
            until = int(known.until.timestamp())
            data |= {"type": "USER", "user_id": USER_ID, "is_valid": alive, "expires_at": until}
            return data | {"scopes": self._scopes}
        data |= {"type": "PAGE", "expires_at": 0, "data_access_expires_at": 0}
        try:
            page = self.page_of(token)
        except GraphError as error:
            told = error.body()["error"]
            why = {"code": error.code, "message": told["message"], "subcode": error.subcode}
            return data | {"is_valid": False, "error": why, "scopes": []}
        return data | {
            "is_valid": True,
            "profile_id": page.id,
            "user_id": USER_ID,
            "scopes": self._scopes,
        }

    @property
    def _scopes(self) -> list[str]:
        return [name for name in PERMISSIONS if name not in self.declined]

    def is_app(self, token: str) -> bool:
        return token == self._app_token

    @property
    def _app_token(self) -> str:
        return f"{self._apps.facebook_app_id}|{self._apps.facebook_app_secret}"

    def _token(self, page: Page, generation: int) -> str:
        key = f"page token:{page.id}:{generation}".encode()
        digest = hmac.digest(self._apps.facebook_app_secret.encode(), key, "sha256")
        return f"EAA{generation}B{b32encode(digest).decode().rstrip('=')}"

    def _generation(self, page: Page, token: str) -> int:
        """Which token of the page it is; 0 when it is none."""
        for generation in range(1, page.generation + 1):
            if hmac.compare_digest(token.encode(), self._token(page, generation).encode()):
                return generation
        return 0

    def _new_user_token(self, lives: timedelta, *, long: bool) -> Json:
        token = f"EAAU{self._world.new_hex(60)}"
        self._user_tokens[token] = _UserToken(self._world.clock.now() + lives, long)
        seconds = int(lives.total_seconds())
        return {"access_token": token, "token_type": "bearer", "expires_in": seconds}
