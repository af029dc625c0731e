"""A private answer to a comment goes home: into the inbox conversation of whoever got it.

It is written in the thread of the comment, because nobody knows before which person the platform
will give it to. Its answer or its echo says so, whichever is first; then the message moves, and
the comment keeps a link to where it went.
"""

from inbox.conversations.changes import RefusePrivateAnswer
from inbox.conversations.heeding import heed_reply
from inbox.conversations.model import IdentityRef, ThreadRef
from inbox.conversations.naming import learn_name
from inbox.conversations.sheet import Sheet, Tracked


def bring_home(
    sheet: Sheet, message: Tracked, home: ThreadRef, customer: IdentityRef | None
) -> None:
    """Move `message` to `home`, if it is a private answer that the platform has taken."""
    private = message.get("private")
    left = sheet.threads.get(message.get("conversation_id"))
    if private is None or left is None or left.get("kind") != "comment" or home.kind != "inbox":
        return
    if message.get("sent_at") is None:
        return
    thread = sheet.thread(home, bot_id=left.get("bot_id"))
    comment = sheet.messages.get(private.get("message_id"))
    if customer is not None:
        _meet_customer(sheet, thread, customer, comment)
    thread.put("seq", thread.get("seq") + 1)
    message.put("conversation_id", thread.id)
    message.put("seq", thread.get("seq"))
    message.put("private", {**private, "conversation_id": left.id})
    for alias in sheet.aliases.values():
        if alias.get("message_id") == message.id:
            alias.put("conversation_id", thread.id)
    if comment is not None:
        comment.put("private_answer", {"message_id": message.id, "conversation_id": thread.id})
    if message not in sheet.fresh_messages:
        sheet.fresh_messages.append(message)
    sheet.without_last.update((left.id, thread.id))
    _count(sheet, thread, message)


def _meet_customer(
    sheet: Sheet, thread: Tracked, customer: IdentityRef, comment: Tracked | None
) -> None:
    """Who got the answer wrote the comment: until the channel tells their name, it is that one."""
    known = thread.get("customer_id")
    person = sheet.person(customer) if known is None else sheet.people.get(customer.id)
    if person is None:
        return
    if known is None:
        thread.put("customer_id", person.id)
    name = (comment.get("author") or {}).get("name") if comment is not None else None
    if comment is not None and name and person.get("name") is None:
        learn_name(person, customer.id, name, comment.get("at"))


def _count(sheet: Sheet, thread: Tracked, message: Tracked) -> None:
    """Who wrote in the inbox before has been answered by it."""
    at = message.get("at")
    if not message.get("by_human") or (thread.get("last_out_at") or at) > at:
        return
    thread.put("last_out_at", at)
    heed_reply(sheet, thread)
    if thread.get("waiting_since") is not None:
        sheet.unsettled.add(thread.id)


def refuse_private_answer(sheet: Sheet, change: RefusePrivateAnswer) -> None:
    """The platform says that a comment cannot be answered privately (any more)."""
    comment = sheet.messages.get(change.message.id)
    if comment is None or comment.get("at") is None:
        return
    comment.put("private_refused", {"code": change.code, "at": change.at})
