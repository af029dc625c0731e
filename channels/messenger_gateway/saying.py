"""What one message of the Send API becomes here: the table of docs/messenger-gateway.md, pure.

A message is a few pieces in order: a text with its choices, or a file. Channels then do with each
piece what they can (channels/zalo/planning.py, channels/facebook/planning.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from channels.messenger_gateway.errors import invalid
from channels.messenger_gateway.receipts import receipt_text
from inbox.ports import Button, Card

Given = Mapping[str, Any]

TITLE_MOST = 20
"""Characters of a button or quick reply, on Facebook as on Zalo; Messenger cuts longer ones."""
BUTTONS_MOST = 3
QUICK_REPLIES_MOST = 13
ELEMENTS_MOST = 10
PAYLOAD_MOST = 1000
LINK_MOST = 2000
TEXT_MOST = 2000
"""https://developers.facebook.com/docs/messenger-platform/reference/send-api and /templates"""
CHOOSE = "Mời bạn chọn:"
"""Above buttons that have no text of their own: under a picture, a video or a link."""
_MEDIA = ("image", "video", "audio", "file")


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file that a message names: by a link, or kept before. `upload_id` is ours."""

    kind: str
    url: str | None = None
    upload_id: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of ours; `cards` name their pictures by links."""

    text: str | None = None
    media: MediaRef | None = None
    buttons: tuple[Button, ...] = ()
    quick_replies: tuple[Button, ...] = ()
    cards: tuple[Card, ...] = ()


def pieces_of(message: Given, form_file: str | None) -> tuple[Piece, ...]:
    """The pieces of `message`; `form_file` is the upload of a multipart request.

    Raises:
        GraphError: nothing to send, or something that Messenger would refuse as well.
    """
    pieces = _content(message, form_file)
    choices = _quick_replies(message.get("quick_replies"))
    if choices:
        pieces = (*pieces[:-1], replace(pieces[-1], quick_replies=choices))
    return pieces


def _content(message: Given, form_file: str | None) -> tuple[Piece, ...]:
    text, attachment = message.get("text"), message.get("attachment")
    several = message.get("attachments")
    if isinstance(several, list) and several:
        return tuple(_media_piece(_mapping(one, "attachments"), None) for one in several)
    if attachment is not None:
        given = _mapping(attachment, "message[attachment]")
        return _attachment(given, form_file)
    if text is None or not str(text).strip():
        raise invalid("Param message must be non-empty: text or attachment is required")
    if len(str(text)) > TEXT_MOST:
        raise invalid(f"Length of param message[text] must be less than or equal to {TEXT_MOST}")
    return (Piece(text=str(text)),)


def _attachment(given: Given, form_file: str | None) -> tuple[Piece, ...]:
    kind = given.get("type")
    if kind in _MEDIA:
        return (_media_piece(given, form_file),)
    payload = _mapping(given.get("payload"), "message[attachment][payload]")
    if kind != "template":
        raise invalid("param message[attachment][type] must be one of the types of attachments")
    return _template(payload)


def _media_piece(given: Given, form_file: str | None) -> Piece:
    return Piece(media=media_of(given, form_file))


def media_of(given: Given, form_file: str | None) -> MediaRef:
    """The file of an attachment; `form_file` where it came with the request itself."""
    kind = str(given.get("type"))
    if kind not in _MEDIA:
        raise invalid("param attachment[type] must be one of {IMAGE, AUDIO, VIDEO, FILE}")
    payload = given.get("payload") or {}
    return _media(kind, _mapping(payload, "attachment[payload]"), form_file)


def _media(kind: str, payload: Given, form_file: str | None = None) -> MediaRef:
    kept = payload.get("attachment_id")
    url = payload.get("url")
    if kept is not None:
        return MediaRef(kind, upload_id=str(kept))
    if url:
        return MediaRef(kind, url=str(url))
    if form_file is not None:
        return MediaRef(kind, upload_id=form_file)
    raise invalid("Incorrect number of files uploaded. Must upload exactly one file.", 2018005)


def _template(payload: Given) -> tuple[Piece, ...]:
    match payload.get("template_type"):
        case "generic" | "list":
            return _cards(payload)
        case "button":
            text = _required(payload, "text")
            return (Piece(text=text, buttons=_buttons(payload.get("buttons"))),)
        case "media":
            return _media_template(payload)
        case "open_graph":
            return _open_graph(payload)
        case "receipt":
            return (Piece(text=receipt_text(payload)),)
        case "coupon":
            return _coupon(payload)
        case kind:
            raise invalid(f"param message[attachment][payload][template_type]: {kind} is not taken")


def _cards(payload: Given) -> tuple[Piece, ...]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or not 0 < len(elements) <= ELEMENTS_MOST:
        raise invalid(f"param elements must have 1 to {ELEMENTS_MOST} elements")
    said = _as_cards(tuple(_card(_mapping(one, "elements")) for one in elements))
    below = _buttons(payload.get("buttons"))
    return (said, Piece(text=CHOOSE, buttons=below)) if below else (said,)


