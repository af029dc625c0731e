"""How a kind of automation is told events: the request, not when or how often it is made."""

from datetime import datetime
from typing import Any, Protocol

import orjson

from inbox.automations.delivering.client import Outcome, ReceiverClient
from inbox.automations.model import Automation, Call, Event, Secrets
from inbox.conversations.view import iso
from inbox.ids import random_id
from inbox.media.links import MediaLinks
from inbox.standard_webhooks import ID, SIGNATURE, TIMESTAMP, keys_of, sign


class Shape(Protocol):
    """Makes the request that tells one event. Implemented once per kind of automation."""

    async def call(
        self, automation: Automation, secrets: Secrets, event: Event, at: datetime
    ) -> Call | None:
        """The request of an attempt at `at`; None: this kind of automation has no word for it."""
        ...

    async def check(
        self, client: ReceiverClient, automation: Automation, secrets: Secrets, at: datetime
    ) -> Outcome:
        """Whether the receiver is there and knows what it was told when it was connected."""
        ...


class StandardShape:
    """Our own form, signed by Standard Webhooks: docs/automations.md is its contract."""

    def __init__(self, links: MediaLinks, base_url: str) -> None:
        """`base_url`: where receivers reach us, such as "https://chat.shop.vn"."""
        self._links = links
        self._base_url = base_url

    async def call(
        self, automation: Automation, secrets: Secrets, event: Event, at: datetime
    ) -> Call | None:
        """Every event has a word here."""
        return _signed(
            {
                "id": event.id,
                "type": event.type,
                "at": iso(event.at),
                "automation_id": automation.id,
                "bot_id": event.bot_id,
                "conversation_id": event.conversation_id,
                "customer_id": event.customer_id,
                "sequence": event.sequence,
                "data": absolute(self._links.frame(event.data), self._base_url),
            },
            secrets,
            at,
        )

    async def check(
        self, client: ReceiverClient, automation: Automation, secrets: Secrets, at: datetime
    ) -> Outcome:
        """A `ping`, signed as every event is, that belongs to no conversation."""
        ping = {"id": random_id(), "type": "ping", "at": iso(at), "automation_id": automation.id}
        return await client.post(automation.url, _signed(ping, secrets, at))


def _signed(body: dict[str, Any], secrets: Secrets, at: datetime) -> Call:
    packed = orjson.dumps(body)
    keys = tuple(key for secret in secrets.signing for key in keys_of(secret))
    seconds = int(at.timestamp())
    headers = {
        "Content-Type": "application/json",
        ID: body["id"],
        TIMESTAMP: str(seconds),
        SIGNATURE: sign(keys, body["id"], seconds, packed),
    }
    return Call(packed, headers)


def absolute(data: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Addresses of media in an event as links from anywhere; changes `data`, and gives it back."""
    views = [
        *data.get("message", {}).get("attachments", ()),
        data.get("conversation", {}).get("customer") or {},
    ]
    for view in views:
        for name in ("url", "thumbnail_url", "avatar_url"):
            if (view.get(name) or "").startswith("/"):
                view[name] = base_url + view[name]
    return data
