"""One part on its way: what the channel gets, and what each of its answers means."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from inbox import metrics
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.model import Health
from inbox.bots.health.reasons import REASONS
from inbox.clock import Clock
from inbox.conversations.applying import Applier
from inbox.conversations.changes import KeepSent, RefusePrivateAnswer
from inbox.conversations.delivery.grouping import Grouped
from inbox.conversations.delivery.refusing import TooManyTries, refusal_of
from inbox.conversations.delivery.steps import CHECKS, next_check
from inbox.conversations.delivery.store import DeliveryStore
from inbox.conversations.delivery.turns import Subject
from inbox.conversations.files import FileGone, stored_file
from inbox.conversations.folding import close_window
from inbox.conversations.meeting import reference
from inbox.conversations.model import Channel, IdentityRef, MessageRef, ThreadRef
from inbox.conversations.parts import (
    FateUnknown,
    NotReceived,
    error_of,
    fail,
    part_at,
    planned,
    set_part,
)
from inbox.conversations.sheet import Document
from inbox.media.uploads import Uploads
from inbox.mongo.due import Backoff, Claimed
from inbox.mongo.failures import is_passing
from inbox.ports import (
    Absent,
    AccountRef,
    AccountUnusable,
    Messenger,
    Outgoing,
    OutgoingFile,
    PrivateAnswerRefused,
    Recipient,
    SendError,
    SendRefused,
    SendUnavailable,
    SendUncertain,
    Sent,
    WindowClosed,
)

log = structlog.get_logger(__name__)

_FOUND_FROM = timedelta(minutes=1)
"""The platform's clock may be behind ours when its history is searched."""
_NEXT_TURN = Backoff(timedelta(seconds=1), timedelta(seconds=1))
"""Those who wait for the same turn do not come back at the same moment."""
_NOTE_EVERY_S = 0.5
_NOTE_FOR = timedelta(minutes=10)
"""An answer is worth keeping for this long while the database is away: without it the part
would be in doubt."""


