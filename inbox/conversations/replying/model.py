"""The words of answering: what somebody wants to say, and who says it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from inbox.conversations.model import Author
from inbox.conversations.parts import card_documents
from inbox.ids import hash_id
from inbox.ports import Button, Card
from inbox.staff.model import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is to be said. `client_id` is its writer's own name for it: repeating is harmless.

    `reply_to` is our id of the quoted message; `private` answers a comment where only its writer
    sees it; `internal` is a note that never leaves the inbox. `cards` show text and files in
    another way, see Draft of inbox/ports.py.
    """

    client_id: str
    text: str | None = None
    upload_ids: tuple[str, ...] = ()
    quick_replies: tuple[Button, ...] = ()
    buttons: tuple[Button, ...] = ()
    sticker: str | None = None
    cards: tuple[Card, ...] = ()
    internal: bool = False
    private: bool = False
    reply_to: str | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.text and self.text.strip()) and not self.upload_ids and not self.sticker

    def fingerprint(self, conversation_id: str) -> str:
        """Equal for the same words to the same conversation."""
        return hash_id(
            conversation_id,
            self.text or "",
            *self.upload_ids,
            repr((self.quick_replies, self.buttons, self.sticker)),
            repr((self.internal, self.private, self.reply_to)),
            *([repr(self.cards)] if self.cards else []),
        )

    def content(self) -> dict[str, Any] | None:
        """What is stored and shown beside text and files."""
        content: dict[str, Any] = {}
        for name in ("quick_replies", "buttons"):
            buttons: tuple[Button, ...] = getattr(self, name)
            if buttons:
                content[name] = [_stored(button) for button in buttons]
        if self.sticker is not None:
            content["sticker"] = self.sticker
        if self.cards:
            content["cards"] = card_documents(self.cards)
        return content or None


@dataclass(frozen=True, slots=True)
class Writer:
    """Who says it: staff, an automation or a script. `is_human` ends the customer's waiting.

    `hand_back_after`: of an automation, how long people keep a conversation after their answer.
    """

    author: Author
    is_human: bool
    hand_back_after: timedelta | None = None

    def message_id(self, client_id: str) -> str:
        """The same writer's same client id is the same message."""
        scope = f"{self.author.kind}:{self.author.id}"
        return hash_id("reply", scope, client_id)


def writer_of(actor: Actor) -> Writer:
    """A person answers as a human, by a token too; the token of a bot as an automation."""
    author = Author(actor.kind, actor.id, actor.name)
    return Writer(author, actor.kind == "staff", actor.hand_back_after)


def _stored(button: Button) -> dict[str, str]:
    fields = {"title": button.title, "url": button.url, "payload": button.payload}
    return {name: value for name, value in fields.items() if value is not None}
