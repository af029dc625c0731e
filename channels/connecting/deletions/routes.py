"""`/webhooks/facebook/deauthorize`, `/webhooks/facebook/data-deletion`, and the page behind it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated

import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel, Field

from channels.connecting.callbacks.page import HEADERS, page_of
from channels.connecting.deletions.leaving import Leaving
from channels.connecting.deletions.store import Deletion
from channels.connecting.errors import PublicUrlMissing
from channels.connecting.routes import origin_of
from channels.facebook.signed_request import read_signed_request
from inbox.errors import InboxError, NotFound, Unavailable
from inbox.http.paging import Page
from inbox.http.problems import language_of
from inbox.http.routing import Routes, read_body, route
from inbox.mongo.failures import is_passing
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

_MOST_BYTES = 16 * 1024
_TITLE = {"vi": "Yêu cầu xoá dữ liệu", "en": "Data deletion request"}
_ASKED = {"vi": "Yêu cầu {code} được nhận lúc {at} (UTC).", "en": "{code} came at {at} (UTC)."}
_STATES = {
    "erasing": {
        "vi": "Dữ liệu của bạn đang được xoá. Việc này thường mất vài phút.",
        "en": "Your data is being deleted. This usually takes some minutes.",
    },
    "needs_admin": {
        "vi": "Facebook không cho biết bạn là khách hàng nào của trang, nên một quản trị viên đang "
        "tìm và xoá dữ liệu của bạn. Hãy nhắn cho trang để được xoá nhanh hơn.",
        "en": "Facebook does not tell which customer of the page you are, so an administrator is "
        "looking for your data to delete it. Write to the page to have it done sooner.",
    },
    "done": {
        "vi": "Yêu cầu đã được xử lý xong: dữ liệu tìm thấy của bạn đã bị xoá.",
        "en": "The request is completed: what was found of your data is deleted.",
    },
}


class OpenDeletionView(BaseModel):
    """A request for which nobody could tell by machine who the person is.

    `app_scoped_id` is their id for our app at Meta: Meta's support can say more with it.
    """

    code: str
    requested_at: datetime
    app_scoped_id: str


class DeletionNotFound(NotFound):
    code = "data_deletion_not_found"
    vi = "Không có yêu cầu xoá dữ liệu nào như vậy đang chờ xử lý."
    en = "There is no such data deletion request that waits."


class DeletionRoutes(Routes):
    """What admins do about requests that could not be carried out by machine."""

    def __init__(self, leaving: Leaving) -> None:
        self._leaving = leaving

    @route("GET", "/api/v1/data-deletions", access="admin", tag="connecting")
    async def waiting(
        self, limit: Annotated[int, Field(ge=1, le=100)] = 50
    ) -> Page[OpenDeletionView]:
        """Deletion requests that wait for an admin, the oldest first."""
        return Page(
            items=[
                OpenDeletionView(
                    code=one.code, requested_at=one.requested_at, app_scoped_id=user_id
                )
                for one, user_id in await self._leaving.open(limit=limit)
            ],
            next_cursor=None,
        )

    @route(
        "POST",
        "/api/v1/data-deletions/{code}/done",
        access="admin",
        tag="connecting",
        problems=(DeletionNotFound,),
    )
    async def done(self, actor: Actor, code: str) -> None:
        """Say that the person's data is deleted, or that there is none."""
        if not await self._leaving.close(actor, code):
            raise DeletionNotFound


class LeavingRoutes:
    """Public routes without the API's middleware; Meta's posts are believed by their signature."""

    def __init__(
        self, leaving: Leaving, app_secrets: Sequence[bytes], *, public_url: str | None
    ) -> None:
        self._leaving = leaving
        self._app_secrets = app_secrets
        self._public_url = public_url

    def register(self, app: web.Application) -> None:
        app.router.add_post("/webhooks/facebook/deauthorize", _plainly(self.deauthorise))
        app.router.add_post("/webhooks/facebook/data-deletion", _plainly(self.delete))
        app.router.add_get("/data-deletion/{code}", _plainly(self.status))

    async def deauthorise(self, request: web.Request) -> web.Response:
        """200 once the accounts are marked; 401 wrong signature, 403 no secret."""
        asked = read_signed_request(await read_body(request, _MOST_BYTES), self._app_secrets)
        await self._leaving.deauthorise(asked)
        return web.Response(text="ok")

    async def delete(self, request: web.Request) -> web.Response:
        """Where the person sees what becomes of it, and their confirmation code."""
        asked = read_signed_request(await read_body(request, _MOST_BYTES), self._app_secrets)
        origin = origin_of(request, self._public_url)
        deletion = await self._leaving.delete(asked)
        answer = {
            "url": f"{origin}/data-deletion/{deletion.code}",
            "confirmation_code": deletion.code,
        }
        return web.Response(body=orjson.dumps(answer), content_type="application/json")

    async def status(self, request: web.Request) -> web.Response:
        """A page that says how far a request is; the code is all that opens it."""
        deletion = await self._leaving.find(request.match_info["code"])
        if deletion is None:
            raise NotFound
        language = language_of(request)
        return web.Response(
            text=_status_page(deletion, language),
            content_type="text/html",
            charset="utf-8",
            headers=HEADERS | {"Content-Language": language},
        )


def _status_page(deletion: Deletion, language: str) -> str:
    at = deletion.requested_at.strftime("%Y-%m-%d %H:%M")
    asked = _ASKED[language].format(code=deletion.code, at=at)
    said = _STATES[deletion.state]
    other = "en" if language == "vi" else "vi"
    sentences = [asked, said[language], said[other]]
    return page_of(_TITLE[language], sentences, language=language)


def _plainly(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Errors by their code as plain text: nobody but a platform or a curious browser sees them."""

    async def handle(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except PublicUrlMissing as error:
            log.error("app.public_url is not set, so a deletion request cannot be answered")  # noqa: TRY400 - nothing but the setting is wrong
            return _refusal(error)
        except InboxError as error:
            return _refusal(error)
        except Exception as error:
            if not is_passing(error):
                log.exception("a callback of meta failed")
                return _refusal(InboxError())
            return _refusal(Unavailable())

    return handle


def _refusal(error: InboxError) -> web.Response:
    headers = {"Retry-After": "5"} if isinstance(error, Unavailable) else {}
    return web.Response(status=error.status, text=error.code, headers=headers)
