"""What automations have to heed of what was said: when to be silent, and what happened."""

from inbox.conversations.automation import after_reply, consent_of
from inbox.conversations.changes import AnswerCustomer, KeepMessage
from inbox.conversations.lateness import is_late
from inbox.conversations.sheet import Sheet, Tracked
from inbox.ids import hash_id
from inbox.mongo.due import due
from inbox.signals.model import Signal, SignalKind
from inbox.text import printable


def heed_reply(sheet: Sheet, thread: Tracked) -> None:
    """Have automations silent for a while after the newest answer of a person."""
    replied_at, pause = thread.get("last_out_at"), sheet.terms.pause_after_reply
    thread.put("automation", after_reply(thread.get("automation"), replied_at, pause))


def heed_customer(sheet: Sheet, thread: Tracked, message: Tracked, change: KeepMessage) -> None:
    """Note that a customer wrote; call it before their message is counted."""
    heed_consent(thread, change)
    if not _is_by_customer(sheet, thread, change):
        return
    triggers = thread.get("bot_id") in sheet.terms.triggering
    if thread.get("automated") or triggers:
        first = thread.get("last_in_at") is None
        _signal(sheet, thread, "customer_wrote", message, change, first=first)
    consent = _consent(thread, change)
    if consent is None:
        return
    if consent == "out" and thread.get("automated"):
        _signal(sheet, thread, "opted_out", message, change)
    _tell(sheet, thread, f"opted_{consent}", message, change)


def heed_staff(sheet: Sheet, thread: Tracked, message: Tracked, change: KeepMessage) -> None:
    """Note that a person of the shop answered elsewhere."""
    if thread.get("automated") and thread.get("customer_id") is not None:
        _signal(sheet, thread, "staff_wrote", message, change)


def keep_answer(sheet: Sheet, thread: Tracked, change: AnswerCustomer) -> None:
    """What a program wants to say is said soon; what is of long ago is answered no more."""
    if is_late(change.at, sheet.now):
        return
    id_ = hash_id("answer", thread.id, change.program, change.key, str(change.nth))
    sheet.answers[id_] = {
        "_id": id_,
        "conversation_id": thread.id,
        "customer_id": thread.get("customer_id"),
        "at": change.at,
        "n": change.nth,
        "program": change.program,
        "text": printable(change.text),
        "choices": list(change.choices),
        "work": due(sheet.now),
    }


def heed_consent(thread: Tracked, change: KeepMessage) -> None:
    """Keep the customer's newest word on automatic messages, in whatever order words come.

    Of two at the same time, the one that ends them counts.
    """
    consent = _consent(thread, change)
    if consent is None:
        return
    last = thread.get("consent_at")
    if last is not None and (change.at < last or (change.at == last and consent == "in")):
        return
    thread.put("consent_at", change.at)
    thread.put("opted_out_at", change.at if consent == "out" else None)


def _consent(thread: Tracked, change: KeepMessage) -> str | None:
    """Under a post and in a group nobody speaks of messages of ours to them."""
    if change.direction != "in" or thread.get("kind") != "inbox":
        return None
    return consent_of(change.text)


def _is_by_customer(sheet: Sheet, thread: Tracked, change: KeepMessage) -> bool:
    """Whether the customer of the thread wrote it; under a post others write too."""
    customer_id: str | None = thread.get("customer_id")
    if customer_id is None or change.writer is None:
        return customer_id is not None
    person = sheet.people.get(change.writer.id)
    return customer_id == (change.writer.id if person is None else person.id)


def _signal(
    sheet: Sheet,
    thread: Tracked,
    kind: SignalKind,
    message: Tracked,
    change: KeepMessage,
    *,
    first: bool = False,
) -> None:
    sheet.signals.append(
        Signal(
            kind=kind,
            at=change.at,
            customer_id=thread.get("customer_id"),
            bot_id=thread.get("bot_id"),
            conversation_id=thread.id,
            message_id=message.id,
            first=first,
            late=is_late(change.at, sheet.now),
        )
    )


def _tell(sheet: Sheet, thread: Tracked, kind: str, message: Tracked, change: KeepMessage) -> None:
    """A row of the timeline; the same message is the same row."""
    id_ = hash_id("interaction", thread.id, kind, message.id)
    sheet.interactions[id_] = {
        "_id": id_,
        "customer_id": thread.get("customer_id"),
        "conversation_id": thread.id,
        "type": kind,
        "at": change.at,
        "data": {},
    }
