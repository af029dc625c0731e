"""One call of the inbox: what goes wrong with it, and what is told before and after its answer."""

import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from app.demo.courier import Pace
from app.demo.delivery import Delivery
from app.demo.faults import Fault, Faults, Refusal
from app.demo.webhooks import Webhooks


class Refused(Exception):
    """The platform does not do what was asked; `answer` says so in its own words."""

    status = 200

    def body(self) -> dict[str, Any]:
        raise NotImplementedError

    def answer(self) -> web.Response:
        return web.json_response(self.body(), status=self.status)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was done: the answer, the webhooks about it, and what follows for the customer.

    `message_id` decides whether the webhooks come before the answer.
    """

    body: Any
    echoes: Sequence[Delivery] = ()
    message_id: str = ""
    afterwards: Callable[[], None] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Dialect(Protocol):
    """How one platform words what goes wrong."""

    def rate_limited(self, retry_after_s: float, /) -> web.Response: ...

    def refusal(self, refusal: Refusal) -> Refused: ...

    def kill(self, token: str) -> None:
        """The token is dead from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """`operation` as fault plans name it, `subject` whom it is about, `token` that it came with."""

    operation: str
    subject: str = ""
    token: str = ""


class Exchange:
    """Does calls, or not, as the faults decide."""

    def __init__(self, faults: Faults, webhooks: Webhooks, pace: Pace, dialect: Dialect) -> None:
        self._faults = faults
        self._webhooks = webhooks
        self._pace = pace
        self._dialect = dialect

    async def answer(
        self, request: web.Request, call: Call, work: Callable[[], Accepted]
    ) -> web.StreamResponse:
        """Run `work`, which accepts the call or raises Refused, and answer if all goes well."""
        trouble = self._faults.next(call.operation, call.subject)
        try:
            if (failed := await self._before(request, call, trouble)) is not None:
                return failed
            accepted = work()
        except Refused as refused:
            return refused.answer()
        if trouble in (Fault.RESET_AFTER, Fault.SILENT_AFTER):
            self._tell(accepted)
            if trouble is Fault.SILENT_AFTER:
                await self._pace(self._faults.plan.silence_s)
            return reset(request)
        return await self._answered(request, accepted)

    async def _before(
        self, request: web.Request, call: Call, trouble: Fault | Refusal | None
    ) -> web.Response | None:
        """The answer of a call that is not even tried."""
        plan = self._faults.plan
        match trouble:
            case Refusal():
                raise self._dialect.refusal(trouble)
            case Fault.RATE_LIMITED:
                return self._dialect.rate_limited(plan.retry_after_s)
            case Fault.SERVER_ERROR:
                status = self._faults.coin("status", call.subject).choice((500, 502))
                return web.Response(status=status, text="<html><body>Error</body></html>")
            case Fault.RESET_BEFORE:
                return reset(request)
            case Fault.TOKEN_DEATH:
                self._dialect.kill(call.token)
            case Fault.STALL:
                await self._pace(plan.stall_s)
            case None | Fault.RESET_AFTER | Fault.SILENT_AFTER:
                pass
        return None

    async def _answered(self, request: web.Request, accepted: Accepted) -> web.StreamResponse:
        response = web.json_response(accepted.body, headers=accepted.headers)
        if not accepted.echoes:
            self._tell(accepted)
            return response
        if self._webhooks.echo_comes_first(accepted.message_id):
            await self._webhooks.post_first(accepted.echoes)
        else:
            with suppress(ConnectionError):  # nobody waits for the answer any more
                await response.prepare(request)
                await response.write_eof()
            if self._webhooks.echoes != "never":
                self._webhooks.post(accepted.echoes)
        if accepted.afterwards is not None:
            accepted.afterwards()
        return response

    def _tell(self, accepted: Accepted) -> None:
        if self._webhooks.echoes != "never":
            self._webhooks.post(accepted.echoes)
        if accepted.afterwards is not None:
            accepted.afterwards()


def reset(request: web.Request) -> web.Response:
    """Cut the connection: the caller sees a reset, not an orderly end."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        at_once = struct.pack("ii", 1, 0)  # linger: on, for 0 s
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        request.transport.abort()
    return web.Response(status=503)