class Sending:
    """Sends single parts for whoever holds their conversation."""

    def __init__(  # noqa: PLR0913 - each is something that a send needs
        self,
        store: DeliveryStore,
        applier: Applier,
        messengers: Mapping[Channel, Messenger],
        uploads: Uploads,
        healing: Healing,
        clock: Clock,
        *,
        max_attempts: int,
        backoff: Backoff,
    ) -> None:
        self._store = store
        self._answers = Grouped[KeepSent | RefusePrivateAnswer, None](partial(_keep_all, applier))
        self._messengers = messengers
        self._uploads = uploads
        self._healing = healing
        self._clock = clock
        self._max_attempts = max_attempts
        self._backoff = backoff

    async def send(self, begun: Subject, n: int) -> bool:
        """Send a part that is marked as being sent; False when its account cannot send.

        Everything that belongs to the account waits then.
        """
        outcome = await self._outcome(begun, n)
        await self._note(lambda: self._keep(begun, n, outcome))
        channel = begun.conversation.get("channel")
        word = outcome.code if isinstance(outcome, SendError) else "sent"
        metrics.parts_total.labels(channel, word).inc()
        log.info("part sent", message_id=begun.message.id, n=n, outcome=word)
        return not isinstance(outcome, AccountUnusable)

    async def _outcome(self, begun: Subject, n: int) -> Sent | SendError:
        """What became of it. What goes wrong before the channel is called is no doubt."""
        part = part_at(begun.message, n)
        assert part is not None
        message, conversation = begun.message.document, begun.conversation.document
        if (refused := refusal_of(begun)) is not None:
            return refused
        try:
            file = await self._file(message, part)
            if isinstance(file, FileGone):
                return file
            outgoing = await self._outgoing_of(conversation, message, part, file)
        except Exception as error:
            if not is_passing(error):
                log.exception("a part could not be prepared", message_id=begun.message.id, n=n)
            return SendUnavailable("not prepared")
        return await self._call(outgoing, begun.message.id, n)

    async def _call(self, outgoing: Outgoing, message_id: str, n: int) -> Sent | SendError:
        """What the channel says. A bug, or no answer in time: it may have arrived."""
        try:
            async with asyncio.timeout(self._store.lease.total_seconds() / 2):
                return await self._messengers[outgoing.account.channel].send(outgoing)
        except SendError as error:
            return error
        except Exception:
            log.exception("a send ended without an answer", message_id=message_id, n=n)
            return SendUncertain()

    async def doubt(self, message: Document, part: Document) -> None:
        """Nobody knows whether this part was sent before its sender died."""
        now, token = self._clock.now(), part.get("token")

        def work(subject: Subject) -> None:
            current = part_at(subject.message, part["n"])
            if current is None or (current["state"], current.get("token")) != ("sending", token):
                return
            _put_in_doubt(subject, part["n"], SendUncertain(), now)

        await self._store.change(message["_id"], work)
        log.warning(
            "a part was left behind while being sent", message_id=message["_id"], n=part["n"]
        )

    async def check(self, claimed: Claimed, message: Document, part: Document) -> None:
        """Look for a part in doubt in the platform's history; after the last look give up."""
        conversation = claimed.document
        found = await self._find(conversation, message, part)
        if isinstance(found, str):
            sent = _kept(conversation, message["_id"], part["n"], Sent(found), self._clock.now())
            await self._answers.do(replace(sent, read_back=True))
        now = self._clock.now()
        ended = NotReceived() if found is Absent.ABSENT else FateUnknown()

        def work(subject: Subject) -> None:
            current = part_at(subject.message, part["n"])
            if current is None or current["state"] != "uncertain":
                return
            again = next_check(current, now)
            if again is None:
                fail(subject.message, part["n"], error_of(ended, now))
            else:
                checks = current.get("checks", 0) + 1
                set_part(subject.message, part["n"], check_at=again, checks=checks)

        await self._store.change(message["_id"], work)

    async def _find(
        self, conversation: Document, message: Document, part: Document
    ) -> str | Absent | None:
        try:
            file = await self._file(message, part)
            known = None if isinstance(file, FileGone) else file
            outgoing = await self._outgoing_of(conversation, message, part, known)
            async with asyncio.timeout(self._store.lease.total_seconds() / 2):
                messenger = self._messengers[conversation["channel"]]
                return await messenger.find_sent(outgoing, part["at"] - _FOUND_FROM)
        except Exception as error:
            if is_passing(error):
                raise
            log.info("history not read", message_id=message["_id"], error=type(error).__name__)
            return None

    async def _keep(self, begun: Subject, n: int, outcome: Sent | SendError) -> None:
        match outcome:
            case Sent():
                await self._sent(begun, n, outcome)
            case SendRefused():
                await self._refused(begun.message.id, n, outcome)
            case SendUnavailable():
                await self._again(begun, n, outcome)
            case AccountUnusable():
                await self._healing.note(begun.conversation.get("account_key"), health_of(outcome))
                await self._put_back(begun, n)
            case _:
                await self._uncertain(begun, n, outcome)

    async def _sent(self, begun: Subject, n: int, sent: Sent) -> None:
        kept = _kept(begun.conversation.document, begun.message.id, n, sent, self._clock.now())
        await self._answers.do(kept)
        account_key = begun.conversation.get("account_key")
        if self._store.is_tried(account_key):
            await self._healing.account_answers(account_key)
            self._store.tried(account_key)

    async def _refused(self, message_id: str, n: int, error: SendError) -> None:
        now = self._clock.now()
        closed: list[RefusePrivateAnswer] = []

        def work(subject: Subject) -> None:
            closed.clear()
            part = part_at(subject.message, n)
            if part is None or part["state"] not in ("queued", "sending", "uncertain"):
                return
            fail(subject.message, n, error_of(error, now))
            if isinstance(error, WindowClosed):
                close_window(subject.conversation, now)
            if isinstance(error, PrivateAnswerRefused) and subject.message.get("private"):
                closed.append(_refused_private(subject, error, now))

        await self._store.change(message_id, work)
        for one in closed:
            await self._answers.do(one)

    async def _again(self, begun: Subject, n: int, error: SendUnavailable) -> None:
        part = part_at(begun.message, n)
        assert part is not None
        if error.tried and part["attempts"] >= self._max_attempts:
            tried = TooManyTries(error.reason, platform_code=error.platform_code)
            await self._refused(begun.message.id, n, tried)
            return
        pause = (self._backoff if error.tried else _NEXT_TURN).pause(part["attempts"])
        if error.retry_after_s is not None:
            pause = max(pause, timedelta(seconds=error.retry_after_s))
        retry_at = self._clock.now() + pause
        await self._put_back(begun, n, retry_at=retry_at, tried=error.tried)

    async def _put_back(
        self, begun: Subject, n: int, *, retry_at: datetime | None = None, tried: bool = False
    ) -> None:
        """Nothing was sent. Somebody who took over meanwhile has gone on without it."""
        token = _token(begun, n)
        now = self._clock.now()

        def work(subject: Subject) -> None:
            part = part_at(subject.message, n)
            if part is None or part.get("token") != token:
                return
            if part["state"] == "uncertain":
                fail(subject.message, n, error_of(SendUnavailable(), now))
            elif part["state"] == "sending":
                attempts = part["attempts"] - (not tried)
                fields = {"retry_at": retry_at, "token": None, "attempts": attempts}
                set_part(subject.message, n, state="queued", **fields)

        await self._store.change(begun.message.id, work)

    async def _uncertain(self, begun: Subject, n: int, error: SendError) -> None:
        token, now = _token(begun, n), self._clock.now()

        def work(subject: Subject) -> None:
            part = part_at(subject.message, n)
            if part is not None and (part["state"], part.get("token")) == ("sending", token):
                _put_in_doubt(subject, n, error, now)

        await self._store.change(begun.message.id, work)

    async def _note(self, write: Callable[[], Awaitable[None]]) -> None:
        """Keep an answer of the platform, however long the database is away."""
        give_up_at = self._clock.now() + _NOTE_FOR
        while True:
            try:
                await write()
            except Exception as error:
                if not is_passing(error) or self._clock.now() > give_up_at:
                    raise
                log.warning("an answer waits for the database", error=type(error).__name__)
                await asyncio.sleep(_NOTE_EVERY_S)
            else:
                return

    async def _file(self, message: Document, part: Document) -> OutgoingFile | FileGone | None:
        place = planned(part).file
        if place is None:
            return None
        try:
            return await stored_file(self._uploads, message["attachments"][place])
        except FileGone as error:
            return error

    async def _outgoing_of(
        self, conversation: Document, message: Document, part: Document, file: OutgoingFile | None
    ) -> Outgoing:
        quoted = message.get("reply_to")
        return Outgoing(
            account=account_of(conversation),
            recipient=recipient_of(conversation, message),
            part=planned(part),
            file=file,
            reference=reference(message["_id"], part["n"]),
            by_human=message.get("by_human", False),
            last_in_at=conversation.get("last_in_at"),
            reply_to=await self._store.quoted(quoted) if quoted is not None else None,
        )


