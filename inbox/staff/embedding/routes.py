"""The HTTP of the sidebar inside other products' frames."""

from collections.abc import Collection
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from inbox.errors import Conflict, NotAllowed
from inbox.http.authenticating import csrf_token
from inbox.http.cookies import keep_framed_session
from inbox.http.proxies import client_address, is_https
from inbox.http.routing import Body, Routes, json_answer, route
from inbox.staff.embedding.service import HandoverInvalid, Handovers
from inbox.staff.me.devices import device_of
from inbox.staff.model import Actor
from inbox.staff.view import SignedInView, staff_view


class EmbeddingNeedsHttps(Conflict):
    """Browsers keep the cookie of a frame in another site over HTTPS alone."""

    code = "embedding_needs_https"
    vi = "Chỉ có thể đăng nhập trong khung nhúng khi hộp thư chạy trên HTTPS."
    en = "Signing in inside a frame needs the inbox to be served over HTTPS."


class EmbeddingOff(NotAllowed):
    """No origin may show the sidebar in a frame."""

    code = "embedding_off"
    vi = "Hộp thư này không cho phép nhúng vào trang khác."
    en = "This inbox may not be shown in frames of other pages."


class EmbeddingView(BaseModel):
    """`origins` may show /sidebar in a frame and tell it whom to show; `secure`: over HTTPS."""

    origins: list[str]
    secure: bool


class HandoverView(BaseModel):
    """A code for the frame; good for a minute and for one sign-in."""

    code: str


class HandoverBody(Body):
    """What the pop-up has handed over."""

    code: Annotated[str, Field(max_length=100)]


class EmbeddingRoutes(Routes):
    """What the page in the frame, and the pop-up that it opens, ask for."""

    def __init__(self, handovers: Handovers, origins: Collection[str]) -> None:
        self._handovers = handovers
        self._origins = tuple(origins)

    @route("GET", "/api/v1/embedding", access="public", tag="embedding")
    async def settings(self, request: web.Request) -> EmbeddingView:
        """Which pages may embed the sidebar; their browsers are told the same in a header."""
        return EmbeddingView(origins=list(self._origins), secure=is_https(request))

    @route(
        "POST",
        "/api/v1/session/handover",
        access="staff",
        tag="embedding",
        status=201,
        problems=(EmbeddingOff, NotAllowed),
    )
    async def hand_over(self, actor: Actor) -> HandoverView:
        """For the pop-up: a code by which the frame that opened it signs in."""
        self._check_on()
        return HandoverView(code=await self._handovers.make(actor))

    @route(
        "POST",
        "/api/v1/session/embedded",
        access="public",
        tag="embedding",
        answer=SignedInView,
        problems=(EmbeddingOff, EmbeddingNeedsHttps, HandoverInvalid),
    )
    async def sign_in_framed(self, request: web.Request, body: HandoverBody) -> web.Response:
        """For the frame: sign in with the code; sets a cookie of this frame's site alone."""
        self._check_on()
        if not is_https(request):
            raise EmbeddingNeedsHttps
        device = device_of(request.headers.get("User-Agent", ""))
        signed_in = await self._handovers.use(body.code, client_address(request), device)
        secret = signed_in.session_secret
        response = json_answer(
            SignedInView(staff=staff_view(signed_in.staff), csrf_token=csrf_token(secret))
        )
        keep_framed_session(response, secret)
        return response

    def _check_on(self) -> None:
        if not self._origins:
            raise EmbeddingOff
