"""What Zalo tells when a script's move happens."""

from datetime import datetime, timedelta
from functools import singledispatchmethod

from app.demo import zalo
from app.demo.conversations.story import (
    Answers,
    FillsForm,
    Follows,
    Media,
    Move,
    OpensChat,
    Reacts,
    Writes,
)
from app.demo.delivery import Delivery
from app.demo.scene import Scene
from app.demo.zalo import Json, envelope, from_customer, from_oa

_ARRIVES_AFTER = timedelta(milliseconds=700)
_READ_BEFORE_ANSWERING = timedelta(milliseconds=1500)
_ONE_AFTER_ANOTHER = timedelta(milliseconds=20)
_REACTIONS = {"love": "/-heart", "like": "/-strong", "haha": ":>", None: "/-remove"}

Part = tuple[str, Media | None]


class ZaloActor:
    """Plays moves on an OA; signs with the OA secret key of the app."""

    def __init__(self, app_id: str, oa_secret_key: str) -> None:
        self._app_id = app_id
        self._oa_secret_key = oa_secret_key

    def act(self, move: Move, scene: Scene, at: datetime) -> list[Delivery]:
        """Everything that is delivered because of `move`: one POST for each event."""
        events = [*self._seen(move, scene, at), *self._events(move, scene, at)]
        return [zalo.delivery(event, self._app_id, self._oa_secret_key) for event in events]

    def _seen(self, move: Move, scene: Scene, at: datetime) -> list[Json]:
        """Only a customer who writes or reacts has surely read what came before."""
        reads = isinstance(move, Writes) or (isinstance(move, Reacts) and not move.by_shop)
        if not reads or scene.shop_at is None or not (unseen := scene.take_unseen()):
            return []
        read_at = max(at - _READ_BEFORE_ANSWERING, scene.shop_at + _ARRIVES_AFTER)
        message = {"msg_ids": unseen}
        return [from_customer(scene, "user_seen_message", read_at, message=message)]

    @singledispatchmethod
    def _events(self, move: Move, _scene: Scene, _at: datetime) -> list[Json]:
        raise TypeError(f"nothing like {type(move).__name__} happens on Zalo")

    @_events.register
    def _(self, move: Writes, scene: Scene, at: datetime) -> list[Json]:
        """Several files are several messages; a text goes with the first that can have one."""
        events = []
        for number, part in enumerate(_parts(move.text, move.media)):
            message = _message(scene, part, move.quotes)
            scene.keep(move, message["msg_id"])
            name = f"user_send_{_label(part)}"
            sent_at = at + number * _ONE_AFTER_ANOTHER
            events.append(from_customer(scene, name, sent_at, message=message))
        return events

    @_events.register
    def _(self, move: Answers, scene: Scene, at: datetime) -> list[Json]:
        events = []
        sent_at = at
        for number, part in enumerate(_parts(move.text, move.media)):
            sent_at = at + number * _ONE_AFTER_ANOTHER
            message = _message(scene, part, move.quotes)
            scene.keep(move, message["msg_id"])
            scene.shop_wrote(message["msg_id"], sent_at)
            name, by_human = f"oa_send_{_label(part)}", move.by == "human"
            events.append(from_oa(scene, name, sent_at, by_human=by_human, message=message))
        return [*events, _received(scene, sent_at + _ARRIVES_AFTER)]

    @_events.register
    def _(self, move: Follows, scene: Scene, at: datetime) -> list[Json]:
        name = "follow" if move.following else "unfollow"
        follower = {"id": scene.person.external_id}
        oa_id = scene.account.account_id
        return [envelope(scene, name, at, oa_id=oa_id, follower=follower, source="oa_profile")]

    @_events.register
    def _(self, _move: OpensChat, scene: Scene, at: datetime) -> list[Json]:
        oa_id, user_id = scene.account.account_id, scene.person.external_id
        return [envelope(scene, "user_click_chatnow", at, oa_id=oa_id, user_id=user_id)]

    @_events.register
    def _(self, _move: FillsForm, scene: Scene, at: datetime) -> list[Json]:
        words = scene.details.words
        street, _, city = words["address"].rpartition(", ")
        info = {
            "name": words["full_name"],
            "phone": "84" + words["phone"].removeprefix("0"),
            "user_dob": "21/04/1998",
            "gender": "Nữ",
            "full_address": {"user_city": city, "user_ward": "", "user_address": street},
        }
        return [from_customer(scene, "user_submit_info", at, info=info)]

    @_events.register
    def _(self, move: Reacts, scene: Scene, at: datetime) -> list[Json]:
        icon = _REACTIONS[move.reaction]
        message = {"msg_id": scene.id_of(move.to), "react_icon": icon}
        if move.by_shop:
            return [from_oa(scene, "oa_reacted_message", at, by_human=True, message=message)]
        return [from_customer(scene, "user_reacted_message", at, message=message)]


def _parts(text: str, media: tuple[Media, ...]) -> list[Part]:
    """The messages that text and media become."""
    if not media:
        return [(text, None)]
    captioned = media[0].kind in ("image", "link", "contact")
    if text and not captioned:
        return [(text, None), *(("", one) for one in media)]
    return [(text, media[0]), *(("", one) for one in media[1:])]


def _label(part: Part) -> str:
    _, media = part
    return "text" if media is None else zalo.event_label(media)


def _message(scene: Scene, part: Part, quotes: str) -> Json:
    text, media = part
    message: Json = {"msg_id": scene.next_hash().hex()[:20]}
    if quotes:
        message["quote_msg_id"] = scene.id_of(quotes)
    if text:
        message["text"] = scene.text(text)
    if media is not None:
        message["attachments"] = [zalo.attachment(scene, media)]
    return message


def _received(scene: Scene, at: datetime) -> Json:
    """The newest of the OA's messages reached the customer's phone."""
    sender, recipient = {"id": scene.account.account_id}, {"id": scene.person.external_id}
    message = {"msg_id": scene.unseen[-1]}
    return envelope(
        scene, "user_received_message", at, sender=sender, recipient=recipient, message=message
    )
