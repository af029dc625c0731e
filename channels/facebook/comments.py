"""Comments and visitors' posts, of a page's feed, of a group and of Instagram."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.events import (
    Comment,
    File,
    MessageEdited,
    MessageHidden,
    MessageRemoved,
    Person,
    Reaction,
    Thread,
)
from channels.facebook.attachments import comment_files
from channels.facebook.envelope import Place
from channels.facebook.times import epoch_s, moment
from channels.facebook.values import (
    Broken,
    JsonObject,
    identifier,
    mapping,
    optional_identifier,
    text,
)

CommentEvent = Comment | MessageEdited | MessageRemoved | MessageHidden

_HIDING = {"hide": True, "unhide": False}


@dataclass(slots=True)
class _Remark:
    """A comment or post: its own id, the id of the thread it belongs to, and whose it is."""

    place: Place
    message_id: str
    root_id: str
    post_id: str | None
    post_url: str | None
    author: Person | None
    written: str | None
    files: tuple[File, ...]

    @property
    def thread(self) -> Thread:
        return Thread(kind="comment", external_id=self.root_id)

    def common(self, at: datetime | None) -> dict[str, Any]:
        return {
            **self.place.common(at),
            "thread": self.thread,
            "message_id": self.message_id,
        }


def author_of(value: JsonObject) -> Person | None:
    """Who wrote it; None where the platform withholds it."""
    given = value.get("from")
    if given is None:
        return None
    author_id = optional_identifier(mapping(given, "from").get("id"), "from")
    if author_id is None:
        return None
    return Person(
        id=author_id, name=text(given.get("name") or given.get("username"), "author_name")
    )


def feed_comment(place: Place, value: JsonObject) -> CommentEvent | None:
    """A comment under a post of a page or a group; None when its `verb` is not known."""
    comment_id = identifier(value.get("comment_id"), "comment_id")
    post_id = optional_identifier(value.get("post_id"), "post_id")
    remark = _Remark(
        place=place,
        message_id=comment_id,
        root_id=_root(comment_id, value, post_id),
        post_id=post_id,
        post_url=_post_url(value),
        author=author_of(value),
        written=text(value.get("message"), "message"),
        files=comment_files(value),
    )
    return _what_happened(remark, value)


def visitor_post(place: Place, value: JsonObject) -> CommentEvent | None:
    """A post that somebody else put on the page: it begins a thread of its own."""
    post_id = identifier(value.get("post_id"), "post_id")
    remark = _Remark(
        place=place,
        message_id=post_id,
        root_id=post_id,
        post_id=post_id,
        post_url=_post_url(value),
        author=author_of(value),
        written=text(value.get("message"), "message"),
        files=comment_files(value),
    )
    return _what_happened(remark, value)


def instagram_comment(place: Place, value: JsonObject) -> Comment:
    """A comment under a post, a reel or a live video; Instagram tells no time of it."""
    given = value.get("id")
    comment_id = identifier(value.get("comment_id") if given is None else given, "comment_id")
    media = value.get("media")
    media_id = None if media is None else mapping(media, "media").get("id")
    post_id = optional_identifier(media_id, "media_id")
    remark = _Remark(
        place=place,
        message_id=comment_id,
        root_id=_root(comment_id, value, post_id),
        post_id=post_id,
        post_url=None,
        author=author_of(value),
        written=text(value.get("text"), "text"),
        files=(),
    )
    return _added(remark, moment(value.get("created_time")))


def comment_reaction(place: Place, value: JsonObject) -> Reaction:
    """A reaction on a comment. The thread is not told: the comment may be a reply."""
    author = author_of(value)
    by_account = author is not None and author.id == place.account_id
    emoji = text(value.get("reaction_type"), "reaction") or text(value.get("item"), "item")
    taken_back = value.get("verb") in ("remove", "delete")
    return Reaction(
        **place.common(moment(value.get("created_time"))),
        message_id=identifier(value.get("comment_id"), "comment_id"),
        person=None if by_account else author,
        by_account=by_account,
        emoji=None if taken_back else emoji,
    )


def _post_url(value: JsonObject) -> str | None:
    """The page of the post, for people to open; anything but a link of the web is left out."""
    post = value.get("post")
    url = post.get("permalink_url") if isinstance(post, dict) else None
    return url if isinstance(url, str) and url.startswith("https://") else None


def _root(comment_id: str, value: JsonObject, post_id: str | None) -> str:
    """The comment that began the thread: the parent, unless that is the post."""
    parent = optional_identifier(value.get("parent_id"), "parent_id")
    return comment_id if parent is None or parent == post_id else parent


def _what_happened(remark: _Remark, value: JsonObject) -> CommentEvent | None:
    verb = value.get("verb")
    at = moment(value.get("created_time"))
    if verb == "add":
        return _added(remark, at)
    if verb in ("edit", "edited"):
        edited_at = moment(value.get("edited_time")) or at or remark.place.sent_at
        return MessageEdited(
            **remark.common(edited_at), number=epoch_s(edited_at), text=remark.written or ""
        )
    if verb in ("remove", "delete"):
        return MessageRemoved(**remark.common(at))
    if type(verb) is str and verb in _HIDING:
        # `created_time` is the comment's own: hiding and showing it would be told at one time
        told_at = max(at or remark.place.sent_at, remark.place.sent_at)
        return MessageHidden(**remark.common(told_at), hidden=_HIDING[verb])
    if verb is not None and type(verb) is not str:
        raise Broken("verb_invalid")
    return None


def _added(remark: _Remark, at: datetime | None) -> Comment:
    is_root = remark.root_id == remark.message_id
    author = remark.author
    return Comment(
        **remark.common(at),
        author=author,
        by_account=author is not None and author.id == remark.place.account_id,
        is_root=is_root,
        text=remark.written,
        attachments=remark.files,
        post_id=remark.post_id,
        post_url=remark.post_url,
        reply_to=None if is_root else remark.root_id,
    )
