"""The door for webhooks of CRMs."""

from collections.abc import Mapping
from typing import Annotated

from aiohttp import web
from pydantic import Field

from crm_sync.connectors.webhook.inbound import (
    LONGEST_BODY,
    HintMalformed,
    HintNotSigned,
    HintTooOld,
    read_hints,
)
from crm_sync.connectors.webhook.signing import keys_of
from crm_sync.hinting.reading import is_token, record_ids
from crm_sync.mapping.presets import CrmKind
from crm_sync.polling.store import PollStore
from inbox.clock import Clock
from inbox.errors import NotFound
from inbox.http.routing import Routes, route

_Token = Annotated[str, Field(max_length=200, description="of CRMs that sign nothing")]


class HintRoutes(Routes):
    """`kinds` and `secrets` are by connection; one without a secret takes no hints."""

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

    @route(
        "POST",
        "/webhooks/crm/{connection}",
        access="public",
        tag="crm",
        request_media_type="application/json",
        max_body=LONGEST_BODY,
        problems=(NotFound, HintNotSigned, HintTooOld, HintMalformed),
    )
    async def receive(
        self, request: web.Request, connection: str, token: _Token | None = None
    ) -> None:
        """A record was changed in the CRM: it is read again soon. Safe to repeat.

        CRMs of kind webhook sign as Standard Webhooks says (docs/crm-webhook.md); the others get
        an address with `token` in it.
        """
        kind = self._kinds.get(connection)
        if kind is None:
            raise NotFound
        body = await request.read()
        secret = self._secrets.get(connection, "")
        if kind == "webhook":
            keys = keys_of(secret) if secret else ()
            told = read_hints(request.headers, body, keys=keys, now=self._clock.now())
            ids = [one.crm_id for one in told.hints]
        elif is_token(token, secret):
            ids = record_ids(kind, body)
        else:
            raise HintNotSigned
        await self._polls.hint(connection, ids)
