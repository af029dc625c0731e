"""`python -m app doctor`: what is wrong, and what to do about it, in plain words."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from app.settings import Settings
from app.wiring import Service
from inbox.bots.model import UnknownAccount
from inbox.mongo.failures import is_passing
from inbox.mongo.migrations import pending
from inbox.mongo.probe import LARGEST_SKEW, answer_within, clock_skew, server_version

State = Literal["ok", "warning", "failed"]

_LAG_TO_WARN = timedelta(seconds=30)
_SEND_LAG_TO_WARN = timedelta(minutes=5)
_PARKED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    state: State
    vi: str
    en: str


async def examine(service: Service) -> list[Finding]:
    """Look at everything; a database that does not answer ends the examination."""
    findings = _secrets(service.settings)
    try:
        with answer_within(5):
            findings += await _database(service)
            findings += await _journal(service)
            findings.append(await _sends(service))
    except Exception as error:
        if not is_passing(error):
            raise
        findings.append(
            Finding("database", "failed", "Không kết nối được MongoDB.", "MongoDB does not answer.")
        )
    return findings


def _secrets(settings: Settings) -> list[Finding]:
    findings = []
    if not settings.channels.facebook.app_secrets:
        findings.append(
            Finding(
                "facebook",
                "warning",
                "Chưa có CHANNELS__FACEBOOK__APP_SECRETS: webhook Facebook bị từ chối (403).",
                "CHANNELS__FACEBOOK__APP_SECRETS is not set: Facebook webhooks are refused (403).",
            )
        )
    if not settings.channels.zalo.oa_secret_keys:
        findings.append(
            Finding(
                "zalo",
                "warning",
                "Zalo đang ở chế độ cài đặt: webhook trả lời 200 nhưng không lưu gì. "
                "Hãy đặt CHANNELS__ZALO__OA_SECRET_KEYS.",
                "Zalo is in set-up mode: webhooks answer 200 and nothing is kept. "
                "Set CHANNELS__ZALO__OA_SECRET_KEYS.",
            )
        )
    return findings


async def _database(service: Service) -> list[Finding]:
    version = await server_version(service.mongo)
    findings = [Finding("database", "ok", f"MongoDB {version}", f"MongoDB {version}")]
    skew = await clock_skew(service.mongo, service.clock.now())
    if abs(skew) > LARGEST_SKEW:
        seconds = f"{skew.total_seconds():+.1f} s"
        findings.append(
            Finding(
                "clock",
                "failed",
                f"Đồng hồ lệch {seconds} so với MongoDB. Hãy bật đồng bộ giờ (NTP).",
                f"The clock is {seconds} off MongoDB's. Turn on time synchronisation (NTP).",
            )
        )
    if waiting := await pending(service.mongo):
        findings.append(
            Finding(
                "migrations",
                "failed",
                f"Còn {len(waiting)} bước nâng cấp chưa chạy: python -m app migrate",
                f"{len(waiting)} migrations have not run: python -m app migrate",
            )
        )
    return findings


async def _journal(service: Service) -> list[Finding]:
    findings = []
    lag = await service.entries.lag()
    if lag > _LAG_TO_WARN:
        findings.append(
            Finding(
                "journal",
                "warning",
                f"Webhook cũ nhất chưa xử lý đã chờ {lag.total_seconds():.0f} giây.",
                f"The oldest unapplied webhook has been waiting {lag.total_seconds():.0f} s.",
            )
        )
    findings += [_unknown(account) for account in await service.bots.unknown_accounts()]
    return findings + await _parked(service)


async def _sends(service: Service) -> Finding:
    """Messages that wait for long, and those of which nobody knows whether they arrived."""
    waiting = await service.delivery.waiting()
    queued, doubtful = (waiting.by_status.get(one, 0) for one in ("queued", "uncertain"))
    now = service.clock.now()
    age = now - (waiting.oldest_at or now)
    if age > _SEND_LAG_TO_WARN:
        minutes = f"{age.total_seconds() / 60:.0f}"
        return Finding(
            "sends",
            "warning",
            f"{queued} tin nhắn chờ gửi, tin cũ nhất đã chờ {minutes} phút; {doubtful} tin chưa rõ "
            "đã đến khách hay chưa. Hãy xem tình trạng kết nối của các tài khoản.",
            f"{queued} messages wait to be sent, the oldest for {minutes} minutes; {doubtful} are "
            "in doubt. Look at the health of the accounts.",
        )
    return Finding(
        "sends",
        "ok",
        f"{queued} tin nhắn chờ gửi, {doubtful} tin chưa rõ đã đến khách hay chưa.",
        f"{queued} messages wait to be sent, {doubtful} are in doubt.",
    )


def _unknown(account: UnknownAccount) -> Finding:
    return Finding(
        "unknown_account",
        "warning",
        f"{account.channel} {account.account_id} gửi {account.count} webhook nhưng chưa "
        "thuộc bot nào; kết nối tài khoản này thì tin được xử lý.",
        f"{account.channel} {account.account_id} sent {account.count} webhooks and is in "
        "no bot; connect it and they are applied.",
    )


async def _parked(service: Service) -> list[Finding]:
    count = await service.entries.count_parked()
    if not count:
        return [Finding("parked", "ok", "Không có webhook bị giữ lại.", "No webhook is parked.")]
    newest = await service.entries.list_parked(after=None, limit=_PARKED_SHOWN)
    shown = "; ".join(f"{one['_id']} {one['parked']['reason']}" for one in newest)
    return [
        Finding(
            "parked",
            "warning",
            f"{count} webhook bị giữ lại ({shown}). Xử lý lại: python -m app replay --parked",
            f"{count} webhooks are parked ({shown}). Apply again: python -m app replay --parked",
        )
    ]
