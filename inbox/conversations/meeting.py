"""Where the echo of a message of ours and the answer to our sending it meet, whichever is first.

A platform id that belongs to a part of ours is an alias of our message: facts about it are facts
about our message. What came under that id before anybody knew is taken over.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox.conversations.changes import KeepMessage, KeepSent
from inbox.conversations.facts import put_edit, put_hidden, put_reaction, put_removed
from inbox.conversations.homing import bring_home
from inbox.conversations.model import MessageRef
from inbox.conversations.parts import (
    UNDECIDED,
    error_of,
    is_last,
    mark_sent,
    part_at,
    set_part,
)
from inbox.conversations.sheet import Document, Sheet, Tracked
from inbox.ids import message_key
from inbox.mongo.due import due
from inbox.ports import SendUncertain

_REFERENCE = re.compile(r"out:([a-z2-7]{26}):(\d{1,4})", re.ASCII)
_EARLIEST = timedelta(minutes=2)
_LATEST = timedelta(minutes=10)
"""How far the platform's time of an echo may be from ours, of beginning to send, to be its echo
where only the content can tell. Sending takes at most half a lease; clocks differ."""


def reference(message_id: str, n: int) -> str:
    """What we put into a send and the platform may give back in its echo."""
    return f"out:{message_id}:{n}"


def referred(metadata: Any) -> tuple[str, int] | None:
    """The message and the part that a reference names; None where it is none of ours."""
    match = _REFERENCE.fullmatch(metadata) if isinstance(metadata, str) else None
    return (match[1], int(match[2])) if match else None


def correct_guess(sheet: Sheet, change: KeepMessage, stray: Callable[[], Document]) -> None:
    """The webhook of an echo that the history told before says whose it is.

    `stray` is what it is when it is not of ours.
    """
    alias = sheet.aliases.get(change.message.id)
    guess = alias.get("guess") if alias is not None else None
    if alias is None or guess is None or not guess.get("from_history") or change.from_history:
        return
    named = _named(sheet, change)
    if named is not None:
        message, n = named
        if _place(alias) != (message.id, n):
            _take_back(sheet, alias)
            _meet_named(sheet, message, n, change)
        alias.put("guess", None)
    elif change.own:
        alias.put("guess", stray())
    else:
        _take_back(sheet, alias)
        _part(sheet, alias)


def take_echo(sheet: Sheet, change: KeepMessage) -> bool:
    """Whether an outbound message is the echo of one of our parts; that part is sent then."""
    if change.direction != "out":
        return False
    key = change.message.id
    if (alias := sheet.aliases.get(key)) is not None:
        message = sheet.messages.get(alias.get("message_id"))
        if message is not None:
            echo_at = _echo_at(change)
            mark_sent(message, alias.get("part"), change.message.external_id, echo_at=echo_at)
            bring_home(sheet, message, change.thread, change.customer)
            _follow_receipts(sheet, message)
        return True
    named = _named(sheet, change)
    if named is not None:
        _meet_named(sheet, *named, change)
        bring_home(sheet, named[0], change.thread, change.customer)
        return True
    return False


def take_likely_echo(sheet: Sheet, change: KeepMessage, stray: Document) -> bool:
    """As `take_echo` where nothing but the content tells; `stray` is what it is otherwise.

    That is kept with the alias, in case the answer to our send says that it was another message.
    """
    known = sheet.messages.get(change.message.id)
    if known is not None and known.get("at") is not None:
        return False
    kinds = {attachment.kind for attachment in change.attachments}
    told = _Told(change.thread.id, change.at, change.text, kinds)
    likely = _likely(sheet, told)
    if likely is None:
        return False
    _meet(sheet, *likely, change.message, echo_at=_echo_at(change))
    sheet.aliases[change.message.id].put("guess", stray)
    return True


def keep_sent(sheet: Sheet, change: KeepSent) -> None:
    """The platform's answer, or its history, says under which id it has a part of ours."""
    message = sheet.messages.get(change.message_id)
    part = part_at(message, change.part) if message is not None else None
    if message is None or part is None:  # erased meanwhile
        return
    echo_at = None
    alias = sheet.aliases.get(change.message.id)
    if alias is not None and _place(alias) != (message.id, change.part):
        if alias.get("guess") is None:
            if not change.read_back:  # one id for two sends: it was taken, so say so
                mark_sent(message, change.part, None)
            return
        guess = alias.get("guess")
        echo_at = None if guess.get("from_history") else guess["at"]
        _take_back(sheet, alias)
    if not change.read_back:
        _restore_other(sheet, message, part, change.message)
    _meet(sheet, message, change.part, change.message, echo_at=echo_at)
    sheet.aliases[change.message.id].put("guess", None)
    if change.home is not None:
        bring_home(sheet, message, change.home, change.customer)


