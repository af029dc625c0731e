"""Finds a message of ours in what a conversation or a comment thread holds: pure."""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from channels.facebook import limits
from channels.facebook.answers import JsonObject
from channels.facebook.client import objects
from inbox.ports import Absent, Outgoing, OutgoingFile

MESSAGE_FIELDS = "messages.limit(20){id,created_time,from,message,attachments,sticker}"
CLOCKS_DIFFER_BY = timedelta(seconds=2)
"""Platform times have whole seconds, and clocks differ a little."""


def sent_message(
    conversation: JsonObject, outgoing: Outgoing, since: datetime
) -> str | Absent | None:
    """The id of the message that `outgoing` became: from the page, not before `since`, with its
    content; the newest of several. Where there is none: ABSENT for a text, if what can be read
    goes back to `since`; else None, because files may be listed in a way that we do not know.

    The same words sent twice look the same: who asks knows which ids belong to others.
    """
    messages = conversation.get("messages")
    listed = objects(messages.get("data")) if isinstance(messages, dict) else []
    ours = [one for one in listed if _is_ours(one, outgoing)]
    found = _newest(ours, "created_time", outgoing, since)
    if found is None and _is_plain(outgoing) and _goes_back(listed, since):
        return Absent.ABSENT
    return found


def _is_plain(outgoing: Outgoing) -> bool:
    part = outgoing.part
    return part.text is not None and part.file is None and not part.buttons


def _goes_back(listed: Sequence[JsonObject], since: datetime) -> bool:
    """Whether nothing that was said since then is missing: only the newest can be read."""
    times = [_time(one, "created_time") for one in listed]
    known = [at for at in times if at is not None]
    named = all(isinstance(one.get("id"), str) for one in listed)
    if not known or len(known) < len(times) or not named:
        return False
    return len(listed) < limits.READABLE_MESSAGES or min(known) < since - CLOCKS_DIFFER_BY


def sent_comment(answers: Sequence[JsonObject], outgoing: Outgoing, since: datetime) -> str | None:
    """The same among the answers to a comment, which only the account's own can be."""
    account_id = outgoing.account.account_id
    ours = [one for one in answers if _author(one) in (account_id, None)]
    at = "timestamp" if outgoing.account.channel == "instagram" else "created_time"
    return _newest(ours, at, outgoing, since)


def _newest(
    messages: Sequence[JsonObject], field: str, outgoing: Outgoing, since: datetime
) -> str | None:
    matches = _is_content(outgoing)
    found = [
        (at, one["id"])
        for one in messages
        if isinstance(one.get("id"), str)
        and (at := _time(one, field)) is not None
        and at >= since - CLOCKS_DIFFER_BY
        and matches(one)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _is_ours(message: JsonObject, outgoing: Outgoing) -> bool:
    """Whoever got a private answer to a comment is not known by the id in messages."""
    author = _author(message)
    if outgoing.recipient.comment_id is not None:
        return author == outgoing.account.account_id
    return author != outgoing.recipient.external_id


def _author(message: JsonObject) -> str | None:
    author = message.get("from")
    found = author.get("id") if isinstance(author, dict) else None
    return str(found) if found is not None else None


def _time(message: JsonObject, field: str) -> datetime | None:
    try:
        return datetime.strptime(str(message.get(field)), "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return None


def _is_content(outgoing: Outgoing) -> Callable[[JsonObject], bool]:
    part, file = outgoing.part, outgoing.file
    if part.sticker is not None:
        return lambda message: bool(message.get("sticker"))
    if file is not None:
        return lambda message: _has_file(message, file)
    if part.cards:
        return lambda _: False  # the history tells a template without its words
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
