"""What Facebook and Instagram tell when a script's move happens."""

from datetime import datetime, timedelta
from functools import singledispatchmethod

from app.demo import facebook
from app.demo.comment_events import comment_entries
from app.demo.conversations.story import (
    Answers,
    Arrives,
    Edits,
    FillsForm,
    Media,
    Move,
    Presses,
    Reacts,
    Removes,
    Writes,
)
from app.demo.delivery import Delivery, epoch_ms
from app.demo.facebook import Json, event, messaging_entry
from app.demo.scene import Scene

_ARRIVES_AFTER = timedelta(milliseconds=700)
_READ_BEFORE_ANSWERING = timedelta(milliseconds=1500)
_REACTIONS = {"love": "❤️", "like": "👍", "haha": "😆"}
_AD_ID = "120200000000000501"


class MetaActor:
    """Plays moves on a Facebook page or an Instagram account; signs with the app's secret."""

    def __init__(self, app_secret: str) -> None:
        self._app_secret = app_secret

    def act(self, move: Move, scene: Scene, at: datetime) -> list[Delivery]:
        """Everything that is delivered because of `move`; receipts travel in POSTs of their own.

        Every now and then Meta puts a receipt and the message after it into one body.
        """
        if scene.story.in_public:
            entries = comment_entries(move, scene, at)
        else:
            entries = [*self._seen(move, scene, at), *self._entries(move, scene, at)]
        together = len(entries) > 1 and epoch_ms(at) % 3 == 0
        bodies = [entries] if together else [[entry] for entry in entries]
        return [facebook.delivery(scene.account, body, self._app_secret) for body in bodies]

    def _seen(self, move: Move, scene: Scene, at: datetime) -> list[Json]:
        """A customer who does something has read what came before."""
        by_shop = isinstance(move, Answers) or (isinstance(move, Reacts) and move.by_shop)
        if by_shop or scene.shop_at is None or not (unseen := scene.take_unseen()):
            return []
        read_at = max(at - _READ_BEFORE_ANSWERING, scene.shop_at + _ARRIVES_AFTER)
        read: Json = {"watermark": epoch_ms(read_at)}
        if scene.account.channel == "instagram":
            read = {"mid": unseen[-1]}
        return [messaging_entry(scene, read_at, event(scene, read_at, read=read))]

    @singledispatchmethod
    def _entries(self, move: Move, _scene: Scene, _at: datetime) -> list[Json]:
        raise TypeError(f"nothing like {type(move).__name__} happens on Meta's channels")

    @_entries.register
    def _(self, move: Writes, scene: Scene, at: datetime) -> list[Json]:
        message = _message(scene, move.text, move.media, move.quotes)
        if move.ad:
            message["referral"] = _ad_referral(scene, move.ad)
        if move.quick_reply:
            message["quick_reply"] = {"payload": scene.text(move.quick_reply)}
        scene.keep(move, message["mid"])
        return [messaging_entry(scene, at, event(scene, at, message=message))]

    @_entries.register
    def _(self, move: Answers, scene: Scene, at: datetime) -> list[Json]:
        """A text and files are sent one by one, each with its echo."""
        parts: list[tuple[str, tuple[Media, ...]]] = [("", (media,)) for media in move.media]
        if move.text:
            parts.insert(0, (move.text, ()))
        entries = []
        for number, (text, media) in enumerate(parts):
            sent_at = at + timedelta(milliseconds=20 * number)
            echo = _message(scene, text, media, move.quotes)
            echo["is_echo"] = True
            if move.by == "human" and scene.account.channel == "facebook":
                echo["app_id"] = facebook.PAGE_INBOX_APP_ID
            scene.keep(move, echo["mid"])
            scene.shop_wrote(echo["mid"], sent_at)
            element = event(scene, sent_at, from_account=True, message=echo)
            entries.append(messaging_entry(scene, sent_at, element))
        if scene.account.channel == "facebook":  # Instagram tells of no deliveries
            entries.append(_delivered(scene, at + _ARRIVES_AFTER))
        return entries

    @_entries.register
    def _(self, move: Presses, scene: Scene, at: datetime) -> list[Json]:
        postback: Json = {"mid": _new_mid(scene), "title": move.title, "payload": move.payload}
        if move.ref:
            postback["referral"] = _link_referral(move.ref)
        scene.keep(move, postback["mid"])
        return [messaging_entry(scene, at, event(scene, at, postback=postback))]

    @_entries.register
    def _(self, move: Arrives, scene: Scene, at: datetime) -> list[Json]:
        return [messaging_entry(scene, at, event(scene, at, referral=_link_referral(move.ref)))]

    @_entries.register
    def _(self, _move: FillsForm, scene: Scene, at: datetime) -> list[Json]:
        words = scene.details.words
        street, _, city = words["address"].rpartition(", ")
        answers = {
            "country": "VN",
            "name": words["full_name"],
            "phone": words["phone"],
            "administrative_area": city,
            "address_line_1": street,
        }
        responses = [{"key": key, "value": value} for key, value in answers.items()]
        form = {"screens": [{"screen_id": "Giao hàng", "responses": responses}]}
        element = event(scene, at, messaging_customer_information=form)
        return [messaging_entry(scene, at, element)]

    @_entries.register
    def _(self, move: Reacts, scene: Scene, at: datetime) -> list[Json]:
        reaction: Json = {"action": "unreact", "mid": scene.id_of(move.to)}
        if move.reaction is not None:
            emoji = _REACTIONS[move.reaction]
            reaction |= {"action": "react", "reaction": move.reaction, "emoji": emoji}
        element = event(scene, at, from_account=move.by_shop, reaction=reaction)
        return [messaging_entry(scene, at, element)]

    @_entries.register
    def _(self, move: Edits, scene: Scene, at: datetime) -> list[Json]:
        edit = {"mid": scene.id_of(move.of), "text": scene.text(move.text), "num_edit": 1}
        return [messaging_entry(scene, at, event(scene, at, message_edit=edit))]

    @_entries.register
    def _(self, move: Removes, scene: Scene, at: datetime) -> list[Json]:
        unsent = {"mid": scene.id_of(move.of), "is_deleted": True}
        return [messaging_entry(scene, at, event(scene, at, message=unsent))]


def _new_mid(scene: Scene) -> str:
    return ("aWdf" if scene.account.channel == "instagram" else "m_") + scene.next_token()


def _message(scene: Scene, text: str, media: tuple[Media, ...], quotes: str) -> Json:
    message: Json = {"mid": _new_mid(scene)}
    if text:
        message["text"] = scene.text(text)
    if media:
        message["attachments"] = [facebook.attachment(scene, one) for one in media]
    if quotes:
        message["reply_to"] = {"mid": scene.id_of(quotes), "is_self_reply": False}
    return message


def _delivered(scene: Scene, at: datetime) -> Json:
    """Meta gives a delivery no time of its own, only the watermark."""
    element = event(scene, at, delivery={"mids": list(scene.unseen), "watermark": epoch_ms(at)})
    del element["timestamp"]
    return messaging_entry(scene, at, element)


def _link_referral(ref: str) -> Json:
    return {"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}


def _ad_referral(scene: Scene, title: str) -> Json:
    context = {"ad_title": title, "photo_url": scene.media_url(scene.details.picture)}
    return {
        "ref": "quang-cao-thu-dong",
        "ad_id": _AD_ID,
        "source": "ADS",
        "type": "OPEN_THREAD",
        "ads_context_data": context,
    }
