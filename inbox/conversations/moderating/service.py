"""Moderating comments: the platform does it first, then it is kept, audited and told.

Everything may be repeated: who dies between the two leaves a comment whose new state the
platform's own webhook tells, or the next try.
"""

from collections.abc import Awaitable, Callable, Mapping

from inbox.conversations.model import Channel
from inbox.conversations.moderating.errors import (
    ModerationRefused,
    ModerationUnavailable,
    NotModerated,
)
from inbox.conversations.moderating.store import BY_ACCOUNT, ModerationStore
from inbox.conversations.replying.errors import ChannelCannotSend, CommentRemoved
from inbox.conversations.sheet import Document
from inbox.conversations.view import View, message_view
from inbox.ports import (
    AccountRef,
    CommentModeration,
    SendError,
    SendUnavailable,
    SendUncertain,
)
from inbox.staff.model import Actor


class Moderating:
    """What staff do to comments. `channels` can moderate; others have no comments."""

    def __init__(
        self, store: ModerationStore, channels: Mapping[Channel, CommentModeration]
    ) -> None:
        self._store = store
        self._channels = channels

    async def hide(self, message_id: str, actor: Actor, *, hidden: bool) -> View:
        """Hide a customer's comment from the public, or show it again; the message then.

        Raises:
            NotFound, NotAllowed, NotModerated, CommentRemoved, ChannelCannotSend: not this one.
            ModerationRefused, ModerationUnavailable: the platform did not.
        """
        message, conversation = await self._customers(message_id, actor)
        channel, account = self._channel(conversation), _account(conversation)
        await _done(lambda: channel.hide(account, message["external_id"], hidden=hidden))
        if bool((message.get("hidden") or {}).get("value")) == hidden:
            return message_view(message, conversation=conversation)
        message, conversation = await self._store.hidden(message_id, actor, hidden=hidden)
        return message_view(message, conversation=conversation)

    async def like(self, message_id: str, actor: Actor, *, liked: bool) -> View:
        """Like a customer's comment as the page, or take the like back; raises as `hide` does."""
        message, conversation = await self._customers(message_id, actor)
        channel, account = self._channel(conversation), _account(conversation)
        if not channel.likes:
            raise NotModerated
        await _done(lambda: channel.like(account, message["external_id"], liked=liked))
        reaction = (message.get("reactions") or {}).get(BY_ACCOUNT) or {}
        if bool(reaction.get("emoji")) == liked:
            return message_view(message, conversation=conversation)
        message, conversation = await self._store.liked(message_id, actor, liked=liked)
        return message_view(message, conversation=conversation)

    async def remove(self, message_id: str, actor: Actor) -> View:
        """Delete a public answer of ours for good; once removed, nothing happens any more.

        Raises as `hide` does; NotModerated also while it is on its way.
        """
        message, conversation = await self._comment(message_id, actor)
        if message.get("removed_at") is not None:
            return message_view(message, conversation=conversation)
        external_id = _sent_id(message)
        if message["direction"] != "out" or message.get("private") or external_id is None:
            raise NotModerated
        channel, account = self._channel(conversation), _account(conversation)
        await _done(lambda: channel.remove(account, external_id))
        message, conversation = await self._store.removed(message_id, actor)
        return message_view(message, conversation=conversation)

    async def _customers(self, message_id: str, actor: Actor) -> tuple[Document, Document]:
        message, conversation = await self._comment(message_id, actor)
        if message["direction"] != "in":
            raise NotModerated
        if message.get("removed_at") is not None:
            raise CommentRemoved
        return message, conversation

    async def _comment(self, message_id: str, actor: Actor) -> tuple[Document, Document]:
        message, conversation = await self._store.message(message_id, actor)
        if conversation["kind"] != "comment" or message.get("internal"):
            raise NotModerated
        return message, conversation

    def _channel(self, conversation: Document) -> CommentModeration:
        channel = self._channels.get(conversation["channel"])
        if channel is None:
            raise ChannelCannotSend
        return channel


def _account(conversation: Document) -> AccountRef:
    return AccountRef(
        conversation["account_key"], conversation["channel"], conversation["account_id"]
    )


def _sent_id(message: Document) -> str | None:
    """The platform's id of a comment of the account: sent by us, or written elsewhere."""
    parts = message.get("parts")
    if parts is None:
        external_id: str | None = message.get("external_id")
        return external_id
    return next((part["external_id"] for part in parts if part.get("external_id")), None)


async def _done(call: Callable[[], Awaitable[None]]) -> None:
    try:
        await call()
    except (SendUnavailable, SendUncertain) as error:
        raise ModerationUnavailable from error
    except SendError as error:
        raise ModerationRefused(error) from error