def _echo_at(change: KeepMessage) -> datetime | None:
    """The platform's time of an echo; that of the history is too coarse to go by."""
    return None if change.from_history else change.at


def _place(alias: Tracked) -> tuple[str, int]:
    return alias.get("message_id"), alias.get("part")


def _named(sheet: Sheet, change: KeepMessage) -> tuple[Tracked, int] | None:
    """The part that the echo itself names. A private answer to a comment is echoed elsewhere."""
    named = referred(change.extra.get("metadata"))
    if named is None:
        return None
    message = sheet.messages.get(named[0])
    if message is None or part_at(message, named[1]) is None:
        return None
    if message.get("conversation_id") != change.thread.id and not message.get("private"):
        return None
    return message, named[1]


@dataclass(frozen=True, slots=True)
class _Told:
    """What an echo without a name tells; `kinds` are those of its attachments."""

    thread_id: str
    at: datetime
    text: str | None
    kinds: Collection[str]


def _likely(sheet: Sheet, told: _Told) -> tuple[Tracked, int] | None:
    """A part on its way, or in doubt, with the same content: the one that was sent at that time.

    Two pictures are alike, and the doubt about the first may outlast the sending of the second.
    """
    found = [
        (abs(told.at - part["at"]), message.get("seq"), part["n"], message)
        for message in sheet.messages.values()
        if message.get("pending") and message.get("conversation_id") == told.thread_id
        for part in message.get("parts")
        if _is_open(part) and _is_like(message, part, told)
    ]
    if not found:
        return None
    _, _, n, message = min(found, key=lambda one: one[:3])
    return message, n


def _is_open(part: Document) -> bool:
    if part["state"] in ("sending", "uncertain"):
        return True
    return bool(part["state"] == "failed" and part["error"]["code"] in UNDECIDED)


def _is_like(message: Tracked, part: Document, told: _Told) -> bool:
    if not part["at"] - _EARLIEST <= told.at <= part["at"] + _LATEST:
        return False
    content = part.get("content") or {}
    if content.get("sticker") is not None:
        return "sticker" in told.kinds
    if content.get("file") is not None:
        return message.get("attachments")[content["file"]]["kind"] in told.kinds
    return _words(content.get("text")) == _words(told.text)


def _words(text: str | None) -> list[str]:
    return (text or "").split()


def _meet(sheet: Sheet, message: Tracked, n: int, ref: MessageRef, *, echo_at: Any = None) -> None:
    """This platform id is this part of ours, from now on and for what came before."""
    came_before = sheet.messages.get(ref.id)
    if came_before is not None and not came_before.get("from_history"):
        echo_at = echo_at or came_before.get("at")
    mark_sent(message, n, ref.external_id, echo_at=echo_at)
    _let_followers_go(sheet, message)
    alias = sheet.aliases.get(ref.id)
    if alias is None or _place(alias) != (message.id, n):
        sheet.put_alias(ref.id, message.id, n, message.get("conversation_id"))
        sheet.gone[ref.id] = sheet.messages.pop(ref.id, None)
        if came_before is not None:
            _take_over(sheet, came_before, message, n)
        for other in sheet.messages.values():
            if other.get("reply_to") == ref.id:
                other.put("reply_to", message.id)
        if (thread := sheet.threads.get(message.get("conversation_id"))) is not None:
            thread.put("sent_parts", (thread.get("sent_parts") or 0) + 1)
    _follow_receipts(sheet, message)


def _meet_named(sheet: Sheet, message: Tracked, n: int, change: KeepMessage) -> None:
    """What an echo names is certain: what was taken for that part by its words is another's."""
    part = part_at(message, n)
    assert part is not None
    _restore_other(sheet, message, part, change.message)
    _meet(sheet, message, n, change.message, echo_at=change.at)


def _let_followers_go(sheet: Sheet, message: Tracked) -> None:
    """What waited for a doubt to end waits no longer; whoever holds the thread looks by itself."""
    thread = sheet.threads.get(message.get("conversation_id"))
    delivery = thread.get("delivery") if thread is not None else None
    if delivery is None or "token" in delivery or delivery.get("due_at", sheet.now) <= sheet.now:
        return
    assert thread is not None
    thread.put("delivery", {**delivery, "due_at": sheet.now})


