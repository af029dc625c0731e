"""Events of a bot as Meta's webhooks tell them: the element of `messaging`, pure.

Source: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels.messenger_gateway.choosing import Pressed
from channels.messenger_gateway.model import PAGE_INBOX_APP, mid_of
from inbox.automations.model import Event

Json = dict[str, Any]
View = Mapping[str, Any]

_MEDIA = frozenset({"image", "video", "audio", "file"})
_JUST_NOW = timedelta(seconds=60)
"""A change of a message tells the whole message: what is younger than this is what changed."""
GET_STARTED_TITLE = "Get Started"
"""What Messenger writes on the button in English; Zalo's is called "Quan tâm"."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The ids of both sides of a thread, and that of the program where an app's would be."""

    person: str
    page: str
    app: str


def element(sides: Sides, at: datetime, *, echo: bool = False, **content: Any) -> Json:
    """One element of `messaging`; the page is the sender of an echo."""
    sender, recipient = (sides.page, sides.person) if echo else (sides.person, sides.page)
    return {
        "sender": {"id": sender},
        "recipient": {"id": recipient},
        "timestamp": epoch_ms(at),
        **content,
    }


def received(sides: Sides, event: Event, pressed: Pressed | None) -> Json | None:
    """A customer's message: text and attachments, a quick reply, or the press of a button."""
    view: View = event.data["message"]
    at = _moment(view["at"], event.at)
    mid = mid_of(view["id"])
    if pressed is not None and not pressed.quick:
        said = {"mid": mid, "title": pressed.title, "payload": pressed.payload}
        return element(sides, at, postback=said)
    message: Json = {"mid": mid, **_content(view)}
    if pressed is not None:
        message["text"] = pressed.title
        message["quick_reply"] = {"payload": pressed.payload}
    if len(message) == 1:
        return None
    return element(sides, at, message=message)


def echo(sides: Sides, event: Event) -> Json | None:
    """What others of the shop wrote. Only of people it is told which app they wrote it with."""
    view: View = event.data["message"]
    content = _content(view)
    if not content or view.get("internal"):
        return None
    message: Json = {"mid": mid_of(view["id"]), "is_echo": True, **content}
    if view["author"]["kind"] == "staff":
        message["app_id"] = int(PAGE_INBOX_APP)
    return element(sides, _moment(view["at"], event.at), echo=True, message=message)


def changed(sides: Sides, event: Event) -> Json | None:
    """What became of a message: a reaction, an edit, or how far it got."""
    view: View = event.data["message"]
    mid = mid_of(view["id"])
    incoming = view["direction"] == "in"
    reactions = view.get("reactions") or ()
    newest = reactions[-1] if reactions else None
    if newest is not None and _is_new(newest["at"], event.at):
        said = {"reaction": "other", "emoji": newest["emoji"], "action": "react", "mid": mid}
        return element(sides, _moment(newest["at"], event.at), echo=incoming, reaction=said)
    if incoming:
        edited_at = view.get("edited_at")
        if edited_at is None or not _is_new(edited_at, event.at) or not view.get("text"):
            return None
        edit = {"mid": mid, "text": view["text"], "num_edit": 1}
        return element(sides, _moment(edited_at, event.at), message_edit=edit)
    return _receipt(sides, event, view, mid)


def _receipt(sides: Sides, event: Event, view: View, mid: str) -> Json | None:
    watermark = epoch_ms(_moment(view["at"], event.at))
    if view["status"] == "delivered":
        return element(sides, event.at, delivery={"mids": [mid], "watermark": watermark})
    if view["status"] == "read":
        return element(sides, event.at, read={"watermark": watermark})
    return None


def started(sides: Sides, event: Event, payload: str) -> Json:
    """Somebody follows the account: the button "Get Started" of Messenger."""
    said = {"mid": mid_of(event.id), "title": GET_STARTED_TITLE, "payload": payload}
    return element(sides, event.at, postback=said)


def control_changed(sides: Sides, event: Event) -> Json:
    """Who has the conversation now, in the words of the handover protocol."""
    people, program = int(PAGE_INBOX_APP), int(sides.app)
    owner = str(event.data["owner"])
    metadata = {"metadata": owner}
    if owner == "program":
        said = {"previous_owner_app_id": people, "new_owner_app_id": program, **metadata}
        return element(sides, event.at, pass_thread_control=said)
    said = {"previous_owner_app_id": program, "new_owner_app_id": people, **metadata}
    return element(sides, event.at, take_thread_control=said)


def epoch_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _content(view: View) -> Json:
    """Text, attachments and what is answered, as far as there is any."""
    content: Json = {}
    if view.get("text"):
        content["text"] = view["text"]
    attachments = [one for given in view["attachments"] if (one := _attachment(given))]
    if attachments:
        content["attachments"] = attachments
    if content and view.get("reply_to"):
        content["reply_to"] = {"mid": mid_of(view["reply_to"])}
    return content


def _attachment(given: View) -> Json | None:
    kind, data = given["kind"], given.get("data") or {}
    if kind in _MEDIA:
        return {"type": kind, "payload": {"url": given["url"]}}
    if kind == "sticker":
        id_ = data.get("sticker_id")
        sticker = {} if id_ is None else {"sticker_id": id_}
        return {"type": "image", "payload": {"url": given["url"], **sticker}}
    if kind == "location":
        place = {"lat": data.get("lat"), "long": data.get("long")}
        return {"type": "location", "title": given["name"], "payload": {"coordinates": place}}
    if kind in ("link", "contact"):
        title = given["name"] or data.get("phone")
        return {"type": "fallback", "title": title, "url": given["url"], "payload": None}
    return None


def _is_new(moment: str, at: datetime) -> bool:
    return _moment(moment, at) >= at - _JUST_NOW


def _moment(told: str | None, otherwise: datetime) -> datetime:
    """A time of a view (ISO 8601 in UTC)."""
    return otherwise if told is None else datetime.fromisoformat(told)
