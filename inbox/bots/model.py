"""A bot: one project with its people, its channel accounts and its settings."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from inbox.bots.credentials.model import Health
from inbox.conversations.model import Channel
from inbox.ids import account_key

SplitVisibility = Literal["own", "own_unassigned", "all"]


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """Whether new conversations are divided among the members, and who then sees which."""

    enabled: bool = False
    visibility: SplitVisibility = "own_unassigned"


@dataclass(frozen=True, slots=True)
class Bot:
    """`version` grows with every change; `field_versions` tell in which one a field changed."""

    id: str
    name: str
    member_ids: tuple[str, ...]
    crm_sync: bool
    split: SplitSettings
    created_at: datetime
    version: int
    field_versions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """A page, an Instagram account or a Zalo OA; it is in exactly one bot.

    `id` is the account key; `since` is when its health became what it is. `moved`: so many of
    its conversations have followed it into this bot, None when all have.
    """

    id: str
    channel: Channel
    account_id: str
    bot_id: str
    name: str
    health: Health
    since: datetime
    moved: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account that is to be connected. `credentials` are sealed before they are kept.

    `granted_by` names who gave permission at the platform, where that is known: a hash.
    """

    channel: Channel
    account_id: str
    name: str
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    simulated: bool = False
    granted_by: str | None = None

    @property
    def key(self) -> str:
        return account_key(self.channel, self.account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBot:
    """A bot that is to be made."""

    name: str
    accounts: tuple[NewAccount, ...] = ()
    member_ids: tuple[str, ...] = ()
    crm_sync: bool = False
    split: SplitSettings = SplitSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class BotEdit:
    """What is to change; None leaves as it is."""

    name: str | None = None
    member_ids: tuple[str, ...] | None = None
    crm_sync: bool | None = None
    split_enabled: bool | None = None
    split_visibility: SplitVisibility | None = None


@dataclass(frozen=True, slots=True)
class UnknownAccount:
    """An account that posted webhooks and is in no bot; what it sent waits for it."""

    channel: str
    account_id: str
    count: int
    first_at: datetime
    last_at: datetime
