"""Errors as problem documents (RFC 9457), in Vietnamese or in English."""

import re
import traceback
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ConfigDict, Field

from inbox.errors import (
    BadRequest,
    InboxError,
    InvalidInput,
    NotFound,
    SignInRequired,
    TooLarge,
    TooManyTries,
    Unavailable,
)
from inbox.ids import random_id
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
DEFAULT_LANGUAGE = "vi"
_LANGUAGES = ("vi", "en")
_WEIGHTED = re.compile(r"^([a-zA-Z]{1,8})[-\w]*(?:\s*;\s*q=([01](?:\.\d{0,3})?))?$")
_RETRY_SOON_S = 2


class MalformedJson(BadRequest):
    """The body is not JSON."""

    code = "malformed_json"
    vi = "Nội dung gửi lên không phải là JSON hợp lệ."
    en = "The request body is not valid JSON."


class MethodNotAllowed(InboxError):
    code = "method_not_allowed"
    status = 405
    vi = "Thao tác này không được hỗ trợ ở địa chỉ này."
    en = "This address does not support that method."


class ProblemField(BaseModel):
    """One wrong field: its JSON path, a stable code and a sentence for the user."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """What went wrong. `code` is stable; `detail` is a sentence in the language asked for."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemField] = Field(default_factory=list)


def language_of(request: web.BaseRequest) -> str:
    """The language to answer in: "en" when it is asked for before Vietnamese, else "vi"."""
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in request.headers.get("Accept-Language", "").split(","):
        match = _WEIGHTED.match(part.strip())
        if match is None or match[1].lower() not in _LANGUAGES:
            continue
        weight = float(match[2] or 1)
        if weight > best_weight:
            best, best_weight = match[1].lower(), weight
    return best


def problem_response(
    error: InboxError, language: str, *, headers: dict[str, str] | None = None, **members: Any
) -> web.Response:
    """`error` as a problem document; `members` are added to it."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.sentence(language),
        "errors": _fields(error, language),
        **error.extra(),
        **members,
    }
    return web.Response(
        status=error.status,
        body=orjson.dumps(document),
        content_type=PROBLEM_TYPE,
        headers=_headers(error, language) | (headers or {}),
    )


def _fields(error: InboxError, language: str) -> list[dict[str, str]]:
    if not isinstance(error, InvalidInput):
        return []
    return [
        {"field": wrong.field, "code": wrong.code, "message": getattr(wrong, language)}
        for wrong in error.errors
    ]


def _headers(error: InboxError, language: str) -> dict[str, str]:
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": language,
        "X-Content-Type-Options": "nosniff",
    }
    if isinstance(error, SignInRequired):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyTries):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(_RETRY_SOON_S)
    return headers


def problems_middleware() -> Middleware:
    """Answer every error below it with a problem document; nobody sees a stack trace."""

    @web.middleware
    async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except InboxError as error:
            return problem_response(error, language_of(request))
        except web.HTTPException as error:
            return _from_aiohttp(error, request)
        except ConnectionResetError:
            raise  # the client went away: there is nobody to answer
        except Exception as error:  # noqa: BLE001 - the last place that can answer; it logs
            return _unexpected(error, request)

    return answer_problems


def _from_aiohttp(error: web.HTTPException, request: web.Request) -> web.StreamResponse:
    """Errors of aiohttp itself (no such path, wrong method, body too large) as problems."""
    language = language_of(request)
    if isinstance(error, web.HTTPMethodNotAllowed):
        allow = {"Allow": ", ".join(sorted(error.allowed_methods))}
        return problem_response(MethodNotAllowed(), language, headers=allow)
    if isinstance(error, web.HTTPNotFound):
        return problem_response(NotFound(), language)
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return problem_response(TooLarge(), language)
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error  # a redirect is an answer, not a problem
    return problem_response(BadRequest(), language)


def _unexpected(error: Exception, request: web.Request) -> web.Response:
    if is_passing(error):
        log.warning("database is not reachable", error=type(error).__name__, route=_route(request))
        return problem_response(Unavailable(), language_of(request))
    error_id = random_id()
    # Not the message of the error: it may hold what a customer wrote.
    log.error(
        "request failed",
        error_id=error_id,
        error=type(error).__name__,
        route=_route(request),
        frames=stack_of(error),
    )
    return problem_response(InboxError(), language_of(request), error_id=error_id)


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else '?'}"


def stack_of(error: BaseException) -> list[str]:
    """Where `error` came from, innermost last: file, line and function, and no value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
