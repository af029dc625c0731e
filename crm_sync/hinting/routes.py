"""The door for webhooks of CRMs, which runs without any middleware, as those of platforms do."""

from collections.abc import Mapping

from aiohttp import web

from crm_sync.connectors.webhook.inbound import LONGEST_BODY, HintNotSigned, read_hints
from crm_sync.hinting.reading import is_token, record_ids
from crm_sync.mapping.presets import CrmKind
from crm_sync.polling.store import PollStore
from inbox import metrics
from inbox.clock import Clock
from inbox.errors import InboxError, NotFound, TooLarge
from inbox.standard_webhooks import keys_of


class HintRoutes:
    """`kinds` and `secrets` are by connection; one without a secret takes no hints.

    CRMs of kind webhook sign as Standard Webhooks says (docs/crm-webhook.md); the others are given
    an address with `?token=` in it.
    """

    def __init__(
        self,
        polls: PollStore,
        kinds: Mapping[str, CrmKind],
        secrets: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._polls = polls
        self._kinds = kinds
        self._secrets = secrets
        self._clock = clock

    def register(self, app: web.Application) -> None:
        app.router.add_post("/webhooks/crm/{connection}", self.receive)

    async def receive(self, request: web.Request) -> web.Response:
        """200 once the records are to be read again; 401 not genuine, 404 no such connection."""
        connection = request.match_info["connection"]
        try:
            ids = await self._told(request, connection)
        except InboxError as error:
            metrics.webhooks_total.labels("crm", error.code).inc()
            return web.Response(status=error.status, text=error.code)
        await self._polls.hint(connection, ids)
        metrics.webhooks_total.labels("crm", "kept").inc()
        return web.Response(text="ok")

    async def _told(self, request: web.Request, connection: str) -> list[str]:
        kind = self._kinds.get(connection)
        if kind is None:
            raise NotFound
        if (request.content_length or 0) > LONGEST_BODY:
            raise TooLarge
        body, secret = await request.read(), self._secrets.get(connection, "")
        if kind == "webhook":
            keys = keys_of(secret) if secret else ()
            told = read_hints(request.headers, body, keys=keys, now=self._clock.now())
            return [hint.crm_id for hint in told.hints]
        if not is_token(request.query.get("token"), secret):
            raise HintNotSigned
        return record_ids(kind, body)
