"""One call of a receiver: signed, sent once, its answer read."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import orjson

from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.http import Answer, JsonClient, Timeouts
from crm_sync.connectors.webhook.edits import Said
from crm_sync.connectors.webhook.failures import error_of
from inbox.addresses import is_public
from inbox.clock import Clock
from inbox.standard_webhooks import ID, SIGNATURE, TIMESTAMP, sign

TIMEOUTS = Timeouts(total=timedelta(seconds=10))
_SUCCESS = 2
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class WebhookAccount:
    """Where a receiver is, and the keys that both sides have, newest first.

    `allow_private`: it may stand in our own network, on this machine even. Without it nothing but
    public addresses are connected to, whatever the name resolves to.
    """

    url: str
    keys: tuple[bytes, ...] = field(repr=False)
    allow_private: bool = False


class Receiver:
    """Calls one URL. Made inside the running event loop; `close` it at the end."""

    def __init__(self, account: WebhookAccount, clock: Clock, timeouts: Timeouts) -> None:
        self._account = account
        self._clock = clock
        self._http = JsonClient(
            timeouts=timeouts, may_reach=None if account.allow_private else is_public
        )

    async def call(
        self,
        kind: str,
        said: Said,
        *,
        is_repeatable: bool = False,
        sent: frozenset[str] = frozenset(),
    ) -> Any:
        """What the receiver answers: an object, {} where it has nothing to tell.

        Args:
            kind: such as "customer.updated".
            said: the other members of the body.
            is_repeatable: the same body is the same call, so it has the same id again; otherwise
                each has its own, because an older answer would be wrong.
            sent: the fields that it writes, for errors.

        Raises:
            CrmError: as failures.py and crm_sync/connectors/http.py say.
        """
        body = orjson.dumps({"type": kind, **said})
        call_id = _id_of(body) if is_repeatable else secrets.token_hex(_ID_BYTES)
        timestamp = int(self._clock.now().timestamp())
        headers = {
            ID: call_id,
            TIMESTAMP: str(timestamp),
            SIGNATURE: sign(self._account.keys, call_id, timestamp, body),
            "Idempotency-Key": call_id,
        }
        signed_bytes = orjson.Fragment(body)  # exactly these are sent
        answer = await self._http.call(
            "POST", self._account.url, json=signed_bytes, headers=headers
        )
        if answer.status // 100 != _SUCCESS:
            raise error_of(answer, sent)
        return _told_by(answer)

    async def close(self) -> None:
        await self._http.close()


def _id_of(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=_ID_BYTES).hexdigest()


def _told_by(answer: Answer) -> Any:
    """Raises CrmAway: a page of a gateway or of maintenance is no receipt, whatever its status."""
    if answer.status == HTTPStatus.NO_CONTENT or answer.size == 0:
        return {}
    if not isinstance(answer.json, dict):
        raise CrmAway(f"http_{answer.status}_not_an_object")
    return answer.json