def _take_over(sheet: Sheet, came_before: Tracked, message: Tracked, n: int) -> None:
    """Facts that waited under the platform's id, or its own document of the echo."""
    _take_facts(came_before, message, n)
    if came_before in sheet.fresh_messages:
        sheet.fresh_messages.remove(came_before)
    if came_before.get("at") is None:
        return
    sheet.replaced.setdefault(message.id, []).append(came_before.id)
    thread = sheet.threads.get(came_before.get("conversation_id"))
    if thread is not None and (thread.get("last") or {}).get("message_id") == came_before.id:
        sheet.without_last.add(thread.id)


def _take_facts(came_before: Tracked, message: Tracked, n: int) -> None:
    for name in ("delivered_at", "seen_at"):
        if is_last(message, n) and came_before.get(name) is not None:
            message.put_earlier(name, came_before.get(name))
    for person, reaction in (came_before.get("reactions") or {}).items():
        put_reaction(message, person, reaction)
    if (edit := came_before.get("edit")) is not None:
        put_edit(message, edit)
    if (hidden := came_before.get("hidden")) is not None:
        put_hidden(message, hidden)
    if (removed_at := came_before.get("removed_at")) is not None:
        put_removed(message, removed_at)


def _follow_receipts(sheet: Sheet, message: Tracked) -> None:
    """What reached the customer says that everything before it did, in the platform's time."""
    thread = sheet.threads.get(message.get("conversation_id"))
    times = [part["echo_at"] for part in message.get("parts") if "echo_at" in part]
    if thread is None or not times or message.get("sent_at") is None:
        return
    for name in ("delivered_at", "seen_at"):
        if message.get(name) is not None:
            thread.put_later(name, max(times))


def _take_back(sheet: Sheet, alias: Tracked) -> None:
    """The part that was thought to be this platform id is in doubt again."""
    other = sheet.messages.get(alias.get("message_id"))
    if other is None or part_at(other, alias.get("part")) is None:
        return
    set_part(
        other,
        alias.get("part"),
        state="uncertain",
        external_id=None,
        echo_at=None,
        check_at=sheet.now,
        error=error_of(SendUncertain(), sheet.now),
    )
    thread = sheet.threads.get(other.get("conversation_id"))
    if thread is not None and thread.get("delivery") is None:
        thread.put("delivery", due(sheet.now))


def _give_to_likely(sheet: Sheet, alias: Tracked, thread_id: str, external_id: str) -> bool:
    """Whether a part in doubt has the words of this echo; it is that part's then, as a guess."""
    guess = alias.get("guess")
    kinds = {attachment["kind"] for attachment in guess.get("attachments") or ()}
    likely = _likely(sheet, _Told(thread_id, guess["at"], guess.get("text"), kinds))
    if likely is None:
        return False
    message, n = likely
    echo_at = None if guess.get("from_history") else guess["at"]
    mark_sent(message, n, external_id, echo_at=echo_at)
    _let_followers_go(sheet, message)
    sheet.put_alias(alias.id, message.id, n, thread_id)
    _follow_receipts(sheet, message)
    return True


def _restore_other(sheet: Sheet, message: Tracked, part: Document, ref: MessageRef) -> None:
    """The echo that was taken for this part was of another: of a part in doubt with the same
    words, or a message of somebody else's, which is shown.
    """
    taken_for = part.get("external_id")
    if taken_for is None or taken_for == ref.external_id:
        return
    key = message_key(ref.channel, ref.account_id, taken_for)
    alias = sheet.aliases.get(key)
    if alias is None or alias.get("guess") is None:
        return
    set_part(message, part["n"], external_id=None, echo_at=None)
    if _give_to_likely(sheet, alias, message.get("conversation_id"), taken_for):
        return
    _part(sheet, alias)
    thread = sheet.threads[message.get("conversation_id")]
    thread.put("seq", thread.get("seq") + 1)
    document = {**alias.get("guess"), "seq": thread.get("seq")}
    restored = sheet.messages.setdefault(key, Tracked(key, {"_id": key}, stored=False))
    for name, value in document.items():
        restored.put(name, value)
    sheet.fresh_messages.append(restored)
    sheet.without_last.add(thread.id)
    if document.get("from_history"):  # perhaps a person's answer, which was not counted
        sheet.recount.add(thread.id)


def _part(sheet: Sheet, alias: Tracked) -> None:
    """This platform id is no part of ours; what was kept under it before this batch stays."""
    del sheet.aliases[alias.id]
    sheet.parted.add(alias.id)
    kept = sheet.gone.pop(alias.id, None)
    if kept is not None:
        sheet.messages[alias.id] = kept
