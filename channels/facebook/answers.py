"""Reads what Graph answers: a result, or a fault with its numbers."""

from typing import Any

import orjson

from channels.facebook.failures import GraphError, GraphFault
from channels.http import Answer, MaybeSent

JsonObject = dict[str, Any]

_OK = 200
_USAGE_HEADER = "x-business-use-case-usage"


def result_of(answer: Answer) -> JsonObject:
    """The object that Graph answered with.

    Raises:
        GraphError: it is an error, whatever its HTTP status (a 200 may hold one).
        MaybeSent: it is a 200 that is not a JSON object: nobody knows what became of the call.
    """
    payload = answer.json()
    error = payload.get("error") if isinstance(payload, dict) else None
    if isinstance(error, dict):
        raise GraphError(_fault(answer, error))
    if answer.status != _OK:
        raise GraphError(GraphFault(status=answer.status, regain_s=_regain_s(answer)))
    if not isinstance(payload, dict):
        raise MaybeSent("NotAnObject")
    return payload


def _fault(answer: Answer, error: JsonObject) -> GraphFault:
    return GraphFault(
        status=answer.status,
        code=_number(error.get("code")),
        subcode=_number(error.get("error_subcode")),
        type=_text(error.get("type")),
        transient=error.get("is_transient") is True,
        regain_s=_regain_s(answer),
        trace_id=_text(error.get("fbtrace_id")),
    )


def _regain_s(answer: Answer) -> float | None:
    """What the platform says of when to call again: Retry-After, or the usage header's minutes.

    Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers-2
    """
    retry_after = answer.headers.get("retry-after", "")
    waits = [float(retry_after)] if retry_after.isascii() and retry_after.isdecimal() else []
    try:
        usage = orjson.loads(answer.headers.get(_USAGE_HEADER, "{}"))
    except orjson.JSONDecodeError:
        usage = {}
    lists = usage.values() if isinstance(usage, dict) else ()
    for entry in (one for entries in lists if isinstance(entries, list) for one in entries):
        minutes = entry.get("estimated_time_to_regain_access") if isinstance(entry, dict) else None
        if isinstance(minutes, int | float) and not isinstance(minutes, bool) and minutes > 0:
            waits.append(minutes * 60.0)
    return max(waits, default=None)


def _number(value: Any) -> int | None:
    """Numbers come as text now and then."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
