"""What is wrong with the installation, and what to do about it, in plain words.

`python -m app doctor` prints it, and admins read it over HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from app.settings import Settings
from inbox.bots.health.view import SentenceView
from inbox.bots.model import UnknownAccount
from inbox.bots.service import BotService
from inbox.clock import Clock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.http.routing import Routes, route
from inbox.mongo.client import Mongo
from inbox.mongo.failures import is_passing
from inbox.mongo.journal import JournalEntries
from inbox.mongo.migrations import pending
from inbox.mongo.probe import LARGEST_SKEW, answer_within, clock_skew, server_version

State = Literal["ok", "warning", "failed"]
Check = Literal[
    "facebook",
    "zalo",
    "database",
    "clock",
    "migrations",
    "journal",
    "unknown_account",
    "parked",
    "sends",
]

_LAG_TO_WARN = timedelta(seconds=30)
_SEND_LAG_TO_WARN = timedelta(minutes=5)
_PARKED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: Check
    state: State
    vi: str
    en: str


class FindingView(BaseModel):
    """One thing that was looked at; of `unknown_account` there may be several."""

    check: Check
    state: State
    text: SentenceView


class FindingsView(BaseModel):
    """In the order in which they were looked at; after a `database` that failed comes nothing."""

    at: datetime
    items: list[FindingView]


class Doctor:
    """Looks at everything and changes nothing."""

    def __init__(
        self,
        settings: Settings,
        mongo: Mongo,
        clock: Clock,
        entries: JournalEntries,
        bots: BotService,
        delivery: DeliveryStore,
    ) -> None:
        self._settings = settings
        self._mongo = mongo
        self._clock = clock
        self._entries = entries
        self._bots = bots
        self._delivery = delivery

    async def examine(self) -> list[Finding]:
        """Look at everything; a database that does not answer ends the examination."""
        findings = [_facebook(self._settings), _zalo(self._settings)]
        try:
            with answer_within(5):
                findings += await self._database()
                findings.append(_lag(await self._entries.lag()))
                findings += _unknown(await self._bots.unknown_accounts())
                findings.append(await self._parked())
                findings.append(await self._sends())
        except Exception as error:
            if not is_passing(error):
                raise
            findings.append(
                Finding(
                    "database",
                    "failed",
                    "Không kết nối được MongoDB.",
                    "MongoDB does not answer.",
                )
            )
        return findings

    async def _database(self) -> list[Finding]:
        version = await server_version(self._mongo)
        skew = await clock_skew(self._mongo, self._clock.now())
        waiting = len(await pending(self._mongo))
        return [
            Finding("database", "ok", f"MongoDB {version}", f"MongoDB {version}"),
            _skew(skew),
            _migrations(waiting),
        ]

    async def _parked(self) -> Finding:
        count = await self._entries.count_parked()
        if not count:
            return Finding("parked", "ok", "Không có webhook bị giữ lại.", "No webhook is parked.")
        newest = await self._entries.list_parked(after=None, limit=_PARKED_SHOWN)
        shown = "; ".join(f"{one['_id']} {one['parked']['reason']}" for one in newest)
        return Finding(
            "parked",
            "warning",
            f"{count} webhook bị giữ lại ({shown}). Xử lý lại: python -m app replay --parked",
            f"{count} webhooks are parked ({shown}). Apply again: python -m app replay --parked",
        )

    async def _sends(self) -> Finding:
        """Messages that wait for long, and those of which nobody knows whether they arrived."""
        waiting = await self._delivery.waiting()
        queued, doubtful = (waiting.by_status.get(one, 0) for one in ("queued", "uncertain"))
        now = self._clock.now()
        age = now - (waiting.oldest_at or now)
        if age > _SEND_LAG_TO_WARN:
            minutes = f"{age.total_seconds() / 60:.0f}"
            return Finding(
                "sends",
                "warning",
                f"{queued} tin nhắn chờ gửi, tin cũ nhất đã chờ {minutes} phút; {doubtful} tin "
                "chưa rõ đã đến khách hay chưa. Hãy xem tình trạng kết nối của các tài khoản.",
                f"{queued} messages wait to be sent, the oldest for {minutes} minutes; {doubtful} "
                "are in doubt. Look at the health of the accounts.",
            )
        return Finding(
            "sends",
            "ok",
            f"{queued} tin nhắn chờ gửi, {doubtful} tin chưa rõ đã đến khách hay chưa.",
            f"{queued} messages wait to be sent, {doubtful} are in doubt.",
        )


class DoctorRoutes(Routes):
    """What admins read instead of `python -m app doctor`."""

    def __init__(self, doctor: Doctor, clock: Clock) -> None:
        self._doctor = doctor
        self._clock = clock

    @route("GET", "/api/v1/health/checks", access="admin", tag="health")
    async def checks(self) -> FindingsView:
        """Look at everything now: what is well, what is wrong, and what to do about it."""
        at = self._clock.now()
        items = [
            FindingView(check=one.check, state=one.state, text=SentenceView(vi=one.vi, en=one.en))
            for one in await self._doctor.examine()
        ]
        return FindingsView(at=at, items=items)


def _facebook(settings: Settings) -> Finding:
    if settings.channels.facebook.app_secrets:
        return Finding(
            "facebook",
            "ok",
            "Webhook của Facebook và Instagram được kiểm tra chữ ký.",
            "Webhooks of Facebook and Instagram have their signatures checked.",
        )
    return Finding(
        "facebook",
        "warning",
        "Chưa có CHANNELS__FACEBOOK__APP_SECRETS: webhook Facebook bị từ chối (403).",
        "CHANNELS__FACEBOOK__APP_SECRETS is not set: Facebook webhooks are refused (403).",
    )


def _zalo(settings: Settings) -> Finding:
    if settings.channels.zalo.oa_secret_keys:
        return Finding(
            "zalo",
            "ok",
            "Webhook của Zalo được kiểm tra chữ ký.",
            "Webhooks of Zalo have their signatures checked.",
        )
    return Finding(
        "zalo",
        "warning",
        "Zalo đang ở chế độ cài đặt: webhook trả lời 200 nhưng không lưu gì. "
        "Hãy đặt CHANNELS__ZALO__OA_SECRET_KEYS.",
        "Zalo is in set-up mode: webhooks answer 200 and nothing is kept. "
        "Set CHANNELS__ZALO__OA_SECRET_KEYS.",
    )


def _skew(skew: timedelta) -> Finding:
    if abs(skew) > LARGEST_SKEW:
        seconds = f"{skew.total_seconds():+.1f} s"
        return Finding(
            "clock",
            "failed",
            f"Đồng hồ lệch {seconds} so với MongoDB. Hãy bật đồng bộ giờ (NTP).",
            f"The clock is {seconds} off MongoDB's. Turn on time synchronisation (NTP).",
        )
    return Finding(
        "clock",
        "ok",
        "Đồng hồ khớp với MongoDB.",
        "The clock agrees with MongoDB's.",
    )


def _migrations(waiting: int) -> Finding:
    if waiting:
        return Finding(
            "migrations",
            "failed",
            f"Còn {waiting} bước nâng cấp chưa chạy: python -m app migrate",
            f"{waiting} migrations have not run: python -m app migrate",
        )
    return Finding(
        "migrations",
        "ok",
        "Cơ sở dữ liệu đã ở phiên bản này.",
        "The database is up to date.",
    )


def _lag(lag: timedelta) -> Finding:
    if lag > _LAG_TO_WARN:
        return Finding(
            "journal",
            "warning",
            f"Webhook cũ nhất chưa xử lý đã chờ {lag.total_seconds():.0f} giây.",
            f"The oldest unapplied webhook has been waiting {lag.total_seconds():.0f} s.",
        )
    return Finding(
        "journal", "ok", "Webhook được xử lý ngay.", "Webhooks are applied as they come."
    )


def _unknown(accounts: Sequence[UnknownAccount]) -> list[Finding]:
    if not accounts:
        return [
            Finding(
                "unknown_account",
                "ok",
                "Mọi tài khoản gửi webhook đều thuộc một bot.",
                "Every account that posts webhooks is in a bot.",
            )
        ]
    return [
        Finding(
            "unknown_account",
            "warning",
            f"{account.channel} {account.account_id} gửi {account.count} webhook nhưng chưa "
            "thuộc bot nào; kết nối tài khoản này thì tin được xử lý.",
            f"{account.channel} {account.account_id} sent {account.count} webhooks and is in "
            "no bot; connect it and they are applied.",
        )
        for account in accounts
    ]
