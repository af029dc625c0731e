"""The Send API: a message of a program becomes replies of ours, through the one service for all.

Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from channels.messenger_gateway.errors import GraphError, invalid, no_such_user
from channels.messenger_gateway.files import ProgramFiles
from channels.messenger_gateway.model import GraphCall, message_id_of, mid_of
from channels.messenger_gateway.saying import MediaRef, Piece, media_of, pieces_of
from channels.messenger_gateway.store import GatewayStore
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.replying.errors import RefusedByChannel
from inbox.conversations.replying.model import Reply, Writer, writer_of
from inbox.conversations.replying.service import ReplyService
from inbox.conversations.replying.signals import Signals
from inbox.ports import Card

log = structlog.get_logger(__name__)

Json = dict[str, Any]
_MESSAGING_TYPES = frozenset(
    {"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY", "NON_PROMOTIONAL_SUBSCRIPTION"}
)
_ACTIONS = frozenset({"typing_on", "typing_off", "mark_seen", "react", "unreact"})


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a message goes. `private_to` is the comment that is answered privately."""

    conversation_id: str
    person: str | None
    private_to: str | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    """A piece whose file is here."""

    piece: Piece
    upload_ids: tuple[str, ...] = ()


class SendApi:
    """POST messages and POST message_attachments."""

    def __init__(
        self,
        store: GatewayStore,
        replies: ReplyService,
        reads: ConversationReads,
        signals: Signals,
        files: ProgramFiles,
    ) -> None:
        self._store = store
        self._replies = replies
        self._reads = reads
        self._signals = signals
        self._files = files

    async def send(self, call: GraphCall) -> Json:
        """Queue what the program says; the answer names the last message that came of it.

        Raises:
            GraphError; InboxError: of ReplyService.post.
        """
        _check_type(call)
        target = await self._target(call)
        action = call.text("sender_action")
        if action is not None:
            await self._act(call, target, action)
            return {"recipient_id": target.person}
        message = call.mapping("message")
        if message is None:
            raise invalid("The parameter message is required")
        pieces = pieces_of(message, call.upload_id)
        if target.private_to is not None and len(pieces) > 1:
            raise invalid("A private reply is one message: a text, with buttons at most")
        return await self._say(call, target, message, pieces)

    async def _say(
        self, call: GraphCall, target: _Target, message: Mapping[str, Any], pieces: Sequence[Piece]
    ) -> Json:
        """Every file is here before anything is said; what was said before is not said again."""
        ids = [writer_of(call.actor).message_id(_client_id(call, n)) for n in range(len(pieces))]
        known = await self._store.known_messages(ids) if call.repeatable else frozenset[str]()
        ready = [
            None if id_ in known else await self._ready(call, piece)
            for id_, piece in zip(ids, pieces, strict=True)
        ]
        for n, one in enumerate(ready):
            if one is not None:
                await self._post(call, target, one, _reply(call, target, one, _client_id(call, n)))
        return _answer(target, ids[-1], message, ready[0])

    async def keep_attachment(self, call: GraphCall) -> Json:
        """Keep a file for later messages; its id is good for as long as the service is."""
        message = call.mapping("message") or {}
        given = message.get("attachment")
        if not isinstance(given, Mapping):
            raise invalid("The parameter message[attachment] is required")
        media = media_of(given, call.upload_id)
        upload = await self._files.upload_of(media, call.automation.id)
        return {"attachment_id": upload.id}

    async def _target(self, call: GraphCall) -> _Target:
        recipient = call.mapping("recipient")
        if not recipient:
            raise invalid("The parameter recipient is required")
        bot_id = call.automation.bot_id
        if (comment_id := recipient.get("comment_id")) is not None:
            comment = await self._store.comment(bot_id, str(comment_id))
            if comment is None:
                raise no_such_user()
            return _Target(comment.conversation_id, None, comment.message_id)
        person = recipient.get("id") or recipient.get("user_ref")
        if person is None:
            raise invalid("param recipient must have one of id, user_ref and comment_id")
        party = await self._store.thread(bot_id, str(person))
        if party is None:
            raise no_such_user()
        return _Target(party.conversation_id, party.id)

    async def _act(self, call: GraphCall, target: _Target, action: str) -> None:
        """Typing and seen go to the channels that can show them; a reaction goes nowhere."""
        if action not in _ACTIONS:
            raise invalid(f"param sender_action must be one of {sorted(_ACTIONS)}")
        conversation = await self._reads.get(target.conversation_id, call.actor)
        self._replies.check_may_speak(conversation, writer_of(call.actor))
        if action == "typing_on":
            self._signals.typing(conversation)
        elif action == "mark_seen":
            self._signals.seen(conversation)

    async def _ready(self, call: GraphCall, piece: Piece) -> _Ready:
        """The piece with its files; a card goes without a picture that cannot be fetched."""
        if piece.media is not None:
            upload = await self._files.upload_of(piece.media, call.automation.id)
            return _Ready(piece, (upload.id,))
        ids: list[str] = []
        cards: list[Card] = []
        for card in piece.cards:
            id_ = await self._picture(call, card)
            cards.append(card if id_ is None else replace(card, image=len(ids)))
            ids += [] if id_ is None else [id_]
        return _Ready(replace(piece, cards=tuple(cards)), tuple(ids))

    async def _picture(self, call: GraphCall, card: Card) -> str | None:
        if card.image_url is None:
            return None
        try:
            media = MediaRef("image", url=card.image_url)
            return (await self._files.upload_of(media, call.automation.id)).id
        except GraphError as error:
            log.info("picture of a card left out", automation=call.automation.id, reason=error.own)
            return None

    async def _post(self, call: GraphCall, target: _Target, one: _Ready, reply: Reply) -> None:
        """Post it; a file that the channel does not take goes as its link, a card without it."""
        writer: Writer = writer_of(call.actor)
        conversation_id = target.conversation_id
        try:
            await self._replies.post(conversation_id, reply, writer, actor=call.actor)
        except RefusedByChannel:
            linked = _without_files(one, reply)
            if linked is None:
                raise
            log.info("a file does not go as one", automation=call.automation.id)
            await self._replies.post(conversation_id, linked, writer, actor=call.actor)


