"""Sends to Messenger and Instagram: implements `Messenger` of inbox/ports.py."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

import structlog

from channels.facebook import limits, planning, reading_back
from channels.facebook.access import PageAccounts
from channels.facebook.answers import JsonObject
from channels.facebook.client import GraphClient, PageAccess, Platform, SenderAction
from channels.facebook.composing import request_of
from channels.facebook.failures import (
    AttachmentExpired,
    CommentTextOnly,
    GraphError,
    NoMessageId,
    NotPermitted,
    PermissionMissing,
    failure_of,
)
from channels.facebook.traffic import (
    HISTORY,
    MEDIA,
    PRIVATE_REPLIES,
    SENDS,
    Lane,
    Traffic,
)
from channels.facebook.uploading import Uploading
from channels.http import MaybeSent, NotSent
from inbox.clock import Clock
from inbox.ports import (
    Absent,
    AccountRef,
    Draft,
    Outgoing,
    OutgoingFile,
    Part,
    Recipient,
    SendError,
    SendUnavailable,
    SendUncertain,
    Sent,
)

log = structlog.get_logger(__name__)

_KEPT_TYPING = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookParts:
    """What both channels share."""

    client: GraphClient
    accounts: PageAccounts
    traffic: Traffic
    clock: Clock
    human_agent: bool = True


class FacebookMessenger:
    """One for Messenger and one for Instagram: same API, other limits.

    A file is uploaded first, which may be repeated, and then sent by its id: so a long transfer
    that breaks off is never a message of unknown fate.
    """

    def __init__(self, platform: Platform, parts: FacebookParts) -> None:
        self._platform = platform
        self._rules = planning.FACEBOOK if platform == "messenger" else planning.INSTAGRAM
        self._client = parts.client
        self._accounts = parts.accounts
        self._traffic = parts.traffic
        self._clock = parts.clock
        self._human_agent = parts.human_agent
        self._uploading = Uploading(parts.client, platform)
        self._typing: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def plan(self, draft: Draft) -> tuple[Part, ...]:
        return planning.plan(draft, self._rules)

    async def send(self, outgoing: Outgoing) -> Sent:
        access = await self._accounts.access(outgoing.account)
        key = outgoing.account.key
        await self._traffic.admit(key, *_lanes(outgoing))
        try:
            sent = await self._send(access, outgoing)
        except SendError as error:
            await self._traffic.note(key, error)
            raise
        await self._traffic.note(key, None)
        return sent

    async def _send(self, access: PageAccess, outgoing: Outgoing) -> Sent:
        recipient = outgoing.recipient
        if recipient.kind == "comment" and recipient.comment_id is None:
            return await self._answer_comment(access, outgoing)
        if outgoing.file is None:
            return await self._send_message(access, outgoing, None)
        if (kept := self._uploading.kept(outgoing)) is not None:
            try:
                return await self._send_message(access, outgoing, kept)
            except AttachmentExpired:  # refused, so nothing was sent
                self._uploading.forget(outgoing)
        attachment_id = await self._upload(access, outgoing, outgoing.file)
        return await self._send_message(access, outgoing, attachment_id)

    async def _send_message(
        self, access: PageAccess, outgoing: Outgoing, attachment_id: str | None
    ) -> Sent:
        request = request_of(
            outgoing, attachment_id, human_agent=self._human_agent, now=self._clock.now()
        )
        try:
            answer = await self._client.send(access, request)
        except (GraphError, NotSent, MaybeSent) as error:
            raise _send_error(error) from error
        return _sent(answer.get("message_id"), answer.get("recipient_id"))

    async def _answer_comment(self, access: PageAccess, outgoing: Outgoing) -> Sent:
        text, comment_id = outgoing.part.text, _answered_comment(outgoing)
        if outgoing.file is not None or outgoing.part.sticker is not None or text is None:
            raise CommentTextOnly
        try:
            answer = await self._client.answer_comment(access, self._platform, comment_id, text)
        except (GraphError, NotSent, MaybeSent) as error:
            raise _about_comment(_send_error(error)) from error
        return _sent(answer.get("id"))

    async def _upload(self, access: PageAccess, outgoing: Outgoing, file: OutgoingFile) -> str:
        try:
            return await self._uploading.upload(access, outgoing, file)
        except (GraphError, NotSent, MaybeSent) as error:
            failure = _send_error(error)
            if isinstance(failure, SendUncertain):  # nobody sees an upload: it may be repeated
                raise SendUnavailable("upload", platform_code=failure.platform_code) from error
            raise failure from error

    async def find_sent(self, outgoing: Outgoing, since: datetime) -> str | Absent | None:
        """By content, author and time: history does not give our metadata back.

        The id may be that of an equal message that is known already; the caller sees that.
        Instagram does not say which conversation a private answer to a comment has begun.
        """
        try:
            access = await self._accounts.access(outgoing.account)
            await self._traffic.turn(outgoing.account.key, HISTORY)
            return await self._find(access, outgoing, since)
        except (SendError, GraphError, NotSent, MaybeSent) as error:
            log.info(
                "could not read back", account=outgoing.account.key, error=type(error).__name__
            )
            return None

    async def _find(
        self, access: PageAccess, outgoing: Outgoing, since: datetime
    ) -> str | Absent | None:
        recipient = outgoing.recipient
        if recipient.kind == "comment" and recipient.comment_id is None:
            return await self._find_comment(access, outgoing, since)
        conversation = await self._conversation(access, recipient)
        if conversation is None:
            return None
        return reading_back.sent_message(conversation, outgoing, since)

    async def _conversation(self, access: PageAccess, recipient: Recipient) -> JsonObject | None:
        fields = reading_back.MESSAGE_FIELDS
        if recipient.comment_id is None:
            return await self._client.conversation_with(
                access, self._platform, recipient.external_id, fields
            )
        if self._platform == "instagram":
            return None
        return await self._client.conversation_of_comment(access, recipient.comment_id, fields)

    async def _find_comment(
        self, access: PageAccess, outgoing: Outgoing, since: datetime
    ) -> str | None:
        """Under the comment that was answered, or where the platform puts it: under the first."""
        places = (_answered_comment(outgoing), outgoing.recipient.external_id)
        for comment_id in dict.fromkeys(places):
            answers = await self._client.answers_of_comment(access, self._platform, comment_id)
            if found := reading_back.sent_comment(answers, outgoing, since):
                return found
        return None

    async def show_typing(self, account: AccountRef, recipient: Recipient) -> None:
        key, now = (account.key, recipient.external_id), self._clock.now()
        shown_at = self._typing.pop(key, None)
        if shown_at is not None and now < shown_at + limits.TYPING_SHOWN:
            self._typing[key] = shown_at
            return
        self._typing[key] = now
        if len(self._typing) > _KEPT_TYPING:
            self._typing.popitem(last=False)
        await self._act(account, recipient, "typing_on")

    async def mark_seen(self, account: AccountRef, recipient: Recipient) -> None:
        await self._act(account, recipient, "mark_seen")

    async def _act(self, account: AccountRef, recipient: Recipient, action: SenderAction) -> None:
        if recipient.kind != "inbox" or recipient.comment_id is not None:
            return
        try:
            if not await self._traffic.has_room(account.key, SENDS):
                return
            access = await self._accounts.access(account)
            await self._client.act(access, recipient.external_id, action)
        except (SendError, GraphError, NotSent, MaybeSent) as error:
            log.debug("a sender action failed", account=account.key, error=type(error).__name__)


def _lanes(outgoing: Outgoing) -> tuple[Lane, ...]:
    lanes = [SENDS]
    if outgoing.recipient.comment_id is not None:
        lanes.append(PRIVATE_REPLIES)
    if outgoing.file is not None and outgoing.file.kind in ("audio", "video"):
        lanes.append(MEDIA)
    return tuple(lanes)


def _send_error(error: GraphError | NotSent | MaybeSent) -> SendError:
    if isinstance(error, GraphError):
        return failure_of(error.fault)
    if isinstance(error, NotSent):
        return SendUnavailable(f"no connection: {error}")
    return SendUncertain(f"no answer: {error}")


def _about_comment(error: SendError) -> SendError:
    """Comments need permissions of their own: without them the page's messages still go out."""
    if isinstance(error, PermissionMissing):
        return NotPermitted(error.reason, platform_code=error.platform_code)
    return error


def _answered_comment(outgoing: Outgoing) -> str:
    """The comment under which a public answer goes: the one it quotes, else the thread's first."""
    return outgoing.reply_to or outgoing.recipient.external_id


def _sent(message_id: object, recipient_id: object = None) -> Sent:
    if not isinstance(message_id, str) or not message_id:
        raise NoMessageId
    return Sent(message_id, recipient_id=recipient_id if isinstance(recipient_id, str) else None)
