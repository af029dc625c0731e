"""What the Graph API tells when asked: profiles, conversations, messages.

Source: https://developers.facebook.com/docs/messenger-platform/conversations
"""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from app.demo.delivery import epoch_ms
from app.demo.graph.errors import GraphError
from app.demo.graph.pages import Page
from app.demo.world import Customer, Json, Said, Thread, World

_READABLE = 20
"""Only the newest messages of a conversation can be read in detail."""

_CONVERSATIONS, _MESSAGES = 25, 25
_MOST = 200
_FIELD = re.compile(r"([a-z_]+)(?:\.limit\((\d+)\))?(?:\{)?")
_SHARES = ("fallback", "share", "post", "ig_post", "reel", "ig_reel")
_KINDS = {"image": "image/png", "video": "video/mp4", "audio": "audio/mp4"}


_Row = TypeVar("_Row")


class Field(NamedTuple):
    """One field that was asked for, with those inside it."""

    limit: int | None
    inner: dict[str, "Field"]


class Reading:
    """Answers for one page, and for the Instagram account that belongs to it."""

    def __init__(self, world: World, media_url: Callable[[str], str]) -> None:
        self._world = world
        self._media_url = media_url

    def profile(self, page: Page, person_id: str, fields: str) -> Json:
        """GET /{psid}.

        Raises:
            GraphError: 100/33 nobody; 100/2018247 closed; 2 not now (slow people, the first time).
        """
        customer = self._world.customer(page.id, person_id)
        if customer is None and page.instagram_id is not None:
            customer = self._world.customer(page.instagram_id, person_id)
        if customer is None:
            raise GraphError(100, 33)
        if customer.profile == "closed":
            raise GraphError(100, 2018247)
        if customer.profile == "slow" and not customer.asked_before:
            customer.asked_before = True
            raise GraphError(2)
        wanted = set(parse_fields(fields)) or {"id", "name"}
        return {name: value for name, value in self._told(customer).items() if name in wanted}

    def conversations(self, page: Page, asked: dict[str, str]) -> Json:
        """GET /{page}/conversations."""
        on_instagram = asked.get("platform") == "instagram"
        account_id = page.instagram_id if on_instagram else page.id
        threads = self._world.threads(account_id) if account_id is not None else []
        if (person_id := asked.get("user_id")) is not None:
            threads = [thread for thread in threads if thread.person_id == person_id]
        fields = parse_fields(asked.get("fields", "id,updated_time"))
        rows, paging = _page(threads, asked, _CONVERSATIONS)
        return {"data": [self._conversation(one, fields) for one in rows], **paging}

    def conversation(self, page: Page, conversation_id: str, fields: str) -> Json:
        """GET /{conversation}."""
        return self._conversation(self._thread(page, conversation_id), parse_fields(fields))

    def conversation_of(self, account_id: str, person_id: str, fields: dict[str, Field]) -> Json:
        """The conversation of an account with one person, who has been written to."""
        return self._conversation(self._world.thread(account_id, person_id), fields)

    def messages(self, page: Page, conversation_id: str, asked: dict[str, str]) -> Json:
        """GET /{conversation}/messages, the newest first."""
        thread = self._thread(page, conversation_id)
        fields = parse_fields(asked.get("fields", "id,created_time"))
        newest = list(enumerate(reversed(thread.said)))
        rows, paging = _page(newest, asked, _MESSAGES)
        data = [self._message(thread, said, fields, place) for place, said in rows]
        return {"data": data, **paging}

    def message(self, page: Page, message_id: str, fields: str) -> Json:
        """GET /{mid}.

        Raises:
            GraphError: 9000001, it is gone, or older than the twenty that can be read.
        """
        found = self._world.message(message_id)
        if found is None or found[0].account_id not in (page.id, page.instagram_id):
            raise GraphError(100, 33)
        thread, said = found
        if said not in thread.said[-_READABLE:]:
            raise GraphError(9000001)
        return self._message(thread, said, parse_fields(fields), 0)

    def _told(self, customer: Customer) -> Json:
        name = customer.name or f"Khách {customer.id[-4:]}"
        last, _, first = name.partition(" ")
        return {
            "id": customer.id,
            "name": name,
            "first_name": first or last,
            "last_name": last if first else "",
            "profile_pic": self._media_url(f"sticker-{customer.id}.png"),
            "username": name,
        }

    def _thread(self, page: Page, conversation_id: str) -> Thread:
        for account_id in (page.id, page.instagram_id):
            for thread in self._world.threads(account_id) if account_id else ():
                if conversation_key(thread) == conversation_id:
                    return thread
        raise GraphError(100, 33)

    def _conversation(self, thread: Thread, fields: dict[str, Field]) -> Json:
        known: Json = {
            "id": conversation_key(thread),
            "updated_time": _time(thread.said[-1].at),
            "message_count": len(thread.said),
            "participants": {"data": [self._person(thread), self._account(thread)]},
            "can_reply": True,
        }
        told = {"id": known["id"]} | {name: known[name] for name in fields if name in known}
        if (wanted := fields.get("messages")) is not None:
            limit = min(wanted.limit or _MESSAGES, _MOST)
            newest = list(enumerate(reversed(thread.said)))[:limit]
            told["messages"] = {
                "data": [self._message(thread, one, wanted.inner, place) for place, one in newest]
            }
            if len(thread.said) > limit:
                told["messages"]["paging"] = {"cursors": {"after": _cursor(limit)}}
        return told

    def _message(self, thread: Thread, said: Said, fields: dict[str, Field], place: int) -> Json:
        """The fields of a message; too old a one keeps its id and its time only."""
        told: Json = {"id": said.id, "created_time": _time(said.at)}
        if place >= _READABLE:
            return told
        ours, person = self._account(thread), self._person(thread)
        known: Json = {
            "id": said.id,
            "created_time": _time(said.at),
            "from": ours if said.by_account else person,
            "to": {"data": [person if said.by_account else ours]},
            "message": said.text or "",
        }
        stickers = [one for one in said.attachments if one["type"] == "sticker"]
        shares = [one["payload"] for one in said.attachments if one["type"] in _SHARES]
        told_elsewhere = ("sticker", "template", *_SHARES)
        files = [one for one in said.attachments if one["type"] not in told_elsewhere]
        if files:
            known["attachments"] = {"data": [_attachment(said, one) for one in files]}
        if shares:
            known["shares"] = {"data": [_share(one) for one in shares]}
        if stickers:
            known["sticker"] = stickers[0]["payload"].get("url")
        if said.reply_to is not None:
            known["reply_to"] = {"mid": said.reply_to, "is_self_reply": False}
        wanted = fields or told
        return {"id": said.id} | {name: known[name] for name in wanted if name in known}

    def _person(self, thread: Thread) -> Json:
        customer = self._world.customer(thread.account_id, thread.person_id)
        name = customer.name if customer is not None else None
        return {"id": thread.person_id, "name": name or f"Khách {thread.person_id[-4:]}"}

    def _account(self, thread: Thread) -> Json:
        account = self._world.accounts[thread.account_id]
        return {"id": account.account_id, "name": account.name}


