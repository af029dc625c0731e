"""The doors for the platforms: check the signature over the bytes, keep them, answer.

The work happens later. These routes run without any middleware: they are the hot path.
"""

import re
from dataclasses import dataclass

from aiohttp import web

from channels.facebook import signature as facebook
from channels.zalo import signature as zalo
from inbox import metrics
from inbox.errors import InboxError, Unavailable
from inbox.mongo.journal import Journal

_VERIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class FacebookSecrets:
    """App secrets newest first (all are accepted), and the token of the callback handshake."""

    app_secrets: tuple[bytes, ...] = ()
    verify_token: bytes | None = None


@dataclass(frozen=True, slots=True)
class ZaloSecrets:
    """OA secret keys newest first (all are accepted); `domain_codes` prove that we own the host."""

    app_id: str | None = None
    oa_secret_keys: tuple[bytes, ...] = ()
    domain_codes: frozenset[str] = frozenset()


class WebhookRoutes:
    """`/webhooks/facebook`, `/webhooks/zalo` and Zalo's domain page."""

    def __init__(
        self, journal: Journal, facebook_secrets: FacebookSecrets, zalo_secrets: ZaloSecrets
    ) -> None:
        self._journal = journal
        self._facebook = facebook_secrets
        self._zalo = zalo_secrets

    def register(self, app: web.Application) -> None:
        app.router.add_get("/webhooks/facebook", self.verify_facebook)
        app.router.add_post("/webhooks/facebook", self.receive_facebook)
        app.router.add_get("/webhooks/zalo", self.greet_zalo)
        app.router.add_post("/webhooks/zalo", self.receive_zalo)
        app.router.add_get("/zalo_verifier{code}.html", self.show_domain_code)

    @property
    def zalo_set_up(self) -> bool:
        """Whether Zalo's endpoint still waits for its OA secret key, keeping nothing."""
        return not self._zalo.oa_secret_keys

    async def verify_facebook(self, request: web.Request) -> web.Response:
        """Meta's handshake when the callback URL is saved: the challenge comes back as it was."""
        try:
            challenge = facebook.check_verify_token(request.query, self._facebook.verify_token)
        except InboxError as error:
            return _refusal("facebook", error)
        return web.Response(text=challenge)

    async def receive_facebook(self, request: web.Request) -> web.Response:
        """200 once the body is durable; 401 wrong signature, 403 no secret, 503 try again."""
        body = await request.read()
        try:
            facebook.check_signature(
                body, request.headers.get("X-Hub-Signature-256"), self._facebook.app_secrets
            )
            await self._journal.keep("facebook", body)
        except InboxError as error:
            return _refusal("facebook", error)
        metrics.webhooks_total.labels("facebook", "kept").inc()
        return web.Response(text="ok")

    async def greet_zalo(self, _: web.Request) -> web.Response:
        """Zalo has no handshake; a console that looks whether somebody is there sees 200."""
        return web.Response(text="ok")

    async def receive_zalo(self, request: web.Request) -> web.Response:
        """As Facebook's, but 200 with nothing kept while no OA secret key is configured.

        Zalo's console shows that key only after it has saved this URL, which takes a 200.
        """
        body = await request.read()
        if self.zalo_set_up:
            metrics.webhooks_total.labels("zalo", "dropped_in_set_up").inc()
            return web.Response(text="ok")
        try:
            zalo.check_signature(
                body,
                request.headers.get("X-ZEvent-Signature"),
                app_id=self._zalo.app_id,
                oa_secret_keys=self._zalo.oa_secret_keys,
            )
            await self._journal.keep("zalo", body)
        except InboxError as error:
            return _refusal("zalo", error)
        metrics.webhooks_total.labels("zalo", "kept").inc()
        return web.Response(text="ok")

    async def show_domain_code(self, request: web.Request) -> web.Response:
        """The page by which Zalo sees that this host is ours.

        Only configured codes, or any while the channel is being set up: otherwise anybody
        could have our host verified for their own app.
        """
        code = request.match_info["code"]
        known = code in self._zalo.domain_codes or self.zalo_set_up
        if not known or not _VERIFIER.fullmatch(code):
            raise web.HTTPNotFound
        page = (
            "<!DOCTYPE html><html><head>"
            f'<meta property="zalo-platform-site-verification" content="{code}" />'
            "</head><body></body></html>"
        )
        return web.Response(text=page, content_type="text/html")


def _refusal(channel: str, error: InboxError) -> web.Response:
    outcome = "refused" if isinstance(error, Unavailable) else error.code
    metrics.webhooks_total.labels(channel, outcome).inc()
    headers = {"Retry-After": "5"} if isinstance(error, Unavailable) else {}
    return web.Response(status=error.status, text=error.code, headers=headers)
