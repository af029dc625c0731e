"""Bots and accounts as the API shows them and takes them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from inbox.bots.health.view import HealthView, health_view
from inbox.bots.model import BotEdit, NewAccount, NewBot, SplitSettings, SplitVisibility
from inbox.bots.model import UnknownAccount as Unknown
from inbox.bots.service import BotWithAccounts
from inbox.conversations.model import Channel
from inbox.http.routing import Body
from inbox.staff.model import Actor

Name = Annotated[str, Field(max_length=200, pattern=r"\S")]
AccountId = Annotated[str, Field(max_length=128, pattern=r"^\S+$")]
MemberIds = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=1000)]
Credentials = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[str, Field(max_length=4096)],
    ],
    Field(max_length=20, description="kept encrypted, never shown again"),
]


class AccountView(BaseModel):
    """A channel account; `moved` of its conversations have followed it into this bot so far,
    null when it is not being moved.
    """

    id: str
    channel: Channel
    account_id: str
    name: str
    health: HealthView
    moved: int | None


class SplitView(BaseModel):
    """Whether new conversations are divided among the members, and who then sees which."""

    enabled: bool
    visibility: SplitVisibility


class BotView(BaseModel):
    """A bot; `version` goes into the If-Match header of an edit."""

    id: str
    name: str
    member_ids: list[str]
    accounts: list[AccountView]
    crm_sync: bool
    split: SplitView
    version: int


class NewAccountBody(Body):
    """An account that is to be connected."""

    channel: Channel
    account_id: AccountId
    name: Name
    credentials: Credentials | None = None

    def wanted(self) -> NewAccount:
        return NewAccount(
            channel=self.channel,
            account_id=self.account_id,
            name=self.name.strip(),
            credentials=self.credentials or {},
        )


class SplitBody(Body):
    """Settings of splitting; absent leaves as it is (in a new bot: off, `own_unassigned`)."""

    enabled: bool | None = None
    visibility: SplitVisibility | None = None


class NewBotBody(Body):
    """A bot that is to be made."""

    name: Name
    accounts: Annotated[list[NewAccountBody], Field(max_length=100)] = Field(default_factory=list)
    member_ids: MemberIds = Field(default_factory=list)
    crm_sync: bool = False
    split: SplitBody = SplitBody()

    def wanted(self) -> NewBot:
        split = SplitSettings()
        return NewBot(
            name=self.name,
            accounts=tuple(account.wanted() for account in self.accounts),
            member_ids=tuple(self.member_ids),
            crm_sync=self.crm_sync,
            split=SplitSettings(
                self.split.enabled or split.enabled, self.split.visibility or split.visibility
            ),
        )


class BotEditBody(Body):
    """What is to change; null or absent leaves as it is."""

    name: Name | None = None
    member_ids: MemberIds | None = None
    crm_sync: bool | None = None
    split: SplitBody | None = None

    def edit(self) -> BotEdit:
        split = self.split or SplitBody()
        return BotEdit(
            name=self.name,
            member_ids=tuple(self.member_ids) if self.member_ids is not None else None,
            crm_sync=self.crm_sync,
            split_enabled=split.enabled,
            split_visibility=split.visibility,
        )


class UnknownAccountView(BaseModel):
    """An account that posts webhooks and is in no bot; `count` bodies wait for it."""

    channel: str
    account_id: str
    count: int
    first_at: datetime
    last_at: datetime


def bot_view(found: BotWithAccounts, actor: Actor) -> BotView:
    bot, admin = found.bot, actor.at_least("admin")
    return BotView(
        id=bot.id,
        name=bot.name,
        member_ids=list(bot.member_ids),
        accounts=[
            AccountView(
                id=account.id,
                channel=account.channel,
                account_id=account.account_id,
                name=account.name,
                health=health_view(
                    account.health,
                    account.since,
                    held=found.held.get(account.id, 0),
                    admin=admin,
                ),
                moved=account.moved,
            )
            for account in found.accounts
        ],
        crm_sync=bot.crm_sync,
        split=SplitView(enabled=bot.split.enabled, visibility=bot.split.visibility),
        version=bot.version,
    )


def unknown_account_view(account: Unknown) -> UnknownAccountView:
    return UnknownAccountView(
        channel=account.channel,
        account_id=account.account_id,
        count=account.count,
        first_at=account.first_at,
        last_at=account.last_at,
    )
