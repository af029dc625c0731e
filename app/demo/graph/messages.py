"""Sending on Messenger and Instagram: who may be written to, when, with what.

Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api
"""

from dataclasses import dataclass
from datetime import timedelta

from app.demo.accounts import DemoAccount
from app.demo.answering import Answering
from app.demo.exchange import Accepted
from app.demo.graph.attachments import Attached, Attachments, Upload
from app.demo.graph.comments import Comments
from app.demo.graph.errors import GraphError
from app.demo.graph.pages import Page
from app.demo.ledger import Gesture, Kind, Ledger, Received, ReceivedFile
from app.demo.reports import MetaReports
from app.demo.world import Customer, Json, Said, World

WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)
_LONGEST_TEXT = 2000  # UTF-16 units
_LONGEST_INSTAGRAM_TEXT = 1000  # bytes of UTF-8
_LONGEST_METADATA = 1000
_MOST_QUICK_REPLIES, _LONGEST_QUICK_REPLY = 13, 20
_TYPES = ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY")
_ACTIONS = ("typing_on", "typing_off", "mark_seen", "react", "unreact")


@dataclass(frozen=True, slots=True)
class _Content:
    text: str | None
    attached: Attached | None
    metadata: str | None
    extra: Json


class Messages:
    """POST /{page}/messages and what it does to the world."""

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        attachments: Attachments,
        comments: Comments,
        reports: MetaReports,
        answering: Answering,
    ) -> None:
        self._world = world
        self._ledger = ledger
        self._attachments = attachments
        self._comments = comments
        self._reports = reports
        self._answering = answering

    def post(self, page: Page, asked: Json, upload: Upload | None) -> Accepted:
        """Send a message, or show a sender action.

        Raises:
            GraphError: why not.
        """
        if "sender_action" in asked:
            return self._act(page, asked)
        recipient = asked.get("recipient")
        if not isinstance(recipient, dict):
            raise GraphError(100, None, "The parameter recipient is required")
        if comment_id := recipient.get("comment_id"):
            return self._answer_privately(page, str(comment_id), asked, upload)
        customer = self._customer(page, recipient)
        content = self._content(page, customer, asked, upload)
        self._check_window(customer, asked)
        return self._send(page, customer, content, asked, "message")

    def _customer(self, page: Page, recipient: Json) -> Customer:
        """Whom it goes to: a person of the page, or of its Instagram account."""
        person_id = str(recipient.get("id", ""))
        customer = self._world.customer(page.id, person_id)
        if customer is None and page.instagram_id is not None:
            customer = self._world.customer(page.instagram_id, person_id)
        if customer is None:
            raise GraphError(100, 2018001)
        if customer.refuses:
            raise GraphError(551, 1545041)
        return customer

    def _check_window(self, customer: Customer, asked: Json) -> None:
        kind = asked.get("messaging_type", "RESPONSE")
        if kind not in _TYPES:
            raise GraphError(
                100, None, f"Param messaging_type must be one of {{{', '.join(_TYPES)}}}"
            )
        if kind == "UTILITY":
            raise GraphError(200, None, "Requires page_utility_messaging permission")
        window = WINDOW
        if kind == "MESSAGE_TAG":
            if asked.get("tag") != "HUMAN_AGENT":  # the other tags ended on 27 April 2026
                raise GraphError(100)
            window = HUMAN_AGENT_WINDOW
        wrote_at = customer.wrote_at
        if wrote_at is None or self._world.clock.now() - wrote_at > window:
            raise GraphError(10, 2018278)

    def _content(
        self, page: Page, customer: Customer | None, asked: Json, upload: Upload | None
    ) -> _Content:
        message = asked.get("message")
        if not isinstance(message, dict):
            raise GraphError(100, None, "The parameter message is required")
        on_instagram = customer is not None and customer.account_id == page.instagram_id
        text = _checked_text(message, on_instagram=on_instagram)
        attached = self._attached(page, message, upload)
        if (text is None) == (attached is None):
            raise GraphError(100, None, "Message must have either text or attachment")
        metadata = message.get("metadata")
        if metadata is not None and len(metadata) > _LONGEST_METADATA:
            raise GraphError(100, None, "Length of param message[metadata] must be <= 1000")
        _check_quick_replies(message.get("quick_replies", []))
        known = ("text", "attachment", "metadata")
        extra = {name: value for name, value in message.items() if name not in known}
        return _Content(text, attached, metadata, extra)

    def _attached(self, page: Page, message: Json, upload: Upload | None) -> Attached | None:
        if "sticker_id" in message:
            sticker = {"sticker_id": message["sticker_id"], "url": "https://static.xx/sticker.png"}
            wire = {"type": "sticker", "payload": sticker}
            return Attached(wire, ReceivedFile("sticker", name=str(message["sticker_id"])))
        attachment = message.get("attachment")
        if attachment is None:
            return None
        return self._attachments.attach(page.id, attachment, upload)

    def _answer_privately(
        self, page: Page, comment_id: str, asked: Json, upload: Upload | None
    ) -> Accepted:
        comment = self._comments.answerable(page, comment_id)
        content = self._content(page, None, asked, upload)
        account_id, psid = self._comments.asker(comment)
        customer = self._world.meet(account_id, psid, comment.author_name)
        comment.answered_privately = True
        return self._send(page, customer, content, asked, "private_reply")

    def _send(
        self, page: Page, customer: Customer, content: _Content, asked: Json, kind: Kind
    ) -> Accepted:
        account = self._world.accounts[customer.account_id]
        said = self._said(account, content, asked)
        self._world.say(customer.account_id, customer.id, said)
        attached = content.attached
        self._ledger.accept(
            Received(
                channel=account.channel,
                account_id=customer.account_id,
                customer_id=customer.id,
                kind=kind,
                platform_id=said.id,
                accepted_at=said.at,
                text=said.text,
                files=(attached.file,) if attached is not None else (),
                reference=content.metadata,
                reply_to=said.reply_to,
                extra=content.extra | {"messaging_type": asked.get("messaging_type")},
            )
        )
        body = {"recipient_id": customer.id, "message_id": said.id}
        if attached is not None and attached.attachment_id is not None:
            body["attachment_id"] = attached.attachment_id
        echoes = self._reports.echo(account, customer.id, said, content.metadata)
        return Accepted(
            body,
            echoes if page.subscribed is not None else (),
            said.id,
            afterwards=lambda: self._answering.take(customer, said),
        )

    def _said(self, account: DemoAccount, content: _Content, asked: Json) -> Said:
        attached = content.attached
        return Said(
            id=self._world.new_mid(account.channel),
            at=self._world.clock.now(),
            by_account=True,
            text=content.text,
            attachments=(attached.wire,) if attached is not None else (),
            reply_to=(asked.get("reply_to") or {}).get("mid"),
        )

    def _act(self, page: Page, asked: Json) -> Accepted:
        action = asked["sender_action"]
        if action not in _ACTIONS or "message" in asked:
            raise GraphError(100, None, "Param sender_action is invalid")
        customer = self._customer(page, asked.get("recipient") or {})
        if action in ("react", "unreact"):
            message_id = (asked.get("payload") or {}).get("message_id", "")
            if self._world.message(message_id) is None:
                raise GraphError(100, None, "Message to react to is not found")
        self._ledger.gestures.append(
            Gesture(
                customer.account_id,
                customer.id,
                action,
                self._world.clock.now(),
                asked.get("payload") or {},
            )
        )
        return Accepted({"recipient_id": customer.id})


def _checked_text(message: Json, *, on_instagram: bool) -> str | None:
    text = message.get("text")
    if text is None:
        return None
    if not isinstance(text, str) or not text.strip():
        raise GraphError(100, None, "Message cannot be empty, must provide valid text")
    if len(text.encode("utf-16-le")) // 2 > _LONGEST_TEXT:
        raise GraphError(100, None, "Length of param message[text] must be <= 2000")
    if on_instagram and len(text.encode()) > _LONGEST_INSTAGRAM_TEXT:
        raise GraphError(100, 2534038, "The message is longer than 1000 bytes")
    return text


def _check_quick_replies(quick_replies: list[Json]) -> None:
    if len(quick_replies) > _MOST_QUICK_REPLIES:
        raise GraphError(100, None, "Param quick_replies must have at most 13 elements")
    for one in quick_replies:
        kind = one.get("content_type")
        if kind not in ("text", "user_phone_number", "user_email"):
            raise GraphError(100, None, "Param content_type of a quick reply is invalid")
        if kind == "text" and not 0 < len(one.get("title", "")) <= _LONGEST_QUICK_REPLY:
            raise GraphError(100, None, "Length of the title of a quick reply must be 1 to 20")
