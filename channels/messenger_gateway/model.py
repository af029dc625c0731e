"""The words of the gateway: whom a thread is with, what a call asks, what it needs of others."""

import hashlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from channels.messenger_gateway.errors import invalid
from inbox.automations.delivering.store import Receiver
from inbox.automations.model import Automation
from inbox.media.source import MediaStream
from inbox.staff.model import Actor

PAGE_INBOX_APP = "263902037430900"
"""Meta's own inbox: what people of the shop write is told as written there, so that programs
know that a person answered. Source: https://developers.facebook.com/docs/messenger-platform/handover-protocol/conversation-control"""
_MID = "m_"


def mid_of(message_id: str) -> str:
    """A message of ours as programs name it: one word for webhooks, echoes and answers."""
    return f"{_MID}{message_id}"


def message_id_of(mid: str) -> str:
    """Our id of a message; what was never ours is an id that nothing has."""
    return mid.removeprefix(_MID)


def app_id_of(automation: Automation) -> str:
    """A number in the place of Meta's app id: 15 digits, always the same."""
    digest = hashlib.blake2b(automation.id.encode(), digest_size=8).digest()
    return str(10**14 + int.from_bytes(digest) % (9 * 10**14))


@dataclass(frozen=True, slots=True)
class GraphCall:
    """One call of the Graph API, whoever made it.

    `path` is without the version; `fields` are query, form and JSON together, values as they
    came. `upload_id` is the file of a form, kept already. `key` names the call; `repeatable`: the
    program chose it, so the same call may come again.
    """

    method: str
    path: tuple[str, ...]
    fields: Mapping[str, Any] = field(repr=False)
    actor: Actor
    automation: Automation
    key: str
    upload_id: str | None = None
    repeatable: bool = False

    @property
    def page_id(self) -> str:
        return self.automation.page_id or self.automation.bot_id

    def given(self, name: str) -> Any:
        """A field; JSON inside a form or query is read, other text stays as it is."""
        value = self.fields.get(name)
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError as error:
                raise invalid(f"param {name} must be valid JSON.") from error
        return value

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """A field that is an object, or is not there."""
        value = self.given(name)
        if value is None or isinstance(value, Mapping):
            return value
        raise invalid(f"param {name} must be a JSON object.")

    def text(self, name: str) -> str | None:
        """A field that is text, or is not there."""
        value = self.fields.get(name)
        return None if value is None else str(value)

    def names(self, name: str) -> list[str]:
        """A list of words: JSON, or separated by commas."""
        value = self.given(name)
        if value is None:
            return []
        if isinstance(value, list):
            return [str(one) for one in value]
        return [word for one in str(value).split(",") if (word := one.strip())]


class TokenHolders(Protocol):
    """Who a token belongs to: inbox/staff/authenticator.py."""

    async def by_token(self, secret: str) -> Actor | None: ...


class Automations(Protocol):
    """The automations that are switched on: inbox/automations/delivering/store.py."""

    async def receiver(self, automation_id: str) -> Receiver | None:
        """The automation and its secrets; None when there is none, or it is off."""
        ...


class ThreadControl(Protocol):
    """Gives conversations to people: inbox/automations/handing_over/service.py."""

    async def by_request(self, actor: Actor, conversation_id: str, note: str | None) -> bool:
        """`note` is what the program tells them; False: they have it already."""
        ...


class RemoteFiles(Protocol):
    """Fetches a file from the public internet, and from nowhere inside our network."""

    def fetch_public(
        self, url: str, *, most_bytes: int
    ) -> AbstractAsyncContextManager[MediaStream]:
        """Raises MediaRefused, MediaGone, MediaUnavailable: when entering, and while reading."""
        ...
