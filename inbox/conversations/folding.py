"""Changes folded into a sheet: pure rules whose result does not depend on order or repetition.

Newest wins where there is one value (by platform time, ties by content), earliest where an
event is final, sets where facts add up. What a batch cannot know (who waits since when, after a
reply came late) is marked `unsettled` and read from the messages afterwards.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from inbox.conversations.changes import (
    Acknowledge,
    AnswerCustomer,
    AskErasure,
    Change,
    ChangeFollow,
    EditMessage,
    HideMessage,
    KeepMessage,
    KeepSent,
    NoteAccountEvent,
    NoteInteraction,
    PassThread,
    React,
    RefusePrivateAnswer,
    RemoveMessage,
    ShareInfo,
)
from inbox.conversations.correcting import correct
from inbox.conversations.facts import (
    GONE_WITH_REMOVAL,
    put_edit,
    put_hidden,
    put_reaction,
    put_removed,
)
from inbox.conversations.heeding import (
    heed_consent,
    heed_customer,
    heed_reply,
    heed_staff,
    keep_answer,
)
from inbox.conversations.homing import refuse_private_answer
from inbox.conversations.lateness import is_late
from inbox.conversations.meeting import correct_guess, keep_sent, take_echo, take_likely_echo
from inbox.conversations.model import Window
from inbox.conversations.naming import learn_name, look_at_profile, put_newer
from inbox.conversations.parts import is_last, reached_at
from inbox.conversations.previewing import preview
from inbox.conversations.sheet import Document, Sheet, Tracked
from inbox.conversations.withholding import withhold
from inbox.ids import account_key, hash_id
from inbox.mongo.documents import INT64_MAX, storable
from inbox.text import printable


def fold(sheet: Sheet, change: Change) -> None:
    """Apply one change to the sheet."""
    _FOLDS[type(change)](sheet, change)


def settle(thread: Tracked, first_unanswered: datetime | None) -> None:
    """Set since when the customer waits: the first message after the last human reply."""
    thread.put("waiting_since", first_unanswered)


def refresh_last(thread: Tracked, message: Tracked) -> None:
    """Show an edited or removed message in its thread's preview, if it is the last one."""
    last = thread.get("last")
    if last is not None and last["message_id"] == message.id and message.get("at") is not None:
        thread.put("last", preview(message))


def _keep_message(sheet: Sheet, change: KeepMessage) -> None:
    if _is_of_ours(sheet, change):
        return
    message = sheet.message(change.message)
    if message.get("at") is None:
        _keep_new(sheet, message, change)
    elif message.get("from_history") and not change.from_history:
        thread = _thread_with(sheet, change.thread.id, change)
        correct(sheet, message, _fields(sheet, change, thread.id))
        heed_consent(thread, change)
        _open_window(thread, change.window)
    elif message.get("standby") and not change.standby:
        _take_over(sheet, message, change)


def _keep_new(sheet: Sheet, message: Tracked, change: KeepMessage) -> None:
    thread = _thread_with(sheet, change.thread.id, change)
    _fill(sheet, message, change, thread)
    sheet.fresh_messages.append(message)
    if change.direction == "in":
        heed_customer(sheet, thread, message, change)
        _count_inbound(sheet, thread, change)
        withhold(sheet, thread, message, change)
    elif change.human_reply:
        _count_reply(sheet, thread, change.at)
        heed_staff(sheet, thread, message, change)
    _open_window(thread, change.window)
    last = thread.get("last")
    if last is None or (change.at, message.id) > (last["at"], last["message_id"]):
        thread.put("last", preview(message))
    for kind in ("delivered_at", "seen_at"):
        if message.get(kind) is not None:
            thread.put_later(kind, change.at)


def _is_of_ours(sheet: Sheet, change: KeepMessage) -> bool:
    """Whether it is the echo of a message of ours, which is marked as sent then."""
    correct_guess(sheet, change, lambda: _stray(sheet, change))
    if take_echo(sheet, change):
        return True
    return change.own and take_likely_echo(sheet, change, _stray(sheet, change))


def _take_over(sheet: Sheet, message: Tracked, change: KeepMessage) -> None:
    """Told on standby before, now to us as the thread's owner, with what standby withholds."""
    if not change.from_history:  # which does not know who owns the thread
        message.put("standby", None)
        if message.get("removed_at") is None:
            message.put("payload", change.payload)
    _open_window(sheet.thread(change.thread), change.window)


def _thread_with(sheet: Sheet, thread_id: str, change: Any) -> Tracked:
    """The thread of a change, with its customer known as soon as anything names them."""
    thread = sheet.threads.get(thread_id) or sheet.thread(change.thread)
    if change.customer is None:
        return thread
    if thread.get("customer_id") is None:
        thread.put("customer_id", sheet.person(change.customer).id)
    name = getattr(change, "customer_name", None)
    if name:
        learn_name(sheet.person(change.customer), change.customer.id, name, change.at)
    return thread


