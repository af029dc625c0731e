"""Messages, echoes, reactions and receipts of Zalo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.events import (
    AccountNoted,
    AnyEvent,
    Delivered,
    File,
    InboundMessage,
    MessageEcho,
    Person,
    Reaction,
    Seen,
    Thread,
)
from channels.zalo.attachments import link, read_attachments, unsupported
from channels.zalo.envelope import Envelope, Side
from channels.zalo.times import moment
from channels.zalo.wire import (
    BrokenEvent,
    elements,
    mapping,
    optional_id,
    optional_text,
    required_id,
)

_REACTION_TAKEN_BACK = "/-remove"
_SHORTEST_USER_ID = 13  # a recipient with fewer digits is a phone number
_HASHED_PHONE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class _Content:
    message_id: str
    text: str | None
    attachments: tuple[File, ...]
    reply_to: str | None
    conversation_id: str | None


def _content(event: Envelope, *further: File) -> _Content:
    """What the message says; something to see even where Zalo sends neither text nor file."""
    message = event.message()
    text = optional_text(message.get("text"))
    label = event.name.rpartition("_")[2]
    attachments = (*read_attachments(message, label=label), *further)
    if text is None and not attachments:
        attachments = (unsupported(label),)
    return _Content(
        message_id=required_id(message.get("msg_id"), "message.msg_id"),
        text=text,
        attachments=attachments,
        reply_to=optional_id(message.get("quote_msg_id")),
        conversation_id=optional_id(message.get("conversation_id")),
    )


def _inbound(
    event: Envelope, account_id: str, thread: Thread, author: Person, *, content: _Content
) -> InboundMessage:
    anonymous = author.temporary and content.conversation_id is not None
    return InboundMessage(
        channel="zalo",
        account_id=account_id,
        at=event.at,
        thread=thread,
        author=author,
        message_id=content.message_id,
        text=content.text,
        attachments=content.attachments,
        reply_to=content.reply_to,
        data={"conversation_id": content.conversation_id} if anonymous else {},
    )


def _echo(event: Envelope, account_id: str, thread: Thread, person: Person | None) -> MessageEcho:
    """`admin_id` is there only when a human typed it in Zalo's own tool.

    Without it, it came through the API: ours or another app's, which only the ids of what we
    sent can tell.
    """
    by_human = mapping(event.raw.get("sender")).get("admin_id")
    content = _content(event)
    return MessageEcho(
        channel="zalo",
        account_id=account_id,
        at=event.at,
        thread=thread,
        person=person,
        message_id=content.message_id,
        source="human" if by_human else "own",
        text=content.text,
        attachments=content.attachments,
        reply_to=content.reply_to,
    )


def user_message(event: Envelope) -> Sequence[AnyEvent]:
    account_id, user_id = event.parties("recipient")
    thread, author = Thread(external_id=user_id), Person(id=user_id)
    return [_inbound(event, account_id, thread, author, content=_content(event))]


def oa_message(event: Envelope) -> Sequence[AnyEvent]:
    account_id, user_id = event.parties("sender")
    return [_echo(event, account_id, Thread(external_id=user_id), Person(id=user_id))]


def anonymous_message(event: Envelope) -> Sequence[AnyEvent]:
    account_id, visitor_id = event.parties("recipient")
    thread, author = Thread(external_id=visitor_id), Person(id=visitor_id, temporary=True)
    return [_inbound(event, account_id, thread, author, content=_content(event))]


def oa_message_to_anonymous(event: Envelope) -> Sequence[AnyEvent]:
    account_id, visitor_id = event.parties("sender")
    visitor = Person(id=visitor_id, temporary=True)
    return [_echo(event, account_id, Thread(external_id=visitor_id), visitor)]


def group_message(event: Envelope) -> Sequence[AnyEvent]:
    account_id = event.account()
    author = Person(id=required_id(event.party("sender"), "sender.id"))
    thread = _group_thread(event, account_id)
    return [_inbound(event, account_id, thread, author, content=_content(event))]


def oa_message_to_group(event: Envelope) -> Sequence[AnyEvent]:
    account_id, _ = event.parties("sender")
    return [_echo(event, account_id, _group_thread(event, account_id), None)]


def _group_thread(event: Envelope, account_id: str) -> Thread:
    """The group is the recipient; some bots read it elsewhere."""
    recipient = mapping(event.raw.get("recipient"))
    places = (
        recipient.get("group_id"),
        recipient.get("id"),
        event.message().get("conversation_id"),
        event.raw.get("group_id"),
    )
    ids = (one for one in map(optional_id, places) if one != account_id)
    return Thread(kind="group", external_id=required_id(next(filter(None, ids), None), "group id"))


def product_question(event: Envelope) -> Sequence[AnyEvent]:
    """A customer asks about a product of the OA's shop: a message with the product as a link."""
    account_id, user_id = event.parties("recipient")
    content = _content(event, link(mapping(event.raw.get("product"))))
    thread, author = Thread(external_id=user_id), Person(id=user_id)
    return [_inbound(event, account_id, thread, author, content=content)]


