"""Finds a message of ours in what a conversation or a comment thread holds: pure."""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from channels.facebook.answers import JsonObject
from channels.facebook.client import objects
from inbox.ports import Outgoing, OutgoingFile

MESSAGE_FIELDS = "messages.limit(20){id,created_time,from,message,attachments,sticker}"
CLOCKS_DIFFER_BY = timedelta(seconds=2)
"""Platform times have whole seconds, and clocks differ a little."""


def sent_message(conversation: JsonObject, outgoing: Outgoing, since: datetime) -> str | None:
    """The id of the message that `outgoing` became: from the page, not before `since`, with its
    content. None when there is none, or more than one that it could be.

    Messages that are known to be others' must be told apart by the caller: the same words sent
    twice look the same.
    """
    messages = conversation.get("messages")
    listed = objects(messages.get("data")) if isinstance(messages, dict) else []
    ours = [one for one in listed if _author(one) != outgoing.recipient.external_id]
    return _only([one for one in ours if _since(one, "created_time", since)], _is_content(outgoing))


def sent_comment(answers: Sequence[JsonObject], outgoing: Outgoing, since: datetime) -> str | None:
    """The same among the answers to a comment, which only the account's own can be."""
    account_id = outgoing.account.account_id
    ours = [one for one in answers if _author(one) in (account_id, None)]
    at = "timestamp" if outgoing.account.channel == "instagram" else "created_time"
    return _only([one for one in ours if _since(one, at, since)], _is_content(outgoing))


def _only(messages: Sequence[JsonObject], matches: Callable[[JsonObject], bool]) -> str | None:
    found = [one["id"] for one in messages if isinstance(one.get("id"), str) and matches(one)]
    return found[0] if len(found) == 1 else None


def _author(message: JsonObject) -> str | None:
    author = message.get("from")
    found = author.get("id") if isinstance(author, dict) else None
    return str(found) if found is not None else None


def _since(message: JsonObject, field: str, since: datetime) -> bool:
    try:
        at = datetime.strptime(str(message.get(field)), "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return False
    return at >= since - CLOCKS_DIFFER_BY


def _is_content(outgoing: Outgoing) -> Callable[[JsonObject], bool]:
    part, file = outgoing.part, outgoing.file
    if part.sticker is not None:
        return lambda message: bool(message.get("sticker"))
    if file is not None:
        return lambda message: _has_file(message, file)
    wanted = _plain(part.text or "")
    return lambda message: _plain(str(message.get("message") or message.get("text"))) == wanted


def _has_file(message: JsonObject, file: OutgoingFile) -> bool:
    attachments = message.get("attachments")
    found = objects(attachments.get("data")) if isinstance(attachments, dict) else []
    kinds = [_kind(str(one.get("mime_type") or "")) for one in found]
    return not message.get("message") and file.kind in kinds


def _kind(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "video", "audio") else "file"


def _plain(text: str) -> str:
    """As it comes back: blanks at the ends are gone, accents may be composed differently."""
    return unicodedata.normalize("NFC", text).strip()