def _fill(sheet: Sheet, message: Tracked, change: KeepMessage, thread: Tracked) -> None:
    thread.put("seq", thread.get("seq") + 1)
    removed = message.get("removed_at") is not None
    fields = _fields(sheet, change, thread.id) | {"seq": thread.get("seq")}
    if removed:
        fields |= dict.fromkeys(GONE_WITH_REMOVAL) | {"attachments": []}
    for name, value in fields.items():
        message.put(name, value)


def _fields(sheet: Sheet, change: KeepMessage, conversation_id: str) -> Document:
    """What the platform says of a message; None for what it does not say."""
    author: Document = {"kind": change.author.kind}
    if change.author.id is not None:
        author["id"] = change.author.id
    if change.author.name is not None:
        author["name"] = printable(change.author.name)
    fields: Document = {
        "conversation_id": conversation_id,
        "direction": change.direction,
        "author": author,
        "text": None if change.text is None else printable(change.text),
        "attachments": [_attachment(one) for one in change.attachments],
        "at": change.at,
        "status": "received" if change.direction == "in" else "sent",
        "internal": False,
        "reply_to": sheet.resolved(change.reply_to) if change.reply_to is not None else None,
        "payload": change.payload,
        "standby": True if change.standby else None,
        "from_history": True if change.from_history else None,
    }
    fields |= storable(change.extra)
    return fields


def _stray(sheet: Sheet, change: KeepMessage) -> Document:
    """An echo as the message that it is when it is not of ours."""
    ref = {"channel": change.message.channel, "external_id": change.message.external_id}
    fields: Document = ref | _fields(sheet, change, change.thread.id)
    return {name: value for name, value in fields.items() if value is not None}


def _attachment(attachment: Any) -> Document:
    return {
        "kind": attachment.kind,
        "name": printable(attachment.name) if attachment.name else None,
        "size": storable(attachment.size),
        "mime": attachment.mime,
        "url": attachment.url,
        "thumbnail_url": attachment.thumbnail_url,
        "data": storable(attachment.data),
        "keep_copy": attachment.keep_copy,
    }


def _count_inbound(sheet: Sheet, thread: Tracked, change: KeepMessage) -> None:
    thread.put("unread", thread.get("unread") + 1)
    _keep_reply_context(thread, change)
    look_at_profile(sheet, thread, change)
    thread.put_later("last_in_at", change.at)
    if is_late(change.at, sheet.now):  # nobody is alarmed because of it
        thread.put_later("late_in_at", change.at)
    last_out_at = thread.get("last_out_at")
    if last_out_at is None or change.at > last_out_at:
        thread.put_earlier("waiting_since", change.at)
    # Nobody had seen it: it must not stay behind closed doors. A replay of long ago opens nothing.
    unseen = not is_late(change.at, sheet.now) or change.at > thread.get("status_at")
    if unseen and thread.get("status") in ("closed", "deleted"):
        thread.put("status", "open")  # `status_at` stays: the same in every order of messages


def _keep_reply_context(thread: Tracked, change: KeepMessage) -> None:
    """What an answer to an anonymous visitor must carry, from their newest message."""
    value = (change.extra.get("data") or {}).get("conversation_id")
    if value is None or change.customer is None or not change.customer.temporary:
        return
    latest = {"value": value, "at": change.at}
    current = thread.get("reply_context")
    if current is None or (change.at, value) > (current["at"], current["value"]):
        thread.put("reply_context", latest)


def _count_reply(sheet: Sheet, thread: Tracked, at: datetime) -> None:
    last_out_at = thread.get("last_out_at")
    if last_out_at is not None and at <= last_out_at:
        return
    thread.put("last_out_at", at)
    heed_reply(sheet, thread)
    waiting_since = thread.get("waiting_since")
    if waiting_since is None or waiting_since > at:
        return
    if thread.get("last_in_at") <= at:
        thread.put("waiting_since", None)
    else:  # the reply came late: some message after it may be the first unanswered one
        sheet.unsettled.add(thread.id)


def _open_window(thread: Tracked, window: Window | None) -> None:
    if window is None:
        return
    current = thread.get("window")
    if current is not None and not _is_longer(window, current):
        return
    thread.put(
        "window",
        {"until": window.until, "kind": window.kind, "free_until": window.free_until},
    )


def _is_longer(window: Window, current: Document) -> bool:
    """What the platform has closed is opened by anything that it lets last longer."""
    if "closed_at" in current:
        closed_at: datetime = current["closed_at"]
        return window.until > closed_at
    return (window.until, window.kind) > (current["until"], current["kind"])


def _edit(sheet: Sheet, change: EditMessage) -> None:
    message = sheet.message(change.message)
    if message.get("conversation_id") is None and change.thread is not None:
        message.put("conversation_id", change.thread.id)  # so that an erasure finds the words
    number = min(change.number, INT64_MAX)
    put_edit(message, {"number": number, "text": printable(change.text), "at": change.at})