def _as_cards(cards: tuple[Card, ...]) -> Piece:
    """Their words besides, for who shows no cards: agents among others."""
    words = ("\n".join(one for one in (card.title, card.subtitle) if one) for card in cards)
    return Piece(text="\n\n".join(words), cards=cards)


def _card(element: Given) -> Card:
    action = element.get("default_action")
    link = action.get("url") if isinstance(action, Mapping) else element.get("item_url")
    return Card(
        title=_required(element, "title"),
        subtitle=_optional(element, "subtitle"),
        image_url=_optional(element, "image_url"),
        url=_link({"url": link}, "url") if link else None,
        buttons=_buttons(element.get("buttons")),
    )


def _media_template(payload: Given) -> tuple[Piece, ...]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1:
        raise invalid("param elements must have exactly one element")
    element = _mapping(elements[0], "elements")
    kind = str(element.get("media_type"))
    if kind not in ("image", "video"):
        raise invalid("param media_type must be one of {IMAGE, VIDEO}")
    file = Piece(media=_media(kind, element))
    return _with_buttons_below(file, _buttons(element.get("buttons")))


def _open_graph(payload: Given) -> tuple[Piece, ...]:
    elements = payload.get("elements")
    first = elements[0] if isinstance(elements, list) and elements else None
    element = _mapping(first, "elements")
    link = _link(element, "url")
    return (Piece(text=link, buttons=_buttons(element.get("buttons"))),)


def _coupon(payload: Given) -> tuple[Piece, ...]:
    lines = (_optional(payload, "subtitle"), _optional(payload, "coupon_code"))
    card = Card(
        title=_required(payload, "title"),
        subtitle="\n".join(line for line in lines if line) or None,
        image_url=_optional(payload, "image_url"),
        url=_link(payload, "coupon_url") if payload.get("coupon_url") else None,
    )
    return (_as_cards((card,)),)


def _with_buttons_below(piece: Piece, buttons: tuple[Button, ...]) -> tuple[Piece, ...]:
    return (piece, Piece(text=CHOOSE, buttons=buttons)) if buttons else (piece,)


def _buttons(given: Any) -> tuple[Button, ...]:
    if not given:
        return ()
    if not isinstance(given, list) or len(given) > BUTTONS_MOST:
        raise invalid(f"param buttons must have at most {BUTTONS_MOST} elements")
    return tuple(_button(_mapping(one, "buttons")) for one in given)


def _button(given: Given) -> Button:
    """Whatever opens something opens it here too; the rest comes back as a postback."""
    title = str(given.get("title") or "")
    match given.get("type"):
        case "web_url" | "account_link":
            return Button(_cut(title or "Mở liên kết"), url=_link(given, "url"))
        case "phone_number":
            number = "".join(_required(given, "payload").split())
            return Button(_cut(_required(given, "title")), url=f"tel:{number}")
        case "postback":
            return Button(_cut(_required(given, "title")), payload=_payload(given))
        case "account_unlink" | "log_out":
            return Button(_cut(title or "Đăng xuất"), payload="ACCOUNT_UNLINK")
        case kind:
            raise invalid(f"param buttons: type {kind} is not taken")


def _quick_replies(given: Any) -> tuple[Button, ...]:
    """Those with a text. What Messenger fills in by itself (phone, e-mail) customers type."""
    if not given:
        return ()
    if not isinstance(given, list) or len(given) > QUICK_REPLIES_MOST:
        raise invalid(f"param quick_replies must have at most {QUICK_REPLIES_MOST} elements")
    replies = [_mapping(one, "quick_replies") for one in given]
    return tuple(
        Button(_cut(_required(one, "title")), payload=_payload({"payload": one["title"], **one}))
        for one in replies
        if one.get("content_type", "text") == "text"
    )


def _cut(title: str) -> str:
    title = title.strip()
    return title if len(title) <= TITLE_MOST else f"{title[: TITLE_MOST - 1].rstrip()}…"


def _payload(given: Given) -> str:
    payload = _required(given, "payload")
    if len(payload) > PAYLOAD_MOST:
        raise invalid(f"Length of param payload must be less than or equal to {PAYLOAD_MOST}")
    return payload


def _link(given: Given, name: str) -> str:
    link = _required(given, name)
    if len(link) > LINK_MOST or not link.startswith(("https://", "http://")):
        raise invalid(f"param {name} must be a link that begins with https://")
    return link


def _optional(given: Given, name: str) -> str | None:
    value = given.get(name)
    return str(value) if value else None


def _required(given: Given, name: str) -> str:
    value = given.get(name)
    if value is None or not str(value).strip():
        raise invalid(f"The parameter {name} is required")
    return str(value)


def _mapping(given: Any, name: str) -> Given:
    if not isinstance(given, Mapping):
        raise invalid(f"param {name} must be a JSON object.")
    return given
