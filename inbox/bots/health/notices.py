"""What somebody should know at the top of the inbox: accounts in trouble, a set-up not finished."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from inbox.bots.credentials.model import WORKING
from inbox.bots.health.reasons import REPLIES_WAIT, Sentence, what_to_do
from inbox.bots.health.store import HealthStore, TroubledAccount
from inbox.conversations.model import Channel
from inbox.mongo.probe import LARGEST_SKEW
from inbox.staff.model import Actor

NoticeKind = Literal[
    "account_reauth",
    "account_blocked",
    "account_expiring",
    "subscription_lost",
    "webhook_secret_missing",
    "clock_skew",
]
_SUBSCRIPTION_LOST = Sentence(
    vi="Facebook không gửi tin mới của trang này đến đây. Hệ thống đang đăng ký lại; "
    "nếu thông báo này còn, hãy kết nối lại trang.",
    en="Facebook does not send this page's news here. It is being subscribed again; if this "
    "stays, connect the page again.",
)
_SKEW = Sentence(
    vi="Đồng hồ máy chủ lệch {seconds} giây so với cơ sở dữ liệu. Hãy bật đồng bộ giờ (NTP).",
    en="The server's clock is {seconds} s off the database's. Turn on time synchronisation (NTP).",
)
_SECRETS: dict[Channel, Sentence] = {
    "facebook": Sentence(
        vi="Chưa có CHANNELS__FACEBOOK__APP_SECRETS: webhook của Facebook bị từ chối.",
        en="CHANNELS__FACEBOOK__APP_SECRETS is not set: Facebook's webhooks are refused.",
    ),
    "zalo": Sentence(
        vi="Zalo đang ở chế độ cài đặt: tin nhắn đến chưa được lưu. "
        "Hãy đặt CHANNELS__ZALO__OA_SECRET_KEYS.",
        en="Zalo is in set-up mode: incoming messages are not kept. "
        "Set CHANNELS__ZALO__OA_SECRET_KEYS.",
    ),
}
_SECRET_OF: dict[str, Channel] = {"facebook": "facebook", "instagram": "facebook", "zalo": "zalo"}

ClockSkew = Callable[[], Awaitable[timedelta]]


@dataclass(frozen=True, slots=True)
class Notice:
    """One banner; `account` is None where it is about the whole installation."""

    kind: NoticeKind
    level: Literal["error", "warning"]
    text: Sentence
    account: TroubledAccount | None = None
    channel: Channel | None = None
    held_messages: int = 0
    since: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Installation:
    """What is known of the set-up: the channels whose webhooks can be checked, the clock."""

    secrets: frozenset[Channel] = field(default_factory=frozenset)
    skew: ClockSkew | None = None


class Notices:
    """Who sees what: admins everything and what to do, others that replies of theirs wait."""

    def __init__(self, store: HealthStore, installation: Installation) -> None:
        self._store = store
        self._installation = installation

    async def of(self, actor: Actor) -> list[Notice]:
        """The most urgent first."""
        bot_ids = None if actor.sees_every_bot else actor.bot_ids
        troubled = await self._store.troubled(bot_ids)
        held = await self._store.held([one.id for one in troubled])
        admin = actor.at_least("admin")
        notices = [
            notice
            for account in troubled
            for notice in _of_account(account, held.get(account.id, 0), admin=admin)
        ]
        if admin:
            notices += await self._of_installation()
        return sorted(notices, key=lambda notice: notice.level != "error")

    async def _of_installation(self) -> Sequence[Notice]:
        notices = []
        connected = {_SECRET_OF[channel] for channel in await self._store.channels()}
        for channel in sorted(connected - self._installation.secrets):
            text = _SECRETS[channel]
            notices.append(Notice("webhook_secret_missing", "error", text, channel=channel))
        if self._installation.skew is not None:
            skew = await self._installation.skew()
            if abs(skew) > LARGEST_SKEW:
                seconds = f"{skew.total_seconds():+.1f}"
                text = Sentence(_SKEW.vi.format(seconds=seconds), _SKEW.en.format(seconds=seconds))
                notices.append(Notice("clock_skew", "error", text))
        return notices


def _of_account(account: TroubledAccount, held: int, *, admin: bool) -> Sequence[Notice]:
    health, found = account.health, []
    if health.state not in WORKING:
        found.append(
            Notice(
                "account_reauth" if health.state == "reauth" else "account_blocked",
                "error",
                what_to_do(health.reason) if admin else REPLIES_WAIT,
                account,
                account.channel,
                held_messages=held,
                since=account.since,
            )
        )
    if not admin:
        return found
    if health.state == "expiring":
        text = what_to_do(health.reason)
        since, ends_at = account.since, health.ends_at
        warning = Notice(
            "account_expiring",
            "warning",
            text,
            account,
            account.channel,
            since=since,
            ends_at=ends_at,
        )
        found.append(warning)
    if account.subscription_lost:
        found.append(
            Notice("subscription_lost", "error", _SUBSCRIPTION_LOST, account, account.channel)
        )
    return found
