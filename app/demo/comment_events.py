"""What Facebook's feed and Instagram tell when somebody comments under a post of the shop."""

import hashlib
from datetime import datetime
from functools import singledispatch

from app.demo.conversations.story import (
    AnswersComment,
    Comments,
    Edits,
    Hides,
    Move,
    Reacts,
    Removes,
)
from app.demo.delivery import epoch_s
from app.demo.facebook import Json, change_entry
from app.demo.scene import Scene
from inbox.text import fold


@singledispatch
def _feed_value(move: Move, _scene: Scene, _at: datetime) -> Json:
    raise TypeError(f"nothing like {type(move).__name__} happens under a post")


def comment_entries(move: Move, scene: Scene, at: datetime) -> list[Json]:
    """The entries about `move`: of Facebook's `feed`, or of Instagram's `comments`."""
    if scene.account.channel == "facebook":
        return [change_entry(scene, at, "feed", _feed_value(move, scene, at))]
    if not isinstance(move, Comments | AnswersComment):
        raise TypeError(f"Instagram tells nothing of {type(move).__name__} under a post")
    return [change_entry(scene, at, "comments", _instagram_comment(move, scene))]


@_feed_value.register
def _commented(move: Comments, scene: Scene, at: datetime) -> Json:
    value = _comment(scene, _new_comment(scene, move), at, verb="add")
    value["message"] = scene.text(move.text)
    if move.photo:
        value["photo"] = scene.media_url(move.photo)
    return value


@_feed_value.register
def _answered(move: AnswersComment, scene: Scene, at: datetime) -> Json:
    value = _comment(scene, _new_comment(scene, move), at, verb="add")
    value["from"] = _shop(scene)
    value["message"] = scene.text(move.text)
    return value


@_feed_value.register
def _edited(move: Edits, scene: Scene, at: datetime) -> Json:
    value = _comment(scene, scene.id_of(move.of), at, verb="edited")
    return {**value, "message": scene.text(move.text), "edited_time": epoch_s(at)}


@_feed_value.register
def _removed(move: Removes, scene: Scene, at: datetime) -> Json:
    return _comment(scene, scene.id_of(move.of), at, verb="remove")


@_feed_value.register
def _hidden(move: Hides, scene: Scene, at: datetime) -> Json:
    return {**_comment(scene, scene.id_of(move.of), at, verb="hide"), "is_hidden": True}


@_feed_value.register
def _reacted(move: Reacts, scene: Scene, at: datetime) -> Json:
    taken_back = move.reaction is None
    value = _comment(scene, scene.id_of(move.to), at, verb="remove" if taken_back else "add")
    value |= {"item": "reaction", "reaction_type": move.reaction or "like"}
    if move.by_shop:
        value["from"] = _shop(scene)
    return value


def _comment(scene: Scene, comment_id: str, at: datetime, *, verb: str) -> Json:
    """The fields that everything about a comment has; its author is the customer."""
    post_id = f"{scene.account.account_id}_{_post_number(scene)}"
    is_root = comment_id == scene.root_id
    return {
        "from": {"id": scene.person.commenter_id, "name": scene.person.name},
        "post": {
            "status_type": "mobile_status_update",
            "is_published": True,
            "permalink_url": f"https://www.facebook.com/{post_id}",
            "promotion_status": "inactive",
            "id": post_id,
        },
        "post_id": post_id,
        "comment_id": comment_id,
        "created_time": epoch_s(at),
        "item": "comment",
        "parent_id": post_id if is_root else scene.root_id,
        "verb": verb,
    }


def _instagram_comment(move: Comments | AnswersComment, scene: Scene) -> Json:
    comment_id = _new_comment(scene, move)
    username = fold(scene.person.name).replace(" ", ".")
    author = {"id": scene.person.commenter_id, "username": username}
    if isinstance(move, AnswersComment):
        author = {"id": scene.account.account_id, "username": scene.account.name}
    value: Json = {
        "from": author,
        "id": comment_id,
        "text": scene.text(move.text),
        "media": {"id": f"17{_post_number(scene)}", "media_product_type": "FEED"},
    }
    if comment_id != scene.root_id:
        value["parent_id"] = scene.root_id
    return value


def _new_comment(scene: Scene, move: Move) -> str:
    """The id of a new comment; the first of a scene begins its thread."""
    number = int.from_bytes(scene.next_hash()[:7], "big")
    comment_id = str(number)
    if scene.account.channel == "facebook":
        comment_id = f"{_post_number(scene)}_{number}"
    if scene.root_id is None:
        scene.root_id = comment_id
    scene.keep(move, comment_id)
    return comment_id


def _post_number(scene: Scene) -> str:
    """Every product has one post."""
    digest = hashlib.blake2b(scene.details.picture.encode(), digest_size=6).digest()
    return f"12{int.from_bytes(digest, 'big'):015d}"


def _shop(scene: Scene) -> Json:
    return {"id": scene.account.account_id, "name": scene.account.name}
