"""One conversation while it is being played: who, which script, what was sent under which id."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.demo.accounts import DemoAccount, account_of
from app.demo.conversations.details import Details
from app.demo.conversations.story import Media, Move, Story
from app.demo.people import Person


@dataclass(slots=True)
class Scene:
    """A story played by a person.

    `key` makes the ids of its messages: the same key gives the same ids again. `unseen` are
    the shop's messages that the customer has not read, the last of them written at `shop_at`.
    """

    key: str
    person: Person
    story: Story
    details: Details
    media_url: Callable[[str], str]
    ids: dict[str, str] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    shop_at: datetime | None = None
    root_id: str | None = None
    _ids_given: int = 0

    @property
    def account(self) -> DemoAccount:
        return account_of(self.person.channel)

    def text(self, text: str) -> str:
        return self.details.fill(text)

    def media_name(self, media: Media) -> str:
        if media.name == "{picture}":
            return self.details.picture
        return self.details.fill(media.name)

    def url_of(self, media: Media) -> str:
        """Where the platform serves it."""
        return media.url or self.media_url(self.media_name(media))

    def next_hash(self) -> bytes:
        """48 bytes that no other message of any scene has."""
        self._ids_given += 1
        return hashlib.blake2b(f"{self.key}:{self._ids_given}".encode(), digest_size=48).digest()

    def next_token(self) -> str:
        """A new id as Meta writes them: 64 characters of URL-safe base64."""
        return urlsafe_b64encode(self.next_hash()).decode()

    def keep(self, move: Move, message_id: str) -> None:
        """Let later moves find the message by the label of its move."""
        if move.label:
            self.ids.setdefault(move.label, message_id)

    def id_of(self, label: str) -> str:
        """The id of an earlier message; KeyError when the script names one that is not there."""
        return self.ids[label]

    def shop_wrote(self, message_id: str, at: datetime) -> None:
        self.unseen.append(message_id)
        self.shop_at = at

    def take_unseen(self) -> list[str]:
        """What the customer reads now."""
        unseen, self.unseen = self.unseen, []
        return unseen