def conversation_key(thread: Thread) -> str:
    """The id of a conversation as the API names it."""
    key = f"{thread.account_id}:{thread.person_id}".encode()
    return "t_" + hashlib.blake2b(key, digest_size=8).hexdigest()


def parse_fields(text: str) -> dict[str, Field]:
    """Read `id,messages.limit(20){id,from}`; a level that is not closed ends with the text."""
    levels: list[dict[str, Field]] = [{}]
    place = 0
    while place < len(text):
        if match := _FIELD.match(text, place):
            limit = int(match[2]) if match[2] else None
            inner: dict[str, Field] = {}
            levels[-1][match[1]] = Field(limit, inner)
            if match[0].endswith("{"):
                levels.append(inner)
            place = match.end()
            continue
        if text[place] == "}" and len(levels) > 1:
            levels.pop()
        place += 1
    return levels[0]


def _page(rows: Sequence[_Row], asked: dict[str, str], usual: int) -> tuple[Sequence[_Row], Json]:
    """The rows of one page, and where the next one begins."""
    start = int(base64.urlsafe_b64decode(asked["after"])) if asked.get("after") else 0
    limit = min(int(asked.get("limit", usual)), _MOST)
    end = start + limit
    paging: Json = {"cursors": {"before": _cursor(start), "after": _cursor(end)}}
    if end < len(rows):
        paging["next"] = f"https://graph.facebook.com/next?after={_cursor(end)}"
    return rows[start:end], {"paging": paging} if rows[start:end] else {}


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _share(payload: Json) -> Json:
    return {"link": payload.get("url"), "name": payload.get("title")}


def _attachment(said: Said, wire: Json) -> Json:
    url = wire["payload"].get("url")
    told: Json = {
        "id": str(epoch_ms(said.at)),
        "mime_type": _KINDS.get(wire["type"], "application/octet-stream"),
        "name": (url or "").rpartition("/")[2],
    }
    if wire["type"] == "image":
        told["image_data"] = {"url": url, "preview_url": url, "width": 160, "height": 160}
    elif wire["type"] == "video":
        told["video_data"] = {"url": url, "preview_url": url, "width": 160, "height": 160}
    else:
        told["file_url"] = url
    return told
