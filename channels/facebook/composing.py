"""Writes a part as the JSON that the Send API takes: pure."""

from datetime import datetime

from channels.facebook import limits
from channels.facebook.answers import JsonObject
from channels.facebook.failures import MessageInvalid
from inbox.ports import Button, Card, Outgoing, Part, Recipient


def request_of(
    outgoing: Outgoing, attachment_id: str | None, *, human_agent: bool, now: datetime
) -> JsonObject:
    """The body of one send; `attachment_id` is that of the part's file, uploaded before.

    Raises:
        MessageInvalid: the part cannot be written (a sticker that is no number).
    """
    request = {
        "recipient": _recipient(outgoing.recipient),
        **_messaging_type(outgoing, human_agent=human_agent, now=now),
        "message": {
            **_content(outgoing, attachment_id),
            **_quick_replies(outgoing.part),
            "metadata": outgoing.reference[: limits.METADATA_CHARACTERS],
        },
    }
    if outgoing.reply_to is not None and outgoing.recipient.comment_id is None:
        request["reply_to"] = {"mid": outgoing.reply_to}
    return request


def _recipient(recipient: Recipient) -> JsonObject:
    if recipient.comment_id is not None:
        return {"comment_id": recipient.comment_id}
    return {"id": recipient.external_id}


def _messaging_type(outgoing: Outgoing, *, human_agent: bool, now: datetime) -> JsonObject:
    """The human-agent tag only for people, and only where RESPONSE ended: after 24 hours, up to
    7 days. Beyond, or when something else opened a window, the platform decides.

    Source: https://developers.facebook.com/docs/messenger-platform/send-messages/message-tags
    """
    last_in_at = outgoing.last_in_at
    if human_agent and outgoing.by_human and last_in_at is not None:
        silent_for = now - last_in_at
        if limits.STANDARD_WINDOW < silent_for <= limits.HUMAN_AGENT_WINDOW:
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"messaging_type": "RESPONSE"}


def _content(outgoing: Outgoing, attachment_id: str | None) -> JsonObject:
    part = outgoing.part
    if part.sticker is not None:
        return _sticker(part.sticker, outgoing)
    if outgoing.file is not None:
        assert attachment_id is not None, "a file is uploaded before it is sent"
        payload = {"attachment_id": attachment_id}
        return {"attachment": {"type": outgoing.file.kind, "payload": payload}}
    if part.cards:
        elements = [_card(card) for card in part.cards]
        cards = {"template_type": "generic", "elements": elements}
        return {"attachment": {"type": "template", "payload": cards}}
    if part.buttons:
        template = {
            "template_type": "button",
            "text": part.text,
            "buttons": [_button(button) for button in part.buttons],
        }
        return {"attachment": {"type": "template", "payload": template}}
    return {"text": part.text}


def _sticker(sticker: str, outgoing: Outgoing) -> JsonObject:
    if outgoing.account.channel == "instagram":
        if sticker != limits.INSTAGRAM_STICKER:
            raise MessageInvalid("Instagram knows one sticker only")
        return {"attachment": {"type": sticker}}
    if not (sticker.isascii() and sticker.isdecimal()):
        raise MessageInvalid("a sticker is a number")
    return {"sticker_id": int(sticker)}


def _card(card: Card) -> JsonObject:
    """https://developers.facebook.com/docs/messenger-platform/reference/templates/generic"""
    element: JsonObject = {"title": card.title[: limits.CARD_TITLE]}
    if card.subtitle is not None:
        element["subtitle"] = card.subtitle[: limits.CARD_TITLE]
    if card.image_url is not None:
        element["image_url"] = card.image_url
    if card.url is not None:
        element["default_action"] = {"type": "web_url", "url": card.url}
    if card.buttons:
        element["buttons"] = [_button(button) for button in card.buttons]
    return element


def _button(button: Button) -> JsonObject:
    if button.url is not None:
        return {"type": "web_url", "title": button.title.strip(), "url": button.url}
    return {"type": "postback", "title": button.title.strip(), "payload": button.payload}


def _quick_replies(part: Part) -> JsonObject:
    if not part.quick_replies:
        return {}
    replies = [
        {
            "content_type": "text",
            "title": reply.title.strip(),
            "payload": reply.payload or reply.title.strip(),
        }
        for reply in part.quick_replies
    ]
    return {"quick_replies": replies}
