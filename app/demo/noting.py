"""Reads what webhooks say into the memory of the simulated platforms: history and windows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from app.demo.delivery import Delivery
from app.demo.world import Comment, Said, ThreadKind, World

Json = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTERACTIONS = ("postback", "referral", "reaction", "optin", "messaging_customer_information")
_ZALO_INTERACTIONS = ("user_submit_info", "user_reacted_message")


def note(delivery: Delivery, world: World) -> None:
    """Remember what `delivery` tells; telling it again changes nothing."""
    body = json.loads(delivery.body)
    if delivery.platform == "zalo":
        _note_zalo(body, world)
        return
    for entry in body["entry"]:
        for element in entry.get("messaging", ()):
            _note_element(element, entry["id"], world)
        for change in entry.get("changes", ()):
            _note_change(change, entry, world)


def moment(milliseconds: float | str) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(milliseconds))


def _note_element(element: Json, account_id: str, world: World) -> None:
    """An element of `messaging`."""
    if element["sender"]["id"] == account_id:
        if message := element.get("message"):
            at = moment(element["timestamp"])
            said = _said(message, "mid", at, by_account=True)
            world.say(account_id, element["recipient"]["id"], said)
        return
    person_id = element["sender"]["id"]
    if message := element.get("message"):
        if message.get("is_deleted"):
            world.forget_message(message["mid"])
            return
        at = moment(element["timestamp"])
        world.say(account_id, person_id, _said(message, "mid", at, by_account=False))
        world.interacted(account_id, person_id, at)
    elif any(name in element for name in _INTERACTIONS):
        world.interacted(account_id, person_id, moment(element["timestamp"]))


def _note_change(change: Json, entry: Json, world: World) -> None:
    """A comment of Facebook's `feed` or of Instagram's `comments`."""
    value = change["value"]
    at = moment(entry["time"] * 1000)
    if change["field"] == "comments":
        _note_instagram_comment(value, entry["id"], at, world)
    elif value.get("item") == "comment":
        _note_comment(value, entry["id"], at, world)


def _note_comment(value: Json, account_id: str, at: datetime, world: World) -> None:
    comment = world.comments.get(value["comment_id"])
    if comment is None:
        if value["verb"] != "add":
            return
        parent_id = str(value.get("parent_id", value["post_id"]))
        author = value.get("from", {})
        world.comments[value["comment_id"]] = Comment(
            id=value["comment_id"],
            account_id=account_id,
            post_id=value["post_id"],
            root_id=value["comment_id"] if parent_id == value["post_id"] else parent_id,
            author_id=author.get("id", ""),
            author_name=author.get("name"),
            text=value.get("message", ""),
            at=at,
        )
    elif value["verb"] == "edited":
        comment.text = value.get("message", "")
    elif value["verb"] == "remove":
        comment.removed = True
    elif value["verb"] in ("hide", "unhide"):
        comment.hidden = value["verb"] == "hide"


def _note_instagram_comment(value: Json, account_id: str, at: datetime, world: World) -> None:
    comment_id: str = value["id"]
    world.comments.setdefault(
        comment_id,
        Comment(
            id=comment_id,
            account_id=account_id,
            post_id=value["media"]["id"],
            root_id=value.get("parent_id", comment_id),
            author_id=value["from"]["id"],
            author_name=value["from"].get("username"),
            text=value.get("text", ""),
            at=at,
        ),
    )


def _note_zalo(event: Json, world: World) -> None:
    name, at = event["event_name"], moment(event["timestamp"])
    if name in ("follow", "unfollow"):
        customer = world.meet(event["oa_id"], event["follower"]["id"])
        customer.follows = name == "follow"
        if customer.follows:
            world.interacted(event["oa_id"], customer.id, at)
    elif name == "user_click_chatnow":
        world.interacted(event["oa_id"], event["user_id"], at)
    elif name.startswith(("user_send_", "anonymous_send_", "oa_send_")):
        _note_zalo_message(event, name, at, world)
    elif name in _ZALO_INTERACTIONS:
        world.interacted(event["recipient"]["id"], event["sender"]["id"], at)


def _note_zalo_message(event: Json, name: str, at: datetime, world: World) -> None:
    by_account = name.startswith("oa_send_")
    sender, recipient = event["sender"]["id"], event["recipient"]["id"]
    oa_id, person_id = (sender, recipient) if by_account else (recipient, sender)
    if "_group_" in name:
        oa_id, person_id = event["oa_id"], recipient
    message = event.get("message")
    if message is None:  # oa_send_consent and its like
        return
    kind: ThreadKind = "person"
    if "_group_" in name:
        kind = "group"
    elif "anonymous_" in name:
        kind = "visitor"
    world.say(oa_id, person_id, _said(message, "msg_id", at, by_account=by_account), kind)
    if not by_account:
        world.interacted(oa_id, person_id, at)


def _said(message: Json, id_key: str, at: datetime, *, by_account: bool) -> Said:
    reply_to = message.get("quote_msg_id") or (message.get("reply_to") or {}).get("mid")
    attachments = tuple(message.get("attachments", ()))
    return Said(message[id_key], at, by_account, message.get("text"), attachments, reply_to)
