"""What an answer of Zalo's API says: its number, its data, or that a gateway answered instead."""

from collections.abc import Mapping
from typing import Any

from channels.http import Answer
from channels.zalo.failures import MessageTooLarge, RateLimited, failure_of
from channels.zalo.limits import RATE_PAUSE
from channels.zalo.wire import elements, load_json, mapping
from inbox.ports import SendError, SendUnavailable, SendUncertain

Json = Mapping[str, Any]

_TOO_LARGE, _TOO_MANY, _CLIENT_ERRORS = 413, 429, range(400, 500)


def error_number(payload: Json) -> int | None:
    """The `error` of an answer, 0 for success; None where there is none, so it is not Zalo's."""
    error = payload.get("error")
    if isinstance(error, str) and error.removeprefix("-").isdecimal():
        return int(error)
    return error if isinstance(error, int) and not isinstance(error, bool) else None


def data_of(payload: Json) -> Json:
    """The `data` of an answer that says success; raises what its number means otherwise."""
    _raise_failure(payload)
    return mapping(payload.get("data"))


def rows_of(payload: Json) -> list[Json]:
    _raise_failure(payload)
    return [row for row in elements(payload.get("data")) if isinstance(row, dict)]


def _raise_failure(payload: Json) -> None:
    number = error_number(payload)
    if number:
        raise failure_of(number, str(payload.get("message") or ""))


def payload_of(answer: Answer) -> Json:
    """The JSON object of an answer; empty for a gateway's page."""
    try:
        return mapping(load_json(answer.body))
    except ValueError:
        return {}


def not_zalos(answer: Answer) -> SendError:
    """The answer of a gateway, by its status: below 500 Zalo never saw the request."""
    code = f"http_{answer.status}"
    if answer.status == _TOO_LARGE:
        return MessageTooLarge("gateway", platform_code=code)
    if answer.status == _TOO_MANY:
        pause_s = _seconds(answer.headers.get("retry-after")) or RATE_PAUSE.total_seconds()
        return RateLimited("gateway", retry_after_s=pause_s, platform_code=code)
    if answer.status in _CLIENT_ERRORS:
        return SendUnavailable("gateway", platform_code=code)
    return SendUncertain("gateway", platform_code=code)


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdecimal() else None
