"""The words of a conversation: threads, messages, attachments, windows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from inbox.ids import conversation_key, identity_key, message_key

Channel = Literal["facebook", "instagram", "zalo"]
ConversationKind = Literal["inbox", "comment", "group"]
ConversationStatus = Literal["open", "closed", "spam", "deleted"]
Direction = Literal["in", "out"]
AuthorKind = Literal["customer", "staff", "bot", "automation", "script", "system"]
AttachmentKind = Literal[
    "image",
    "video",
    "audio",
    "file",
    "sticker",
    "location",
    "contact",
    "link",
    "template",
    "unsupported",
]

OUTSIDE_STAFF_NAME = "Ngoài hệ thống"
"""Shown as the author of a reply that a human wrote in the platform's own tool."""


@dataclass(frozen=True, slots=True)
class IdentityRef:
    """A person as one account of one channel knows them.

    `temporary` marks an id that the platform may forget (anonymous visitors, checkbox plugins).
    """

    channel: Channel
    account_id: str
    external_id: str
    temporary: bool = False

    @property
    def id(self) -> str:
        return identity_key(self.channel, self.account_id, self.external_id)


@dataclass(frozen=True, slots=True)
class ThreadRef:
    """A thread by its natural key: the person, the root comment or the group of an account."""

    channel: Channel
    account_id: str
    kind: ConversationKind
    external_id: str

    @property
    def id(self) -> str:
        return conversation_key(self.channel, self.account_id, self.kind, self.external_id)


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message by the id that its platform gave it."""

    channel: Channel
    account_id: str
    external_id: str

    @property
    def id(self) -> str:
        return message_key(self.channel, self.account_id, self.external_id)


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message. `id` is a staff id for staff, an identity id in comments and groups."""

    kind: AuthorKind
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """What came with a message. `url` is the platform's link, which expires.

    `size` in bytes; `data` holds what only this kind has (coordinates, a phone, a template).
    `keep_copy` is false where the platform forbids keeping the media (Instagram story mentions).
    """

    kind: AttachmentKind
    name: str | None = None
    size: int | None = None
    mime: str | None = None
    url: str | None = None
    thumbnail_url: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    keep_copy: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """Until when the channel lets us write. `free_until` is where Zalo begins to charge."""

    until: datetime
    kind: str
    free_until: datetime | None = None
