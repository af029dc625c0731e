"""Sending as an OA: who may be written to, when and what it costs, with what.

Source: https://developers.zalo.me/docs/official-account/tin-nhan/tin-tu-van
"""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from app.demo.answering import Answering
from app.demo.delivery import epoch_ms
from app.demo.exchange import Accepted
from app.demo.ledger import Gesture, Kind, Ledger, Received, ReceivedFile
from app.demo.openapi.errors import ZaloError
from app.demo.openapi.uploads import OaUploads
from app.demo.reports import ZaloReports
from app.demo.world import Customer, Json, Said, ThreadKind, World

FREE_WINDOW = timedelta(hours=48)
WINDOW = timedelta(days=7)
_LONGEST_TEXT = 2000  # characters after NFC
_MOST_BUTTONS = 5
PACKAGE = 2000
_THREADS: dict[Kind, ThreadKind] = {"group": "group", "anonymous": "visitor"}


@dataclass(frozen=True, slots=True)
class _Content:
    """A message as it arrives; `label` ends the name of its echo's event."""

    label: str
    text: str | None
    attachments: tuple[Json, ...] = ()
    files: tuple[ReceivedFile, ...] = ()


class OaMessages:
    """The calls that send. `remaining` is what is left of each OA's package; after it, messages
    are billed, or refused with -320 where `billing` is off.
    """

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        uploads: OaUploads,
        reports: ZaloReports,
        answering: Answering,
    ) -> None:
        self.remaining: dict[str, int] = {}
        self.billing = True
        self._world = world
        self._ledger = ledger
        self._uploads = uploads
        self._reports = reports
        self._answering = answering

    def to_user(self, oa_id: str, asked: Json) -> Accepted:
        """POST /v3.0/oa/message/cs."""
        user_id = _recipient(asked, "user_id")
        customer = self._world.customer(oa_id, user_id)
        if customer is None:
            raise ZaloError(-201, "user_id is invalid")
        if customer.refuses:
            raise ZaloError(-244)
        content = self._content(oa_id, asked)
        quota = self._quota(customer)
        said = self._keep(oa_id, user_id, content, asked, "message")
        data: Json = {"message_id": said.id, "user_id": user_id}
        if quota is not None:  # without it, the message was billed
            data |= {"sent_time": str(epoch_ms(said.at)), "quota": quota}
        account = self._world.accounts[oa_id]
        echoes = self._reports.echo(account, user_id, said, f"oa_send_{content.label}")
        return Accepted(
            _success(data),
            echoes,
            said.id,
            afterwards=lambda: self._answering.take(customer, said),
        )

    def to_group(self, oa_id: str, asked: Json) -> Accepted:
        """POST /v3.0/oa/group/message: to a group that has written to the OA."""
        group_id = _recipient(asked, "group_id")
        if self._world.customer(oa_id, group_id) is None:
            raise ZaloError(-403)
        content = self._content(oa_id, asked)
        said = self._keep(oa_id, group_id, content, asked, "group")
        account = self._world.accounts[oa_id]
        echoes = self._reports.echo(account, group_id, said, f"oa_send_group_{content.label}")
        data = {"message_id": said.id, "group_id": group_id}
        return Accepted(_success(data), echoes, said.id)

    def other(self, oa_id: str, asked: Json) -> Accepted:
        """POST /v2.0/oa/message: reactions and anonymous visitors; the rest of v2 is closed."""
        recipient = asked.get("recipient") or {}
        if "sender_action" in asked:
            return self._react(oa_id, asked)
        if "anonymous_id" in recipient:
            return self._to_visitor(oa_id, asked)
        raise ZaloError(-240)

    def _to_visitor(self, oa_id: str, asked: Json) -> Accepted:
        visitor_id = _recipient(asked, "anonymous_id")
        conversation_id = _recipient(asked, "conversation_id")
        if self._world.customer(oa_id, visitor_id) is None:
            raise ZaloError(-201, "anonymous_id is invalid")
        content = self._content(oa_id, asked)
        said = self._keep(oa_id, visitor_id, content, asked, "anonymous")
        account = self._world.accounts[oa_id]
        name = f"oa_send_anonymous_{content.label}"
        echoes = self._reports.echo(
            account, visitor_id, said, name, conversation_id=conversation_id
        )
        data = {"message_id": said.id, "anonymous_id": visitor_id}
        return Accepted(_success(data), echoes, said.id)

    def _react(self, oa_id: str, asked: Json) -> Accepted:
        user_id = _recipient(asked, "user_id")
        action = asked["sender_action"]
        message_id, icon = action.get("react_message_id", ""), action.get("react_icon", "")
        found = self._world.message(message_id)
        if not icon or found is None or found[0].account_id != oa_id:
            raise ZaloError(-201, "react_message_id is invalid")
        now = self._world.clock.now()
        data = {"message_id": message_id, "react_icon": icon}
        self._ledger.gestures.append(Gesture(oa_id, user_id, "react", now, data))
        account = self._world.accounts[oa_id]
        echoes = self._reports.reaction(account, user_id, message_id, icon, now)
        return Accepted(_success({"message_id": message_id, "user_id": user_id}), echoes)

    def _quota(self, customer: Customer) -> Json | None:
        """What the message costs; None when it is billed.

        Raises:
            ZaloError: -230 outside the window; -320 nobody pays.
        """
        wrote_at = customer.wrote_at
        age = self._world.clock.now() - wrote_at if wrote_at is not None else None
        if age is None or age > WINDOW:
            raise ZaloError(-230)
        if age <= FREE_WINDOW:
            return {"quota_type": "reply"}
        left = self.remaining.get(customer.account_id, PACKAGE)
        if left > 0:
            self.remaining[customer.account_id] = left - 1
            until = (self._world.clock.now() + timedelta(days=30)).strftime("%d/%m/%Y")
            return {
                "quota_type": "sub_quota",
                "remain": str(left - 1),
                "total": str(PACKAGE),
                "expired_date": until,
            }
        if not self.billing:
            raise ZaloError(-320)
        return None

    def _content(self, oa_id: str, asked: Json) -> _Content:
        message = asked.get("message")
        if not isinstance(message, dict):
            raise ZaloError(-201, "message is invalid")
        text = _checked_text(message)
        attachment = message.get("attachment")
        if attachment is None:
            if text is None:
                raise ZaloError(-201, "message is empty")
            return _Content("text", text)
        payload = attachment.get("payload") or {}
        if attachment.get("type") == "file":
            return self._file(oa_id, payload)
        if attachment.get("type") != "template":
            raise ZaloError(-201, "attachment type is invalid")
        return self._template(oa_id, payload, text)

    def _file(self, oa_id: str, payload: Json) -> _Content:
        found = self._uploads.find(oa_id, payload.get("token"))
        if found.kind != "file":
            raise ZaloError(-100)
        name = found.file.name or ""
        wire = {
            "size": str(found.file.size),
            "name": name,
            "checksum": found.md5,
            "type": name.rpartition(".")[2],
            "url": found.url,
        }
        return _Content("file", None, ({"type": "file", "payload": wire},), (found.file,))

    def _template(self, oa_id: str, payload: Json, text: str | None) -> _Content:
        kind, elements = payload.get("template_type", "button"), payload.get("elements") or []
        buttons = payload.get("buttons") or []
        if len(buttons) > _MOST_BUTTONS:
            raise ZaloError(-210, "buttons are over limit")
        if kind == "media":
            if len(elements) != 1:
                raise ZaloError(-201, "elements must be one")
            return self._media(oa_id, elements[0], text)
        if kind in ("button", "list", "request_user_info"):
            told = text or "".join(str(one.get("title", "")) for one in elements[:1])
            wires = tuple(_link(one) for one in elements)
            label = "list" if kind == "list" else "text"
            files = (ReceivedFile("template", name=kind),)
            return _Content(label, told, wires if kind == "list" else (), files)
        raise ZaloError(-233)

    def _media(self, oa_id: str, element: Json, text: str | None) -> _Content:
        kind = element.get("media_type")
        if kind not in ("image", "gif", "sticker"):
            raise ZaloError(-201, "media_type is invalid")
        if ("url" in element) == ("attachment_id" in element):
            raise ZaloError(-201, "one of url and attachment_id is needed")
        if kind == "gif" and not {"width", "height"} <= element.keys():
            raise ZaloError(-201, "width and height are needed")
        if kind == "sticker":
            sticker_id = str(element.get("attachment_id"))
            url = f"https://zalo-api.zadn.vn/api/emoticon/sticker/webpc?eid={sticker_id}&size=130"
            wire = {"type": "sticker", "payload": {"id": sticker_id, "url": url}}
            return _Content(kind, text, (wire,), (ReceivedFile("sticker", name=sticker_id),))
        file = ReceivedFile(kind, url=element.get("url"))
        if "attachment_id" in element:
            found = self._uploads.find(oa_id, element["attachment_id"])
            if found.kind != kind:
                raise ZaloError(-100)
            file = found.file
        wire = {"type": kind, "payload": {"thumbnail": file.url, "url": file.url}}
        return _Content(kind, text, (wire,), (file,))

    def _keep(self, oa_id: str, to: str, content: _Content, asked: Json, kind: Kind) -> Said:
        """Remember the message; a quoted id that nobody knows is left out without a word."""
        quoted = asked["message"].get("quote_message_id")
        if quoted is not None and self._world.message(quoted) is None:
            quoted = None
        said = Said(
            self._world.new_hex(),
            self._world.clock.now(),
            by_account=True,
            text=content.text,
            attachments=content.attachments,
            reply_to=quoted,
        )
        self._world.say(oa_id, to, said, _THREADS.get(kind, "person"))
        self._ledger.accept(
            Received(
                channel="zalo",
                account_id=oa_id,
                customer_id=to,
                kind=kind,
                platform_id=said.id,
                accepted_at=said.at,
                text=said.text,
                files=content.files,
                reply_to=quoted,
            )
        )
        return said


def _recipient(asked: Json, name: str) -> str:
    recipient = asked.get("recipient")
    value = recipient.get(name) if isinstance(recipient, dict) else None
    if value in (None, ""):
        raise ZaloError(-201, f"{name} is invalid")
    return str(value)


def _checked_text(message: Json) -> str | None:
    text = message.get("text")
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise ZaloError(-201, "text is invalid")
    if len(unicodedata.normalize("NFC", text)) > _LONGEST_TEXT:
        raise ZaloError(-210, "text is over limit")
    return text


def _link(element: Json) -> Json:
    action = element.get("default_action") or {}
    payload = {
        "thumbnail": element.get("image_url", ""),
        "title": element.get("title", ""),
        "description": element.get("subtitle", ""),
        "url": action.get("url", ""),
    }
    return {"type": "link", "payload": payload}


def _success(data: object) -> Json:
    return {"data": data, "error": 0, "message": "Success"}
