"""The simulated platforms as servers: they tell profiles and serve the media of messages."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import quote

from aiohttp import web

from app.demo.accounts import account_of
from app.demo.faults import Fault, Faults
from app.demo.media import media_content, media_type
from app.demo.people import PEOPLE
from inbox.clock import Clock, SystemClock
from inbox.conversations.model import IdentityRef
from inbox.ports import Profile, ProfileRefused, ProfileUnavailable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOST = "127.0.0.1"
_MOST_KEPT_BYTES = 256 * 1024 * 1024
_HEADERS = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}


class SimulatedPlatform:
    """Implements ProfileSource for the customers of the demo; serves media at loopback.

    Profiles are told without the media server; links to media need `start`. `port` is tried
    first, and any free one is taken when it is in use. With `links_live`, links end after that
    time by `clock`, as those of Meta's CDN do (`oe` is the end in hexadecimal epoch seconds,
    `oh` signs it). What goes wrong with downloads is the operation `media` of `faults`.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        clock: Clock | None = None,
        links_live: timedelta | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.links_live = links_live
        self._faults = faults or Faults()
        self._key = secrets.token_bytes(16)
        self._clock = clock or SystemClock()
        self._uploads: dict[str, tuple[str, bytes]] = {}
        self._port = port
        self._runner: web.AppRunner | None = None
        self._people = {
            (person.channel, external_id): person
            for person in PEOPLE
            for external_id in (person.external_id, person.commenter_id)
        }
        self._asked: set[IdentityRef] = set()

    async def fetch(self, identity: IdentityRef) -> Profile:
        """The name of a customer; nobody here has an avatar.

        Raises:
            ProfileUnavailable: somebody with a slow profile is asked for the first time.
            ProfileRefused: their profile is closed, or they are nobody of the demo.
        """
        person = self._people.get((identity.channel, identity.external_id))
        if person is None or account_of(identity.channel).account_id != identity.account_id:
            raise ProfileRefused
        if person.profile == "closed":
            raise ProfileRefused
        if person.profile == "slow" and identity not in self._asked:
            self._asked.add(identity)
            raise ProfileUnavailable
        return Profile(name=person.name)

    async def start(self) -> None:
        """Serve the media."""
        application = web.Application(middlewares=[self._go_wrong])
        application.router.add_get("/media/{name}", self._serve)
        application.router.add_get("/uploads/{key}/{name}", self._serve_upload)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        self._runner = runner
        try:
            await web.TCPSite(runner, _HOST, self._port).start()
        except OSError:  # somebody else has taken it: older links to media are lost
            await web.TCPSite(runner, _HOST, 0).start()
        self._port = runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def base_url(self) -> str:
        return f"http://{_HOST}:{self._port}"

    def media_url(self, name: str) -> str:
        """Where the file called `name` is served; links in messages keep working as long."""
        return self._url(f"media/{quote(name)}")

    def keep(self, name: str, mime: str, content: bytes) -> str:
        """Serve `content` from now on, until there is too much of it; its address."""
        key = hashlib.blake2b(content, digest_size=10).hexdigest()
        self._uploads[key] = (mime, content)
        while sum(len(kept) for _, kept in self._uploads.values()) > _MOST_KEPT_BYTES:
            del self._uploads[next(iter(self._uploads))]
        return self._url(f"uploads/{key}/{quote(name.rpartition('/')[2] or 'file', safe='')}")

    def _url(self, path: str) -> str:
        url = f"{self.base_url}/{path}"
        if self.links_live is None:
            return url
        end = f"{int((self._clock.now() + self.links_live).timestamp()):X}"
        return f"{url}?oh={self._signature(path, end)}&oe={end}"

    def _signature(self, path: str, end: str) -> str:
        signed = f"{path}?{end}".encode()
        return hashlib.blake2b(signed, key=self._key, digest_size=8).hexdigest()

    @web.middleware
    async def _go_wrong(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Half an answer and a cut line, an error of the server, or what was asked for."""
        trouble = self._faults.next("media", request.path)
        if trouble is Fault.SERVER_ERROR:
            return web.Response(status=500)
        if trouble is Fault.RATE_LIMITED:
            retry_after = f"{self._faults.plan.retry_after_s:.0f}"
            return web.Response(status=429, headers={"Retry-After": retry_after})
        answer = await handler(request)
        assert request.transport is not None
        if trouble is Fault.RESET_BEFORE:
            request.transport.abort()
        if trouble is Fault.RESET_AFTER and isinstance(answer, web.Response):
            body = answer.body
            assert isinstance(body, bytes)
            half = web.StreamResponse(headers={"Content-Length": str(len(body))})
            await half.prepare(request)
            await half.write(body[: len(body) // 2])
            request.transport.close()
            return half
        return answer

    async def _serve(self, request: web.Request) -> web.Response:
        self._check_end(request)
        name = request.match_info["name"]
        kind = media_type(name)
        if kind is None:
            raise web.HTTPNotFound
        return web.Response(body=media_content(name), content_type=kind, headers=_HEADERS)

    async def _serve_upload(self, request: web.Request) -> web.Response:
        self._check_end(request)
        found = self._uploads.get(request.match_info["key"])
        if found is None:
            raise web.HTTPNotFound
        mime, content = found
        return web.Response(body=content, headers={**_HEADERS, "Content-Type": mime})

    def _check_end(self, request: web.Request) -> None:
        """Raises HTTPForbidden: the link has ended, or was altered."""
        end = request.query.get("oe")
        if end is None:
            return
        signature = self._signature(request.raw_path[1:].partition("?")[0], end)
        if signature != request.query.get("oh") or int(end, 16) <= self._clock.now().timestamp():
            raise web.HTTPForbidden(text="URL signature expired")
