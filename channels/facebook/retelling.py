"""Messages as the Graph API tells them afterwards, turned into the webhooks that told them: pure.

Graph's history has whole seconds, no quick-reply or postback payloads, no referrals, no metadata,
and not which app wrote for the account; attachments have another shape and fresh links.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from channels.facebook.answers import JsonObject
from channels.facebook.client import objects
from channels.facebook.times import epoch_ms, moment
from inbox.conversations.model import Channel
from inbox.ports import AccountRef, ToldMessage

_OBJECTS: dict[Channel, str] = {"facebook": "page", "instagram": "instagram"}


@dataclass(frozen=True, slots=True)
class Span:
    """Messages in [since, until) are wanted. Graph's seconds are cut, so `since` is, too."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, since: datetime, until: datetime) -> "Span":
        return cls(since.replace(microsecond=0), until)

    def begins_after(self, at: datetime) -> bool:
        return at < self.since

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Retold:
    """The readable messages of some rows, oldest first; ids of the others; whether rows were
    reached that are older than what is wanted.
    """

    messages: tuple[ToldMessage, ...]
    unreadable: tuple[str, ...]
    reached_start: bool


def person_of(conversation: JsonObject, own_ids: Collection[str]) -> str | None:
    """Whom the account talks with; None when the participants do not tell."""
    others = [id_ for one in _data(conversation, "participants") if (id_ := _id(one)) is not None]
    others = [one for one in others if one not in own_ids]
    return others[0] if len(others) == 1 else None


def retold(
    account: AccountRef, person_id: str | None, rows: Sequence[JsonObject], span: Span
) -> Retold:
    """The rows of one conversation, newest first as Graph lists them, as webhooks.

    Messages of one second keep their order: each is a millisecond later than the one before.
    """
    timed = [
        (at, row) for row in reversed(rows) if (at := moment(row.get("created_time"))) is not None
    ]
    wanted = [(at, row) for at, row in timed if span.holds(at) and _id(row) is not None]
    messages: list[ToldMessage] = []
    unreadable: list[str] = []
    second, place = None, 0
    for at, row in sorted(wanted, key=lambda one: one[0]):
        second, place = at, place + 1 if at == second else 0
        exact = at + timedelta(milliseconds=min(place, 999))
        message = _message(account, person_id, row, exact)
        if message is None:
            unreadable.append(str(row["id"]))
        else:
            messages.append(message)
    reached_start = any(span.begins_after(at) for at, _ in timed)
    return Retold(tuple(messages), tuple(unreadable), reached_start)


def _message(
    account: AccountRef, person_id: str | None, row: JsonObject, at: datetime
) -> ToldMessage | None:
    """None for what Graph lists without saying what it was: older than the readable ones."""
    author = row.get("from")
    writer_id = _id(author) if isinstance(author, dict) else None
    if person_id is None or writer_id is None:
        return None
    mid = str(row["id"])
    by_account = writer_id != person_id
    ours, person = {"id": account.account_id}, {"id": person_id}
    element: JsonObject = {
        "sender": ours if by_account else person,
        "recipient": person if by_account else ours,
        "timestamp": epoch_ms(at),
        "message": {"mid": mid, **_content(row), **({"is_echo": True} if by_account else {})},
    }
    entry = {"id": account.account_id, "time": epoch_ms(at), "messaging": [element]}
    body = orjson.dumps({"object": _OBJECTS[account.channel], "entry": [entry]})
    return ToldMessage(mid, person_id, at, body)


def _content(row: JsonObject) -> JsonObject:
    content: JsonObject = {}
    text = row.get("message")
    if isinstance(text, str) and text:
        content["text"] = text
    if attachments := list(_attachments(row)):
        content["attachments"] = attachments
    replied_to = row.get("reply_to")
    if isinstance(replied_to, dict) and (mid := replied_to.get("mid") or _id(replied_to)):
        content["reply_to"] = {"mid": str(mid)}
    if (story := _story(row, "reply_to")) is not None:
        content["reply_to"] = {**content.get("reply_to", {}), "story": story}
    return content


def _attachments(row: JsonObject) -> Iterator[JsonObject]:
    sticker = row.get("sticker")
    if isinstance(sticker, str) and sticker:
        yield _attachment("sticker", sticker)
    for one in _data(row, "attachments"):
        yield _file(one)
    for share in _data(row, "shares"):
        yield _attachment("fallback", share.get("link"), share.get("name"))
    if (story := _story(row, "mention")) is not None:  # of which no copy may be kept
        yield _attachment("story_mention", story.get("link"))
    if row.get("is_unsupported") is True:
        yield {"type": "unsupported_type"}


def _file(one: JsonObject) -> JsonObject:
    for kind in ("image", "video"):
        data = one.get(f"{kind}_data")
        if isinstance(data, dict):
            return _attachment(kind, data.get("url") or data.get("animated_gif_url"))
    template = one.get("generic_template")
    if isinstance(template, dict):
        return {"type": "template", "payload": template}
    mime = one.get("mime_type")
    if isinstance(mime, str) and mime.partition("/")[0] in ("image", "video", "audio"):
        return _attachment(mime.partition("/")[0], one.get("file_url"))
    return _attachment("file", one.get("file_url"), one.get("name"))


def _attachment(kind: str, url: Any, title: Any = None) -> JsonObject:
    payload = {"url": url, "title": title}
    return {"type": kind, "payload": {k: v for k, v in payload.items() if isinstance(v, str) and v}}


def _story(row: JsonObject, role: str) -> JsonObject | None:
    """The Instagram story that is mentioned, or replied to."""
    story = row.get("story")
    found = story.get(role) if isinstance(story, dict) else None
    return found if isinstance(found, dict) else None


def _data(row: JsonObject, edge: str) -> list[JsonObject]:
    found = row.get(edge)
    return objects(found.get("data")) if isinstance(found, dict) else []


def _id(one: JsonObject) -> str | None:
    value = one.get("id")
    usable = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return str(value) if usable else None
