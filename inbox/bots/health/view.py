"""The health of accounts as the API shows it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from inbox.bots.credentials.model import WORKING, Health, HealthState
from inbox.bots.health.notices import Notice, NoticeKind
from inbox.bots.health.reasons import REPLIES_WAIT, what_to_do
from inbox.conversations.model import Channel


class SentenceView(BaseModel):
    """One sentence in both languages."""

    vi: str
    en: str


class HealthView(BaseModel):
    """How an account is. `expiring` works and warns; `reauth` must be connected again; `blocked`
    needs something else of a person: `detail` says what. `held_messages` wait until it works.
    """

    state: HealthState
    reason: str | None = None
    detail: SentenceView | None = None
    since: datetime
    ends_at: datetime | None = None
    held_messages: int = 0


class NoticeAccount(BaseModel):
    """The account that a notice is about."""

    id: str
    bot_id: str
    channel: Channel
    account_id: str
    name: str


class NoticeView(BaseModel):
    """A banner for the top of the inbox, or of the conversations of `account`."""

    kind: NoticeKind
    level: Literal["error", "warning"]
    text: SentenceView
    account: NoticeAccount | None
    channel: Channel | None
    reason: str | None
    held_messages: int
    since: datetime | None
    ends_at: datetime | None


def health_view(health: Health, since: datetime, *, held: int, admin: bool) -> HealthView:
    detail = None
    if health.state != "ok":
        sentence = what_to_do(health.reason) if admin else REPLIES_WAIT
        if admin or health.state not in WORKING:
            detail = SentenceView(vi=sentence.vi, en=sentence.en)
    return HealthView(
        state=health.state,
        reason=health.reason,
        detail=detail,
        since=since,
        ends_at=health.ends_at,
        held_messages=held,
    )


def notice_view(notice: Notice) -> NoticeView:
    account = notice.account
    return NoticeView(
        kind=notice.kind,
        level=notice.level,
        text=SentenceView(vi=notice.text.vi, en=notice.text.en),
        account=NoticeAccount(
            id=account.id,
            bot_id=account.bot_id,
            channel=account.channel,
            account_id=account.account_id,
            name=account.name,
        )
        if account is not None
        else None,
        channel=notice.channel,
        reason=account.health.reason if account is not None else None,
        held_messages=notice.held_messages,
        since=notice.since,
        ends_at=notice.ends_at,
    )
