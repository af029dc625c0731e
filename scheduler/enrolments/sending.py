"""Saying a step: through the same door as an agent's answer, together with the enrolment's turn."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from inbox.clock import Clock
from inbox.conversations.model import Author
from inbox.conversations.replying.errors import (
    AutomationPaused,
    ClientIdReused,
    CustomerOptedOut,
    ReplyWindowClosed,
)
from inbox.conversations.replying.model import Reply, Writer
from inbox.conversations.replying.service import ReplyService
from inbox.errors import InboxError, NotFound
from inbox.media.uploads import UploadNotFound
from inbox.mongo.client import Mongo, Session
from inbox.placeholders import filled, given_name
from inbox.ports import Button
from inbox.staff.notices.model import NewNotice
from inbox.staff.notices.store import PersonalNotices
from scheduler.scripts.model import Content, Enrolment, Script, Step

Document = Mapping[str, Any]
Record = Callable[[Session], Awaitable[None]]
"""Writes the enrolment's turn in the transaction of the message; may raise, which undoes both."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A step with everything that it needs to be said."""

    enrolment: Enrolment
    script: Script
    step: Step
    customer: Document
    agent: str | None = None
    shop: str | None = None

    @property
    def client_id(self) -> str:
        """A step of an enrolment is one message, however often it is tried."""
        return f"{self.enrolment.id}:{self.step.id}"

    @property
    def message_id(self) -> str:
        return self.writer.message_id(self.client_id)

    @property
    def writer(self) -> Writer:
        return Writer(Author("script", self.script.id, self.script.name), is_human=False)

    def text(self) -> str | None:
        """With its placeholders filled in."""
        text = self.step.content.text
        return None if text is None else filled(text, self._values())

    def _values(self) -> dict[str, str | None]:
        name = self.customer.get("name")
        return {
            "name": name,
            "given_name": given_name(name),
            "phone": next(iter(self.customer.get("phones") or ()), None),
            "email": next(iter(self.customer.get("emails") or ()), None),
            "agent": self.agent,
            "shop": self.shop,
        }


class SendingRefused(Exception):
    """The step was not said. `code` says why.

    SendingRefused
      OutsideWindow   the platform lets nobody but people write now
      Silenced        a person has the conversation, until `until` (None: until it is given back)
      OptedOut        the customer wants no automatic messages
      ConversationGone
      CannotBeSaid    this channel does not take it, or what it needs is not there: final
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class OutsideWindow(SendingRefused):
    def __init__(self) -> None:
        super().__init__("window")


class Silenced(SendingRefused):
    def __init__(self, until: datetime | None) -> None:
        super().__init__("human")
        self.until = until


class OptedOut(SendingRefused):
    def __init__(self) -> None:
        super().__init__("opted_out")


class ConversationGone(SendingRefused):
    def __init__(self) -> None:
        super().__init__("no_conversation")


class CannotBeSaid(SendingRefused):
    """`code` is that of the error."""


class StepSender(Protocol):
    """Says steps."""

    async def send(self, saying: Saying, record: Record) -> bool:
        """Store the message and `record` the turn, both or neither.

        False when the message had been stored before, without this turn: `record` was not called.

        Raises:
            SendingRefused: as it says there; nothing was stored.
        """
        ...

    async def hand_over(self, saying: Saying, record: Record) -> bool:
        """Leave the step to people instead, as a note in the conversation; the rest as `send`."""
        ...


class ReplySender:
    """Implements `StepSender` by the inbox's own answers."""

    def __init__(self, mongo: Mongo, replies: ReplyService, clock: Clock) -> None:
        self._mongo = mongo
        self._replies = replies
        self._clock = clock
        self._notices = PersonalNotices(mongo)

    async def send(self, saying: Saying, record: Record) -> bool:
        return await self._post(saying, _reply(saying), record)

    async def hand_over(self, saying: Saying, record: Record) -> bool:
        text = (
            f"Kịch bản “{saying.script.name}” không gửi được vì đã hết thời gian trả lời tự động "
            f"của kênh. Nội dung cần gửi:\n\n{saying.text() or ''}"
        )
        note = Reply(client_id=f"{saying.client_id}:note", text=text.strip(), internal=True)

        async def record_and_notify(session: Session) -> None:
            await record(session)
            await self._notify(saying, session)

        return await self._post(saying, note, record_and_notify)

    async def _notify(self, saying: Saying, session: Session) -> None:
        """Whoever has the conversation, or answered last, is told by name."""
        thread = await self._mongo["conversations"].find_one(
            {"_id": saying.enrolment.conversation_id},
            {"assignee_id": 1, "last_carer_id": 1, "bot_id": 1},
            session=session,
        )
        staff_id = (thread or {}).get("assignee_id") or (thread or {}).get("last_carer_id")
        if thread is None or staff_id is None:
            return
        notice = NewNotice(
            staff_id=staff_id,
            kind="script_step",
            bot_id=thread["bot_id"],
            conversation_id=thread["_id"],
            data={"script_id": saying.script.id, "name": saying.script.name},
        )
        await self._notices.add([notice], at=self._clock.now(), session=session)

    async def _post(self, saying: Saying, reply: Reply, record: Record) -> bool:
        thread = saying.enrolment.conversation_id
        if thread is None:
            raise ConversationGone
        try:
            _, is_new = await self._replies.post_within(thread, reply, saying.writer, record)
        except ClientIdReused:  # said before with other words: the customer was renamed since
            return False
        except AutomationPaused as error:
            raise Silenced(error.until) from error
        except InboxError as error:
            raise _refusal(error) from error
        return is_new


def _refusal(error: InboxError) -> SendingRefused:
    match error:
        case CustomerOptedOut():
            return OptedOut()
        case ReplyWindowClosed():
            return OutsideWindow()
        case NotFound() if not isinstance(error, UploadNotFound):
            return ConversationGone()
        case _:
            return CannotBeSaid(error.code)


def _reply(saying: Saying) -> Reply:
    content: Content = saying.step.content
    return Reply(
        client_id=saying.client_id,
        text=saying.text(),
        upload_ids=content.upload_ids,
        quick_replies=tuple(Button(**one) for one in content.quick_replies),
        buttons=tuple(Button(**one) for one in content.buttons),
    )