def user_reaction(event: Envelope) -> Sequence[AnyEvent]:
    account_id, user_id = event.parties("recipient")
    return [_reaction(event, account_id, user_id, by_account=False)]


def oa_reaction(event: Envelope) -> Sequence[AnyEvent]:
    account_id, user_id = event.parties("sender")
    return [_reaction(event, account_id, user_id, by_account=True)]


def _reaction(event: Envelope, account_id: str, user_id: str, *, by_account: bool) -> Reaction:
    message = event.message()
    icon = optional_text(message.get("react_icon"))
    if icon is None:
        raise BrokenEvent("message.react_icon is missing")
    return Reaction(
        channel="zalo",
        account_id=account_id,
        at=event.at,
        thread=Thread(external_id=user_id),
        message_id=required_id(message.get("msg_id"), "message.msg_id"),
        person=None if by_account else Person(id=user_id),
        by_account=by_account,
        emoji=None if icon == _REACTION_TAKEN_BACK else icon,
    )


def received(event: Envelope) -> Sequence[AnyEvent]:
    """Delivered: a chat message to a user, or a template message to a phone number."""
    account_id, recipient_id = event.parties(event.oa_side(otherwise="sender"))
    message = event.message()
    if "tracking_id" in message or "delivery_time" in message or _is_phone(recipient_id):
        return [_template_delivered(event, account_id, recipient_id, message)]
    return [
        Delivered(
            channel="zalo",
            account_id=account_id,
            at=event.at,
            thread=Thread(external_id=recipient_id),
            message_ids=_message_ids(message),
        )
    ]


def seen(event: Envelope) -> Sequence[AnyEvent]:
    account_id, user_id = event.parties(event.oa_side(otherwise="recipient"))
    return [
        Seen(
            channel="zalo",
            account_id=account_id,
            at=event.at,
            thread=Thread(external_id=user_id),
            message_ids=_message_ids(event.message()),
        )
    ]


def _template_delivered(
    event: Envelope, account_id: str, recipient_id: str, message: Mapping[str, Any]
) -> AccountNoted:
    message_id = required_id(message.get("msg_id"), "message.msg_id")
    tracking_id = optional_id(message.get("tracking_id"))
    return AccountNoted(
        channel="zalo",
        account_id=account_id,
        at=moment(message.get("delivery_time"), event.at),
        name="template_delivered",
        key=event.key(message_id, tracking_id),
        data={"message_id": message_id, "tracking_id": tracking_id, "recipient": recipient_id},
        person_ids=() if _is_phone(recipient_id) else (recipient_id,),
    )


def _message_ids(message: Mapping[str, Any]) -> tuple[str, ...]:
    """`msg_ids` (may repeat ids), or the one `msg_id`."""
    listed = elements(message.get("msg_ids")) or elements(message.get("msg_id"))
    if not listed:
        raise BrokenEvent("message.msg_id is missing")
    return tuple(dict.fromkeys(required_id(one, "message.msg_id") for one in listed))


def _is_phone(recipient_id: str) -> bool:
    """Template messages go to "84..." or to its SHA-256 in hex; user ids have 16 to 19 digits."""
    short_number = len(recipient_id) < _SHORTEST_USER_ID and recipient_id.isdecimal()
    return short_number or len(recipient_id) == _HASHED_PHONE_LENGTH


def side_of_oa(name: str) -> Side:
    """Where the OA stands in an event about a message, by the event's name."""
    return "sender" if name.startswith("oa_") or name == "user_received_message" else "recipient"
