"""What happens in a Messenger or Instagram thread: messages, echoes, receipts, postbacks."""

from typing import Literal

from channels.events import (
    Delivered,
    File,
    InboundMessage,
    MessageEcho,
    MessageEdited,
    MessageRemoved,
    Postback,
    Reaction,
    Seen,
)
from channels.facebook.attachments import UNSUPPORTED, message_files
from channels.facebook.exchange import Exchange, thread_with
from channels.facebook.times import epoch_ms, moment
from channels.facebook.values import (
    Broken,
    JsonObject,
    identifier,
    json_text,
    kept,
    mapping,
    optional_identifier,
    text,
)
from inbox.ids import hash_id

_INBOX_APPS = frozenset({"263902037430900", "26390203743090", "1217981644879628"})
"""Meta's own inboxes (the second is how Meta's reference prints the first), and Instagram's."""

_DETAILS = ("commands", "tags")


def message(exchange: Exchange, value: JsonObject) -> InboundMessage | MessageEcho | MessageRemoved:
    """Any `message`: written by the customer, written by the account, or taken back."""
    if value.get("is_deleted") is True:
        return MessageRemoved(
            **exchange.common,
            thread=thread_with(exchange.partner()),
            message_id=identifier(value.get("mid"), "mid"),
        )
    if value.get("is_echo") is True:
        return _echo(exchange, value)
    author = exchange.customer()
    written = text(value.get("text"), "text")
    quick_reply = value.get("quick_reply")
    if quick_reply is not None:
        quick_reply = text(mapping(quick_reply, "quick_reply").get("payload"), "payload")
    return InboundMessage(
        **exchange.common,
        thread=thread_with(author),
        author=author,
        message_id=_message_id(exchange, value),
        text=written,
        attachments=_files(value, written),
        reply_to=_replied_to(value),
        quick_reply=quick_reply,
        referral=_referral(value),
        data=_details(exchange, value),
    )


def edit(exchange: Exchange, value: JsonObject) -> MessageEdited:
    number = value.get("num_edit")  # Meta's samples print it quoted
    if type(number) is str and number.isascii() and number.isdigit() and len(number) < len("999"):
        number = int(number)
    if type(number) is not int:
        raise Broken("num_edit_invalid")
    return MessageEdited(
        **exchange.common,
        thread=thread_with(exchange.partner()),
        message_id=identifier(value.get("mid"), "mid"),
        number=number,
        text=text(value.get("text"), "text") or "",
    )


def reaction(exchange: Exchange, value: JsonObject) -> Reaction:
    partner = exchange.partner()
    emoji = text(value.get("emoji"), "emoji") or text(value.get("reaction"), "reaction")
    taken_back = value.get("action") == "unreact"
    if not (emoji or taken_back):
        raise Broken("reaction_missing")
    return Reaction(
        **exchange.common,
        thread=thread_with(partner),
        message_id=identifier(value.get("mid"), "mid"),
        person=None if exchange.from_account else partner,
        by_account=exchange.from_account,
        emoji=None if taken_back else emoji,
    )


def delivery(exchange: Exchange, value: JsonObject) -> Delivered:
    mids = value.get("mids") or []
    if type(mids) is not list:
        raise Broken("mids_invalid")
    return Delivered(
        **exchange.common,
        thread=thread_with(exchange.customer()),
        up_to=moment(value.get("watermark")),
        message_ids=tuple(identifier(mid, "mid") for mid in mids),
    )


def read(exchange: Exchange, value: JsonObject) -> Seen:
    """Messenger tells until when, Instagram up to which message."""
    mid = optional_identifier(value.get("mid"), "mid")
    return Seen(
        **exchange.common,
        thread=thread_with(exchange.customer()),
        up_to=moment(value.get("watermark")),
        message_ids=() if mid is None else (mid,),
    )


def postback(exchange: Exchange, value: JsonObject) -> Postback:
    author = exchange.customer()
    payload = text(value.get("payload"), "payload")
    mid = optional_identifier(value.get("mid"), "mid")
    if mid is None:
        key = hash_id("postback", author.id, str(epoch_ms(exchange.at)), payload or "")
        mid = f"pb_{key}"
    return Postback(
        **exchange.common,
        thread=thread_with(author),
        author=author,
        message_id=mid,
        title=text(value.get("title"), "title"),
        payload=payload,
        referral=_referral(value),
    )


def _echo(exchange: Exchange, value: JsonObject) -> MessageEcho:
    person = exchange.addressee()
    app_id = optional_identifier(value.get("app_id"), "app_id")
    written = text(value.get("text"), "text")
    return MessageEcho(
        **exchange.common,
        thread=thread_with(person),
        person=person,
        message_id=_message_id(exchange, value),
        source=_source(exchange, app_id),
        text=written,
        attachments=_files(value, written),
        reply_to=_replied_to(value),
        metadata=text(value.get("metadata"), "metadata"),
        app_id=app_id,
    )


def _source(exchange: Exchange, app_id: str | None) -> Literal["own", "human", "automation"]:
    """Without an app id it is Instagram's own app, or Messenger's instant reply."""
    if app_id is None:
        return "human" if exchange.place.channel == "instagram" else "automation"
    if app_id in _INBOX_APPS:
        return "human"
    return "own" if app_id == exchange.place.own_app_id else "automation"


def _message_id(exchange: Exchange, value: JsonObject) -> str:
    """Meta's id; where it is missing, a hash of who, when and what."""
    mid = optional_identifier(value.get("mid"), "mid")
    if mid is not None:
        return mid
    key = hash_id(
        "message",
        exchange.sender_id or "",
        exchange.recipient_id or "",
        str(epoch_ms(exchange.at)),
        json_text(value),
    )
    return f"nomid_{key}"


def _files(value: JsonObject, written: str | None) -> tuple[File, ...]:
    """The attachments; something that cannot be shown stands in for a message without content."""
    files = message_files(value)
    return files if files or written is not None else (UNSUPPORTED,)


def _replied_to(value: JsonObject) -> str | None:
    target = value.get("reply_to")
    if target is None:
        return None
    return optional_identifier(mapping(target, "reply_to").get("mid"), "reply_to")


def _referral(value: JsonObject) -> JsonObject | None:
    referral = value.get("referral")
    return None if referral is None else mapping(kept(referral), "referral")


def _details(exchange: Exchange, value: JsonObject) -> JsonObject:
    """What else is worth keeping: the story answered, commands, and which flow it came from."""
    details = {name: kept(value[name]) for name in _DETAILS if name in value}
    if (target := value.get("reply_to")) is not None and "story" in target:
        details["story"] = kept(target["story"])
    if (hop := exchange.element.get("hop_context")) is not None:
        details["hop_context"] = kept(hop)
    return details
