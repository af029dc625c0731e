"""Stored documents as clients see them: JSON-ready messages and conversations, cheap and pure.

Addresses of media are bare here: `MediaLinks` signs them where a view goes out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from inbox.conversations.attachments import attachment_view
from inbox.conversations.automation import automation_of
from inbox.conversations.window import DEFAULT_RULES, PRIVATE_REPLY, WindowRules, window_of
from inbox.media.links import avatar_address

Document = Mapping[str, Any]
View = dict[str, Any]

_FOLLOWED_BY_RECEIPTS = frozenset({"sent", "delivered", "read"})


def message_view(
    message: Document, *, conversation: Document | None = None, customer: Document | None = None
) -> View:
    """A message as the API and the live feed show it (Message of the API).

    Args:
        message: the stored document; a placeholder without `at` may not be shown.
        conversation: its conversation, for the delivery and read watermarks.
        customer: the customer of an inbox thread, who is the author of what came in.
    """
    removed = message.get("removed_at")
    edit = message.get("edit") or {}
    return {
        "id": message["_id"],
        "conversation_id": message["conversation_id"],
        "direction": message["direction"],
        "author": _author(message.get("author") or {}, customer),
        "text": None if removed else edit.get("text", message.get("text")),
        "attachments": [] if removed else _attachments(message),
        "at": iso(message["at"]),
        "seq": message["seq"],
        "status": _status(message, conversation or {}),
        "error": _error(message.get("error")),
        "internal": bool(message.get("internal")),
        "reply_to": message.get("reply_to"),
        "payload": None if removed else message.get("payload"),
        "reactions": _reactions(message.get("reactions") or {}),
        "edited_at": _iso_or_none(edit.get("at")),
        "removed_at": _iso_or_none(removed),
        "hidden": bool((message.get("hidden") or {}).get("value")),
        "standby": bool(message.get("standby")),
        "client_id": message.get("client_id"),
        "content": None if removed else message.get("content"),
        "private": bool(message.get("private")),
        "private_to": _link(message.get("private")),
        "comment": _comment(message, conversation or {}),
    }


def _comment(message: Document, conversation: Document) -> View | None:
    """What only a comment under a post has; None for other messages."""
    if conversation.get("kind") != "comment" or message.get("internal") or message.get("private"):
        return None
    answerable = message["direction"] == "in" and message.get("removed_at") is None
    if message.get("private_refused") is not None:
        answerable = False
    return {
        "post_id": message.get("post_id"),
        "post_url": message.get("post_url"),
        "private_until": iso(message["at"] + PRIVATE_REPLY) if answerable else None,
        "private_answer": _link(message.get("private_answer")),
    }


def _link(link: Document | None) -> View | None:
    """Where another message is; None where that is not known (any more)."""
    if link is None or "message_id" not in link:
        return None
    return {"message_id": link["message_id"], "conversation_id": link.get("conversation_id")}


def conversation_view(
    conversation: Document,
    *,
    customer: Document | None,
    now: datetime,
    rules: WindowRules = DEFAULT_RULES,
) -> View:
    """A conversation as the API and the live feed show it (Conversation of the API)."""
    return {
        "id": conversation["_id"],
        "bot_id": conversation.get("bot_id"),
        "channel": conversation["channel"],
        "account_id": conversation["account_id"],
        "kind": conversation["kind"],
        "customer": customer_brief(customer, conversation) if customer else None,
        "assignee": conversation.get("assignee_id"),
        "participants": list(conversation.get("participant_ids") or ()),
        "last_carer": conversation.get("last_carer_id"),
        "split": (conversation.get("split") or {}).get("state", "off"),
        "tags": list((customer or {}).get("tag_ids") or ()),
        "status": conversation["status"],
        "unread": conversation.get("unread", 0),
        "seq": conversation.get("seq", 0),
        "read_seq": conversation.get("read_seq", 0),
        "last": _last(conversation.get("last")),
        "waiting_since": _iso_or_none(conversation.get("waiting_since")),
        "window": _window(conversation, now, rules),
        "automation": _automation(conversation, now),
        "created_at": _iso_or_none(conversation.get("created_at")),
    }


def customer_brief(customer: Document, conversation: Document) -> View:
    """Who it is, for a row of a list; the avatar of the same account wins over others."""
    identities = customer.get("identities") or ()
    same = [i for i in identities if _is_of(i, conversation)]
    avatars = (avatar_of(customer["_id"], i) for i in (*same, *identities))
    return {
        "id": customer["_id"],
        "name": customer.get("name"),
        "avatar_url": next((address for address in avatars if address), None),
    }


def avatar_of(customer_id: str, identity: Document) -> str | None:
    """The bare address of our copy of a picture; None while there is no copy."""
    return avatar_address(customer_id, identity["id"]) if identity.get("avatar") else None


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def _iso_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def _is_of(identity: Document, conversation: Document) -> bool:
    return bool(
        identity.get("channel") == conversation["channel"]
        and identity.get("account_id") == conversation["account_id"]
    )


def _author(author: Document, customer: Document | None) -> View:
    kind = author.get("kind", "customer")
    if kind == "customer" and not author.get("id") and customer is not None:
        return {"kind": kind, "id": customer["_id"], "name": customer.get("name")}
    return {"kind": kind, "id": author.get("id"), "name": author.get("name")}


def _attachments(message: Document) -> list[View]:
    given = message.get("attachments") or ()
    return [attachment_view(message["_id"], n, one) for n, one in enumerate(given)]


def _status(message: Document, conversation: Document) -> str:
    """What became of a message: receipts of its own or the watermarks of its conversation."""
    status: str = message.get("status") or "received"
    if message["direction"] == "in" or message.get("internal"):
        return status
    if status not in _FOLLOWED_BY_RECEIPTS:
        return status
    if _reached(message, conversation, "seen_at"):
        return "read"
    if _reached(message, conversation, "delivered_at"):
        return "delivered"
    return status


def _reached(message: Document, conversation: Document, mark: str) -> bool:
    if message.get(mark) is not None:
        return True
    watermark = conversation.get(mark)
    sent_at = message.get("sent_at", message["at"])
    return watermark is not None and watermark >= sent_at


def _reactions(reactions: Document) -> list[View]:
    """Who reacted how, oldest first; a reaction that was taken back is not there."""
    given = [(r["at"], person, r["emoji"]) for person, r in reactions.items() if r.get("emoji")]
    return [{"by": person, "emoji": emoji, "at": iso(at)} for at, person, emoji in sorted(given)]


def _last(last: Document | None) -> View | None:
    if last is None:
        return None
    return {
        "message_id": last.get("message_id"),
        "text": last.get("text"),
        "at": iso(last["at"]),
        "by": last["by"],
        "kind": last.get("kind"),
    }


def _automation(conversation: Document, now: datetime) -> View:
    automation = automation_of(conversation, now)
    return {
        "state": automation.state,
        "paused_until": _iso_or_none(automation.paused_until),
        "reason": automation.reason,
        "opted_out_at": _iso_or_none(automation.opted_out_at),
    }


def _window(conversation: Document, now: datetime, rules: WindowRules) -> View | None:
    window = window_of(conversation, now, rules)
    if window is None:
        return None
    return {
        "until": _iso_or_none(window.until),
        "kind": window.kind,
        "cost": window.cost,
        "human_only": window.human_only,
        "free_until": _iso_or_none(window.free_until),
    }


def _error(error: Document | None) -> View | None:
    if error is None:
        return None
    return {**error, "platform_code": error.get("platform_code"), "at": iso(error["at"])}