def health_of(error: AccountUnusable) -> Health:
    """How an account is that answered a send like this."""
    reason = error.reason if error.reason in REASONS else error.code
    return Health(error.health, reason, platform_code=error.platform_code)


def account_of(conversation: Document) -> AccountRef:
    return AccountRef(
        conversation["account_key"], conversation["channel"], conversation["account_id"]
    )


def recipient_of(conversation: Document, message: Document | None = None) -> Recipient:
    """Whom a conversation is with; `message` may answer a comment privately."""
    context = conversation.get("reply_context") or {}
    private = (message or {}).get("private") or {}
    return Recipient(
        conversation["kind"],
        conversation["external_id"],
        reply_context=context.get("value"),
        comment_id=private.get("comment_id"),
    )


def _kept(conversation: Document, message_id: str, n: int, sent: Sent, now: datetime) -> KeepSent:
    channel, account_id = conversation["channel"], conversation["account_id"]
    person = sent.recipient_id if conversation["kind"] == "comment" else None
    return KeepSent(
        message_id=message_id,
        part=n,
        message=MessageRef(channel, account_id, sent.external_id),
        thread=thread_ref(conversation),
        at=now,
        window=sent.window,
        home=None if person is None else ThreadRef(channel, account_id, "inbox", person),
        customer=None if person is None else IdentityRef(channel, account_id, person),
    )


def thread_ref(conversation: Document) -> ThreadRef:
    return ThreadRef(
        conversation["channel"],
        conversation["account_id"],
        conversation["kind"],
        conversation["external_id"],
    )


def _refused_private(
    subject: Subject, error: PrivateAnswerRefused, now: datetime
) -> RefusePrivateAnswer:
    conversation, private = subject.conversation.document, subject.message.get("private")
    comment = MessageRef(conversation["channel"], conversation["account_id"], private["comment_id"])
    return RefusePrivateAnswer(comment, thread_ref(conversation), now, error.code)


def _put_in_doubt(subject: Subject, n: int, error: SendError, now: datetime) -> None:
    set_part(
        subject.message,
        n,
        state="uncertain",
        error=error_of(error, now),
        check_at=now + CHECKS[0],
        checks=None,
    )


async def _keep_all(
    applier: Applier, answers: Sequence[KeepSent | RefusePrivateAnswer]
) -> list[None]:
    await applier.apply(answers, bots={})
    return [None] * len(answers)


def _token(begun: Subject, n: int) -> Any:
    part = part_at(begun.message, n)
    assert part is not None
    return part["token"]
