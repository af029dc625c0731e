"""Refusals as the Graph API words them, and which of ours is which of Graph's.

The codes are those of Meta for the same thing, because programs act on them; our own stable code
stands beside them in `error_data`.

Source: https://developers.facebook.com/docs/messenger-platform/error-codes and
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from inbox.errors import (
    FieldError,
    InboxError,
    InvalidInput,
    NotAllowed,
    NotFound,
    SignInRequired,
    TooLarge,
    TooManyTries,
    Unavailable,
)
from inbox.ids import random_id

OAUTH = "OAuthException"


class GraphError(Exception):
    """What a call is refused with. `own` is our stable code, `status` of HTTP."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        status: int = HTTPStatus.BAD_REQUEST,
        own: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.status = int(status)
        self.message = message
        self.own = own

    def body(self) -> dict[str, Any]:
        """The JSON of the answer; `fbtrace_id` is new for each, as Meta's is."""
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.message}",
            "type": OAUTH,
            "code": self.code,
            "fbtrace_id": random_id(),
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.own is not None:
            error["error_data"] = {"code": self.own}
        if self.code in _PASSING:
            error["is_transient"] = True
        return {"error": error}


_PASSING = frozenset({2, 613})
INVALID = 100


def invalid(message: str, subcode: int | None = None) -> GraphError:
    """A parameter is missing or wrong."""
    return GraphError(INVALID, message, subcode=subcode)


def unknown_object(id_: str) -> GraphError:
    return GraphError(
        INVALID,
        f"Unsupported request. Object with ID '{id_[:100]}' does not exist, cannot be loaded due"
        " to missing permissions, or does not support this operation",
        subcode=33,
    )


def no_such_user() -> GraphError:
    return GraphError(INVALID, "No matching user found", subcode=2018001)


def bad_token(message: str = "Error validating access token") -> GraphError:
    return GraphError(190, message, status=HTTPStatus.UNAUTHORIZED)


def taken_over() -> GraphError:
    """People talk with the customer: nothing is sent, and the thread is not given back."""
    return GraphError(
        10,
        "Message failed to send because another app is controlling this thread now.",
        subcode=2018300,
        status=HTTPStatus.CONFLICT,
        own="conversation_taken_over",
    )


@dataclass(frozen=True, slots=True)
class _Graph:
    code: int
    subcode: int | None = None
    status: int = HTTPStatus.BAD_REQUEST


_WINDOW = _Graph(10, 2018278, HTTPStatus.FORBIDDEN)
_UNREACHABLE = _Graph(551, 1545041)
_TAKEN_OVER = _Graph(10, 2018300, HTTPStatus.CONFLICT)
_PRIVATE_REPLY = _Graph(10900)
_BY_CODE = {
    "window_closed": _WINDOW,
    "private_window_closed": _WINDOW,
    "conversation_taken_over": _TAKEN_OVER,
    "automation_paused": _TAKEN_OVER,
    "customer_opted_out": _UNREACHABLE,
    "channel_cannot_send": _Graph(200, 2018028, HTTPStatus.FORBIDDEN),
    "answered_privately": _PRIVATE_REPLY,
    "privately_impossible": _PRIVATE_REPLY,
    "comment_removed": _PRIVATE_REPLY,
    "upload_not_found": _Graph(INVALID, 2018074),
}
"""2018278 is Meta's for "outside of allowed window", 1545041 for a person who is not available,
10900 for a comment that was answered already, 2018074 for an attachment that is not there."""
_BY_KIND: tuple[tuple[type[InboxError], _Graph], ...] = (
    (SignInRequired, _Graph(190, None, HTTPStatus.UNAUTHORIZED)),
    (NotAllowed, _Graph(200, None, HTTPStatus.FORBIDDEN)),
    (NotFound, _Graph(INVALID, 2018001)),
    (TooLarge, _Graph(INVALID, 2018047)),
    (TooManyTries, _Graph(613, None, HTTPStatus.TOO_MANY_REQUESTS)),
    (Unavailable, _Graph(2, None, HTTPStatus.SERVICE_UNAVAILABLE)),
    (InvalidInput, _Graph(INVALID)),
)


def graph_error_of(error: InboxError) -> GraphError:
    """A refusal of ours in Graph's words."""
    graph = _BY_CODE.get(error.code)
    if graph is None:
        kinds = (one for kind, one in _BY_KIND if isinstance(error, kind))
        graph = next(kinds, _Graph(INVALID) if error.status < _OURS else _BUSY)
    own = str(error.extra().get("reason_code") or error.code)
    return GraphError(
        graph.code, error.sentence("en"), subcode=graph.subcode, status=graph.status, own=own
    )


_OURS = HTTPStatus.INTERNAL_SERVER_ERROR
_BUSY = _Graph(2, None, _OURS)


def unexpected() -> GraphError:
    """Something of ours is broken; what exactly stands in the log."""
    return GraphError(2, "Service temporarily unavailable", status=_OURS)


class WebhookNotVerified(InvalidInput):
    """The program's webhook did not give Meta's challenge back."""

    code = "webhook_not_verified"
    vi = "Webhook không trả về đúng mã xác minh. Kiểm tra lại đường dẫn và verify token."
    en = "The webhook did not give the challenge back. Check its address and the verify token."

    def __init__(self, reason: str) -> None:
        """`reason` is a stable word: unreachable, status_403, challenge."""
        super().__init__([FieldError("url", self.code, vi=self.vi, en=self.en)])
        self.reason = reason

    def extra(self) -> dict[str, Any]:
        return {"reason_code": self.reason}