def _remove(sheet: Sheet, change: RemoveMessage) -> None:
    put_removed(sheet.message(change.message), change.at)


def _hide(sheet: Sheet, change: HideMessage) -> None:
    put_hidden(sheet.message(change.message), {"value": change.hidden, "at": change.at})


def _react(sheet: Sheet, change: React) -> None:
    latest = {"emoji": storable(change.emoji), "at": change.at}
    put_reaction(sheet.message(change.message), change.person, latest)
    if change.window is not None and change.thread is not None:
        _open_window(sheet.thread(change.thread), change.window)


def _acknowledge(sheet: Sheet, change: Acknowledge) -> None:
    name = f"{change.kind}_at"
    if change.up_to is not None:
        sheet.thread(change.thread).put_later(name, change.up_to)
    for ref in change.messages:
        message = sheet.message(ref)
        part = sheet.part_of(ref)
        if part is not None and not is_last(message, part):
            continue  # a message of ours has arrived when its last part has
        message.put_earlier(name, change.at)
        if (reached := reached_at(message)) is not None:
            sheet.thread(change.thread).put_later(name, reached)


def _keep_sent(sheet: Sheet, change: KeepSent) -> None:
    keep_sent(sheet, change)
    thread = sheet.threads.get(change.thread.id)
    if change.window and thread is not None:
        correct_window(thread, change.window, sheet.now)


def correct_window(thread: Tracked, told: Document, now: datetime) -> None:
    """Believe what the platform's answer says of the window.

    `told` may hold `until`, `kind`, `free_until`, and `cost`: anything but "free" says that the
    free time is over.
    """
    window = dict(thread.get("window") or {})
    for name in ("until", "kind", "free_until"):
        if told.get(name) is not None:
            window[name] = told[name]
    free_until = window.get("free_until")
    charged = told.get("cost", "free") != "free"
    if charged and free_until is not None and free_until > now:
        window["free_until"] = now
    if "until" in window and "kind" in window:
        thread.put("window", window)


def close_window(thread: Tracked, now: datetime) -> None:
    """The platform says that the window is over; the next message of the customer opens it."""
    window = thread.get("window") or {"until": now, "kind": "standard"}
    until = min(window["until"], now)
    thread.put("window", {**window, "until": until, "closed_at": now})


def _note_interaction(sheet: Sheet, change: NoteInteraction) -> None:
    thread = _thread_with(sheet, change.thread.id, change)
    _open_window(thread, change.window)
    id_ = hash_id("interaction", thread.id, change.type, change.key)
    sheet.interactions[id_] = {
        "_id": id_,
        "customer_id": thread.get("customer_id"),
        "conversation_id": thread.id,
        "type": change.type,
        "at": change.at,
        "data": storable(change.data),
    }


def _change_follow(sheet: Sheet, change: ChangeFollow) -> None:
    _thread_with(sheet, change.thread.id, change)
    latest = {"value": change.following, "at": change.at}
    put_newer(sheet.person(change.customer), change.customer, "follows", latest)


def _share_info(sheet: Sheet, change: ShareInfo) -> None:
    _thread_with(sheet, change.thread.id, change)
    latest = {**storable(change.info), "at": change.at}
    put_newer(sheet.person(change.customer), change.customer, "shared", latest)


def _pass_thread(sheet: Sheet, change: PassThread) -> None:
    thread = _thread_with(sheet, change.thread.id, change)
    current = thread.get("thread_owner")
    rank = (change.at, change.app_id or "")
    if current is None or rank > (current["at"], current["app_id"] or ""):
        thread.put("thread_owner", {"app_id": change.app_id, "at": change.at})


def _ask_erasure(sheet: Sheet, change: AskErasure) -> None:
    sheet.erasures.add((change.customer, change.at))


def _answer(sheet: Sheet, change: AnswerCustomer) -> None:
    keep_answer(sheet, _thread_with(sheet, change.thread.id, change), change)


def _note_account_event(sheet: Sheet, change: NoteAccountEvent) -> None:
    key = account_key(change.channel, change.account_id)
    id_ = hash_id("account_event", key, change.type, change.key)
    sheet.account_events[id_] = {
        "_id": id_,
        "account_key": key,
        "channel": change.channel,
        "account_id": change.account_id,
        "type": change.type,
        "at": change.at,
        "data": storable(change.data),
        "subjects": sorted(person.id for person in change.people),
    }


_FOLDS: dict[type, Callable[[Sheet, Any], None]] = {
    KeepMessage: _keep_message,
    KeepSent: _keep_sent,
    EditMessage: _edit,
    RemoveMessage: _remove,
    HideMessage: _hide,
    RefusePrivateAnswer: refuse_private_answer,
    React: _react,
    Acknowledge: _acknowledge,
    NoteInteraction: _note_interaction,
    ChangeFollow: _change_follow,
    ShareInfo: _share_info,
    PassThread: _pass_thread,
    AskErasure: _ask_erasure,
    NoteAccountEvent: _note_account_event,
    AnswerCustomer: _answer,
}
