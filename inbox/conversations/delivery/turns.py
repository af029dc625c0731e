"""Turns of a conversation: what its holder asks for, what comes next, and what that writes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.conversations.delivery.steps import Check, Doubt, Send, Step, Wait
from inbox.conversations.parts import set_part
from inbox.conversations.sheet import Document, Tracked
from inbox.mongo.due import Claimed


@dataclass(slots=True)
class Subject:
    """What a transaction may change: a message and its conversation."""

    message: Tracked
    conversation: Tracked


@dataclass(frozen=True, slots=True)
class Turn:
    """A claimed conversation whose holder has nothing in flight.

    `ends`: give it back now, whatever waits. `tries`: its account is unusable, and this is the
    message that tries it.
    """

    claimed: Claimed
    ends: bool = False
    tries: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """This part is marked as being sent, and is to be sent now."""

    subject: Subject
    n: int


@dataclass(frozen=True, slots=True)
class Rests:
    """It would be a part's turn, but its account cannot send; the conversation is still held."""


@dataclass(frozen=True, slots=True)
class Over:
    """The conversation was given back."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Somebody else delivers this conversation now."""


Next = Begun | Doubt | Check | Rests | Over | Lost


class Writes:
    """What a transaction of turns writes; `conversations` are updates by id."""

    def __init__(self, now: datetime, lease: timedelta) -> None:
        self.now = now
        self.begun: list[Begun] = []
        self.conversations: dict[str, Document] = {}
        self._until = now + lease

    def take(self, turn: Turn, conversation: Document, step: Step, *, may_send: bool) -> Next:
        match step:
            case Wait(until):
                return self._give_back(turn, until)
            case _ if turn.ends:
                return self._give_back(turn, self.now)
            case Send(message, part):
                if not may_send:
                    return Rests()
                return self._begin(turn.claimed, subject_of(message, conversation), part)
            case _:
                return step

    def _give_back(self, turn: Turn, until: datetime | None) -> Over:
        update: Document = {"$unset": {"delivery": 1}}
        if until is not None:
            cleared = {"delivery.token": 1, "delivery.lease_until": 1, "delivery.error": 1}
            update = {"$set": {"delivery.due_at": until}, "$unset": cleared}
        self.conversations[turn.claimed.id] = update
        return Over()

    def _begin(self, claimed: Claimed, subject: Subject, part: Document) -> Begun:
        set_part(
            subject.message,
            part["n"],
            state="sending",
            token=claimed.token,
            at=self.now,
            attempts=part["attempts"] + 1,
            retry_at=None,
            error=None,
        )
        held = {"delivery.due_at": self._until, "delivery.lease_until": self._until}
        self.conversations[claimed.id] = {"$set": held}
        self.begun.append(Begun(subject, part["n"]))
        return self.begun[-1]


def holds(claimed: Claimed, conversation: Document) -> bool:
    """Whether the conversation is still ours."""
    work = conversation.get("delivery") or {}
    return (work.get("token"), work.get("fence")) == (claimed.token, claimed.fence)


def subject_of(message: Document, conversation: Document) -> Subject:
    return Subject(
        Tracked(message["_id"], message, stored=True),
        Tracked(conversation["_id"], conversation, stored=True),
    )
