"""The words of connecting: a flow through a login dialog, what it found, how each page ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from inbox.conversations.model import Channel
from inbox.errors import InboxError
from inbox.ids import account_key, hash_id

ConnectChannel = Literal["facebook", "zalo"]
"""Whose dialog it is; Facebook's finds Instagram accounts too."""
Stage = Literal["started", "exchanging", "ready", "failed"]
Outcome = Literal["connected", "reconnected", "subscription_failed", "belongs_to_another_bot"]


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """A page, an Instagram account or an OA that permission was given for."""

    channel: Channel
    account_id: str
    name: str
    credentials: Mapping[str, str] = field(repr=False)

    @property
    def key(self) -> str:
        return account_key(self.channel, self.account_id)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a dialog ended with. `granted_by` names who gave permission (see `granter`), where the
    platform tells; `missing` are permissions that they left out.
    """

    accounts: tuple[FoundAccount, ...]
    granted_by: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One walk through a login dialog, of one person in one browser for one bot.

    started -> exchanging (from before the call, at most until `exchange_until`) -> ready | failed;
    also started -> failed. `reason` is the code of one of channels/connecting/errors.py.
    """

    id: str
    channel: ConnectChannel
    bot_id: str
    staff_id: str
    session_id: str
    redirect_uri: str
    stage: Stage
    expires_at: datetime
    exchange_until: datetime | None = None
    reason: str | None = None
    verifier: str | None = field(default=None, repr=False)
    grant: Grant | None = field(default=None, repr=False)
    results: Mapping[str, "Result"] = field(default_factory=dict)

    def is_abandoned(self, now: datetime) -> bool:
        """Whether whoever exchanged the code died over it; the code is used up then."""
        until = self.exchange_until
        return self.stage == "exchanging" and (until is None or until <= now)


@dataclass(frozen=True, slots=True)
class Result:
    """How one chosen account ended; `reason` is why the page could not be subscribed."""

    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The bot that an account is in."""

    bot_id: str
    bot_name: str


class LoginFailed(Exception):
    """A dialog ended without a grant; `error` says why, to the person."""

    def __init__(self, error: type[InboxError]) -> None:
        super().__init__(error.code)
        self.error = error


class Login(Protocol):
    """The dialog of one platform."""

    @property
    def is_set_up(self) -> bool:
        """Whether the app's id and secret are known."""
        ...

    def dialog_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Where to send the browser. `challenge` is PKCE's, of which the verifier is kept."""
        ...

    async def complete(self, *, code: str, redirect_uri: str, verifier: str | None) -> Grant:
        """Exchange a code, which works once, for what permission was given for.

        Raises:
            LoginFailed: whatever went wrong; the person has to start again.
        """
        ...


def granter(app_scoped_id: str) -> str:
    """How a user of Meta who gave permission is remembered: a hash, enough to know them again."""
    return hash_id("meta-user", app_scoped_id)