def _check_type(call: GraphCall) -> None:
    kind = call.text("messaging_type")
    if kind is not None and kind not in _MESSAGING_TYPES:
        raise invalid(f"param messaging_type must be one of {sorted(_MESSAGING_TYPES)}")
    if kind == "MESSAGE_TAG" and not call.text("tag"):
        raise invalid("The parameter tag is required with MESSAGE_TAG")


def _reply(call: GraphCall, target: _Target, ready: _Ready, client_id: str) -> Reply:
    reply = Reply(
        client_id=client_id,
        text=ready.piece.text,
        upload_ids=ready.upload_ids,
        quick_replies=ready.piece.quick_replies,
        buttons=ready.piece.buttons,
        cards=ready.piece.cards,
    )
    if target.private_to is not None:
        return replace(reply, private=True, reply_to=target.private_to)
    quoted = (call.mapping("reply_to") or {}).get("mid")
    return reply if quoted is None else replace(reply, reply_to=message_id_of(str(quoted)))


def _without_files(ready: _Ready, reply: Reply) -> Reply | None:
    """What can be said instead; None: nothing can."""
    media = ready.piece.media
    if media is not None:
        return None if media.url is None else replace(reply, text=media.url, upload_ids=())
    if not reply.upload_ids:
        return None
    cards = tuple(replace(card, image=None) for card in reply.cards)
    return replace(reply, cards=cards, upload_ids=())


def _client_id(call: GraphCall, place: int) -> str:
    return f"{call.key}.{place}"


def _answer(
    target: _Target, message_id: str, message: Mapping[str, Any], first: _Ready | None
) -> Json:
    answer: Json = {"message_id": mid_of(message_id)}
    if target.person is not None:
        answer = {"recipient_id": target.person, **answer}
    if _is_reusable(message) and first is not None and first.upload_ids:
        answer["attachment_id"] = first.upload_ids[0]
    return answer


def _is_reusable(message: Mapping[str, Any]) -> bool:
    attachment = message.get("attachment")
    payload = attachment.get("payload") if isinstance(attachment, Mapping) else None
    return isinstance(payload, Mapping) and str(payload.get("is_reusable")).lower() == "true"
