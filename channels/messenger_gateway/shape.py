"""Tells a program events as Meta's webhooks do, signed with a secret of its own."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson

from channels.messenger_gateway import events
from channels.messenger_gateway.choosing import pressed
from channels.messenger_gateway.errors import WebhookNotVerified
from channels.messenger_gateway.events import Json, Sides
from channels.messenger_gateway.model import app_id_of
from channels.messenger_gateway.store import GatewayStore, Party
from channels.messenger_gateway.verifying import verify_webhook
from inbox.automations.delivering.client import Outcome, ReceiverClient
from inbox.automations.delivering.shapes import absolute
from inbox.automations.model import Automation, Call, Event, Secrets
from inbox.conversations.automation import person_has
from inbox.ids import random_id
from inbox.media.links import MediaLinks, attachment_address

_SAID = frozenset({"message.received", "postback.received"})
_COPIED_KINDS = frozenset({"image", "video", "audio", "file", "sticker"})


class MessengerShape:
    """Implements Shape (inbox/automations/delivering/shapes.py) for Messenger programs."""

    def __init__(self, store: GatewayStore, links: MediaLinks, base_url: str) -> None:
        """`base_url`: where programs reach us, such as "https://chat.shop.vn"."""
        self._store = store
        self._links = links
        self._base_url = base_url

    async def call(
        self, automation: Automation, secrets: Secrets, event: Event, at: datetime
    ) -> Call | None:
        """None for what Messenger has no word for: comments, groups, tags, notes, assignees.

        While people have the conversation, what its customer says is told in `standby`, and only
        to programs that subscribed to that field, as Meta does.
        """
        party = await self._party(event)
        if party is None:
            return None
        page_id = automation.page_id or automation.bot_id
        told = await self._element(automation, party, page_id, event)
        if told is None:
            return None
        field = "messaging"
        if event.type in _SAID and person_has(party.control, at, automation.hand_back_after):
            if "standby" not in (await self._store.profile(automation.id)).subscribed:
                return None
            field = "standby"
        entry = {"id": page_id, "time": events.epoch_ms(event.at), field: [told]}
        body = orjson.dumps({"object": "page", "entry": [entry]})
        return Call(body, {"Content-Type": "application/json", **signatures(body, secrets)})

    async def check(
        self,
        client: ReceiverClient,
        automation: Automation,
        secrets: Secrets,
        at: datetime,  # noqa: ARG002 - a challenge is not signed
    ) -> Outcome:
        """As Meta does when a webhook is connected; `error` says what did not come back."""
        token = secrets.verify_token or ""
        try:
            await verify_webhook(client, automation.url, token, random_id())
        except WebhookNotVerified as error:
            return Outcome(error=error.reason)
        return Outcome(status=HTTPStatus.OK)

    async def _party(self, event: Event) -> Party | None:
        if event.conversation_id is not None:
            return await self._store.party(event.conversation_id)
        if event.customer_id is not None and event.type == "customer.followed":
            return await self._store.party_of_customer(event.customer_id, event.bot_id)
        return None

    async def _element(
        self, automation: Automation, party: Party, page_id: str, event: Event
    ) -> Json | None:
        sides = Sides(party.id, page_id, app_id_of(automation))
        match event.type:
            case "message.received" | "postback.received":
                return await self._received(automation, sides, event)
            case "message.sent":
                return self._echo(automation, sides, event)
            case "message.changed":
                return events.changed(sides, event)
            case "customer.followed":
                profile = await self._store.profile(automation.id)
                payload = (profile.fields.get("get_started") or {}).get("payload")
                return None if payload is None else events.started(sides, event, payload)
            case "conversation.automation_changed":
                return events.control_changed(sides, event)
            case _:
                return None

    async def _received(self, automation: Automation, sides: Sides, event: Event) -> Json | None:
        view = event.data["message"]
        told = await self._store.told(view["id"], automation.id)
        choice = pressed(view.get("text"), view.get("payload"), told)
        return events.received(sides, self._linked(event, told.links), choice)

    def _echo(self, automation: Automation, sides: Sides, event: Event) -> Json | None:
        """Not what the program said itself: it would take it for another's."""
        if event.data["message"]["author"].get("id") == automation.id:
            return None
        return events.echo(sides, self._linked(event, ()))

    def _linked(self, event: Event, platform_links: Sequence[str | None]) -> Event:
        """The event with links that a program can open.

        What is not copied yet is where the platform has it, as Meta tells programs as well; else
        our link leads to it some seconds later.
        """
        message: dict[str, Any] = event.data["message"]
        for position, view in enumerate(message["attachments"]):
            if view["kind"] in _COPIED_KINDS and view["url"] is None:
                link = platform_links[position] if position < len(platform_links) else None
                view["url"] = link or attachment_address(message["id"], position)
        absolute(self._links.frame(event.data), self._base_url)
        return event


def signatures(body: bytes, secrets: Secrets) -> dict[str, str]:
    """Meta's two signatures over the body; programs that are old know the first one only.

    Source: https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads
    """
    if secrets.app_secret is None:
        return {}
    key = secrets.app_secret.encode()
    old = hmac.new(key, body, hashlib.sha1).hexdigest()
    new = hmac.new(key, body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature": f"sha1={old}", "X-Hub-Signature-256": f"sha256={new}"}
