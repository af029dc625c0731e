"""What an error of Bitrix24 means; told by its code, for its text is in the portal's language.

Source: https://apidocs.bitrix24.com/error-codes.html
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmBusy,
    CrmError,
    CrmUncertain,
    InvalidValue,
    RecordGone,
)
from crm_sync.connectors.http import MAX_RETRY_AFTER_S, Answer

BUCKET_S = 1.0
"""Two requests leak out of the bucket each second: https://apidocs.bitrix24.com/limits.html"""
_LIMITED, _SLOW, _DENIED = "QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", "ACCESS_DENIED"
NO_SCOPE = frozenset({"insufficient_scope", "ERROR_METHOD_NOT_FOUND"})
"""The webhook was made without a right that the method needs."""
_WAITS_FOR_A_PERSON = NO_SCOPE | {
    "OVERLOAD_LIMIT",  # a block by hand: only Bitrix24's support lifts it
    "NO_AUTH_FOUND",
    "INVALID_CREDENTIALS",
    "INVALID_REQUEST",  # not HTTPS
    "expired_token",
    "invalid_token",
    "authorization_error",
    "user_access_error",
    "allowed_only_intranet_user",
    "PORTAL_DELETED",
}
_GONE = frozenset({"NOT_FOUND", "OWNER_NOT_FOUND"})
_CODE = re.compile(r"[A-Za-z0-9_]{1,64}")
_NOT_FOUND = re.compile(r"\bnot found\b", re.IGNORECASE)
_FIELD = re.compile(r"""["'«]([A-Za-z][A-Za-z0-9_]*)["'»]""")
_BROKEN = 5


def error_of(answer: Answer, reset_at: float | None = None) -> CrmError | None:
    """None when it is no error of Bitrix24.

    Args:
        answer: `{"error": code, "error_description": text}`; the text is never repeated.
        reset_at: when the method is free again, by its last good answer, in seconds since 1970.
    """
    told = answer.json
    if not isinstance(told, dict) or "error" not in told:
        return None
    code = str(told["error"] or "")
    detail = code if _CODE.fullmatch(code) else f"http_{answer.status}"
    limit = _limit(code, detail, answer, reset_at)
    if limit is not None:
        return limit
    if code in _WAITS_FOR_A_PERSON or answer.status == HTTPStatus.UNAUTHORIZED:
        return AuthRefused(detail)
    if code == _DENIED and answer.status == HTTPStatus.FORBIDDEN:  # no commercial plan
        return AuthRefused(detail)
    if answer.status // 100 == _BROKEN:
        return CrmUncertain(detail)
    return _about_the_request(code, detail, str(told.get("error_description") or ""))


def _limit(code: str, detail: str, answer: Answer, reset_at: float | None) -> CrmError | None:
    if code == _LIMITED:
        return CrmBusy(detail, retry_after_s=answer.retry_after_s or BUCKET_S)
    if code == _SLOW:
        return CrmBusy(detail, retry_after_s=_until_reset(answer, reset_at))
    return None


def _until_reset(answer: Answer, reset_at: float | None) -> float | None:
    """By the portal's own clock: ours may be wrong."""
    time = time_of(answer.json)
    until = time.get("operating_reset_at", reset_at)
    now = time.get("finish") or _now(answer.headers)
    if answer.retry_after_s is not None or until is None or now is None:
        return answer.retry_after_s
    return min(max(float(until) - float(now), 0.0), MAX_RETRY_AFTER_S)


def time_of(told: Any) -> Mapping[str, Any]:
    """`{start, finish, date_finish, operating, operating_reset_at, …}` of an answer."""
    time = told.get("time") if isinstance(told, dict) else None
    return time if isinstance(time, dict) else {}


def _now(headers: Mapping[str, str]) -> float | None:
    try:
        now: datetime = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return now.astimezone(UTC).timestamp()


def _about_the_request(code: str, detail: str, text: str) -> CrmError:
    if code in _GONE or (not code and _NOT_FOUND.search(text)):
        return RecordGone(detail)
    return InvalidValue(detail, fields=_FIELD.findall(text)[:1])
