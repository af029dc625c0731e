"""Sends to Zalo: implements Messenger of inbox/ports.py."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from channels.zalo.client import UploadedFile, ZaloClient
from channels.zalo.failures import KindNotTaken, MessageInvalid
from channels.zalo.finding import find
from channels.zalo.limits import CONVERSATION_PAGE_MOST
from channels.zalo.pictures import fitted, measured
from channels.zalo.planning import file_extension, plan, upload_kind
from channels.zalo.wire import mapping, optional_id
from inbox.errors import InboxError
from inbox.ports import (
    Absent,
    AccountRef,
    Button,
    Draft,
    Outgoing,
    OutgoingFile,
    Part,
    Recipient,
    SendError,
    SendRefused,
    SendUnavailable,
    SendUncertain,
    Sent,
)

log = structlog.get_logger(__name__)

_PICTURES_AT_ONCE = 2
"""Each may take 100 MB of memory while it is made smaller."""
_PAGES_READ_BACK = 5
PREPARED_WITHIN = timedelta(seconds=18)
"""Until the file is at Zalo, so that a slow upload is no send in doubt: the whole send must end
within half of inbox.delivery.lease, and the message itself takes up to zalo.send_timeout."""


Message = dict[str, Any]


class FileMissing(SendRefused):
    code = "file_missing"
    vi = "Tệp đính kèm không còn trên máy chủ."
    en = "The attached file is not on the server any more."


class UploadRefused(MessageInvalid):
    code = "upload_refused"
    vi = "Zalo không nhận tệp đính kèm này."
    en = "Zalo does not accept this file."


class NoCommentsAtZalo(KindNotTaken):
    code = "no_comments"
    vi = "Zalo không có bình luận để trả lời."
    en = "Zalo has no comments to answer."


class ZaloMessenger:
    """Texts, pictures, files and stickers to users, groups and anonymous visitors."""

    def __init__(self, client: ZaloClient) -> None:
        self._client = client
        self._pictures = asyncio.Semaphore(_PICTURES_AT_ONCE)

    def plan(self, draft: Draft) -> tuple[Part, ...]:
        """See channels/zalo/planning.py."""
        return plan(draft)

    async def send(self, outgoing: Outgoing) -> Sent:
        """Upload the file if there is one, then send the message, once.

        A quoted message that Zalo does not know is left out: it had refused the whole (-201).

        Raises:
            SendRefused, SendUnavailable, AccountUnusable, SendUncertain.
        """
        try:
            async with asyncio.timeout(PREPARED_WITHIN.total_seconds()):
                message = await self._message(outgoing)
        except TimeoutError as error:
            raise SendUnavailable("the file could not be uploaded in time") from error
        try:
            data = await self._post(outgoing, message)
        except MessageInvalid:
            if message.pop("quote_message_id", None) is None:
                raise
            data = await self._post(outgoing, message)
        message_id = optional_id(data.get("message_id"))
        if message_id is None:
            raise SendUncertain("zalo took it without a message id")
        return Sent(message_id, _window(data) if outgoing.recipient.kind == "inbox" else None)

    async def find_sent(self, outgoing: Outgoing, since: datetime) -> str | Absent | None:
        """The id of the message of the OA in the user's conversation that must be this one.

        ABSENT for a text that is not there although everything since then was read. None where
        several may be it, where files may be listed in a way that we do not know, and for groups
        and anonymous visitors, whose history cannot be read.
        """
        recipient = outgoing.recipient
        if recipient.kind != "inbox" or recipient.reply_context is not None:
            return None
        try:
            rows = await self._rows_since(outgoing.account, recipient.external_id, since)
        except SendError as error:
            log.info("zalo history not read", account=outgoing.account.key, code=error.code)
            return None
        found = find(rows, outgoing, since)
        if found is Absent.ABSENT and not _go_back(rows, since):
            return None
        return found

    async def show_typing(self, account: AccountRef, recipient: Recipient) -> None:
        """Zalo has no call for it."""

    async def mark_seen(self, account: AccountRef, recipient: Recipient) -> None:
        """Zalo has no call for it."""

    async def _rows_since(
        self, account: AccountRef, user_id: str, since: datetime
    ) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        since_ms = since.timestamp() * 1000
        for page in range(_PAGES_READ_BACK):
            offset = page * CONVERSATION_PAGE_MOST
            found = await self._client.conversation(account.key, user_id, offset)
            rows += found
            times = [row["time"] for row in found if isinstance(row.get("time"), int)]
            if len(found) < CONVERSATION_PAGE_MOST or min(times, default=0) < since_ms:
                break
        return rows

    async def _post(self, outgoing: Outgoing, message: Message) -> Mapping[str, Any]:
        key, recipient = outgoing.account.key, outgoing.recipient
        if recipient.kind == "comment":
            raise NoCommentsAtZalo
        if recipient.kind == "group":
            return await self._client.send_to_group(key, recipient.external_id, message)
        if recipient.reply_context is not None:
            return await self._client.send_to_visitor(
                key, recipient.external_id, recipient.reply_context, message
            )
        return await self._client.send_to_user(key, recipient.external_id, message)

    async def _message(self, outgoing: Outgoing) -> Message:
        part, text = outgoing.part, outgoing.part.text
        if text is not None and outgoing.recipient.kind == "group":
            text = text.replace("[@", "［@")  # "[@id]" would mention somebody
        message: Message = {} if text is None else {"text": text}
        if part.sticker is not None:
            message["attachment"] = _media("sticker", attachment_id=part.sticker)
        elif outgoing.file is not None:
            message["attachment"] = await self._attachment(outgoing.account.key, outgoing.file)
        elif part.buttons:
            buttons = [_button(button) for button in part.buttons]
            message["attachment"] = {"type": "template", "payload": {"buttons": buttons}}
        elif outgoing.reply_to is not None:
            message["quote_message_id"] = outgoing.reply_to
        return message

    async def _attachment(self, account_key: str, file: OutgoingFile) -> Message:
        kind = upload_kind(file)
        data = await _read(file)
        if kind == "image":
            return await self._picture(account_key, file, data)
        if kind == "gif":
            width, height = measured(data)
            name = _named(file.name, "gif")
            uploaded = await self._client.upload_gif(
                account_key, UploadedFile(name, "image/gif", data)
            )
            return _media("gif", attachment_id=_given(uploaded), width=width, height=height)
        name = _named(file.name, file_extension(file))
        uploaded = await self._client.upload_file(account_key, UploadedFile(name, file.mime, data))
        return {"type": "file", "payload": {"token": _given(uploaded)}}

    async def _picture(self, account_key: str, file: OutgoingFile, data: bytes) -> Message:
        async with self._pictures:
            picture = await asyncio.to_thread(fitted, data)
        name = _named(file.name, picture.extension)
        uploaded = await self._client.upload_image(
            account_key, UploadedFile(name, picture.mime, picture.data)
        )
        return _media("image", attachment_id=_given(uploaded))


def _go_back(rows: Sequence[Mapping[str, Any]], since: datetime) -> bool:
    """Whether these rows, the newest of a conversation, leave out nothing that was said since."""
    times = [row["time"] for row in rows if isinstance(row.get("time"), int)]
    if not times or len(times) < len(rows):
        return False
    return len(rows) % CONVERSATION_PAGE_MOST > 0 or min(times) < since.timestamp() * 1000


async def _read(file: OutgoingFile) -> bytes:
    try:
        return b"".join([chunk async for chunk in file.read()])
    except (InboxError, OSError) as error:
        raise FileMissing(type(error).__name__) from error


def _given(uploaded: str | None) -> str:
    """Zalo says "success" without an id for what it does not like."""
    if uploaded is None:
        raise UploadRefused("success without an id")
    return uploaded


def _named(name: str, extension: str) -> str:
    """Zalo goes by the extension; quotes and line ends would break the form."""
    clean = "".join(" " if c in '"\\' or not c.isprintable() else c for c in name).strip()
    if clean.lower().endswith(f".{extension}"):
        return clean
    stem = clean.rpartition(".")[0] if "." in clean else clean
    return f"{stem or 'file'}.{extension}"


def _media(media_type: str, **element: Any) -> Message:
    elements = [{"media_type": media_type, **element}]
    return {"type": "template", "payload": {"template_type": "media", "elements": elements}}


def _button(button: Button) -> Message:
    """A choice comes back as a message of the customer whose text is the payload.

    `show` where the payload is the title, so that the chat reads well; `hide` for other words.
    """
    if button.url is None:
        payload = button.payload or button.title
        shown = "show" if payload == button.title else "hide"
        return {"title": button.title, "type": f"oa.query.{shown}", "payload": payload}
    scheme, number = urlsplit(button.url).scheme, urlsplit(button.url).path
    if scheme == "tel":
        return {
            "title": button.title,
            "type": "oa.open.phone",
            "payload": {"phone_code": number},
        }
    if scheme == "sms":
        return {
            "title": button.title,
            "type": "oa.open.sms",
            "payload": {"content": "", "phone_code": number},
        }
    return {"title": button.title, "type": "oa.open.url", "payload": {"url": button.url}}


def _window(data: Mapping[str, Any]) -> Message:
    """What the message cost: `reply` is the free time; without a quota it was billed."""
    quota = mapping(data.get("quota"))
    quota_type = optional_id(quota.get("quota_type"))
    if quota_type is None:
        return {"cost": "billed"}
    free = quota_type in {"reply", "welcome_msg"}
    numbers = {name: optional_id(quota.get(name)) for name in ("remain", "total", "expired_date")}
    kept = {name: value for name, value in numbers.items() if value is not None}
    return {"cost": "free" if free else "package", "quota_type": quota_type, **kept}
