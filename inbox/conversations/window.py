"""Until when, and at what cost, a channel lets us write: pure rules over what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from inbox.conversations.model import Channel

Cost = Literal["free", "billed"]
Conversation = Mapping[str, Any]

HUMAN_AGENT = timedelta(days=7)
"""Meta's Human Agent tag: a person may answer this long after the customer last wrote.
https://developers.facebook.com/docs/messenger-platform/policy/policy-overview"""
PRIVATE_REPLY = timedelta(days=7)
"""Facebook: a comment may be answered privately once, this long after it was written.
https://developers.facebook.com/docs/messenger-platform/discovery/private-replies"""
STANDARD = timedelta(hours=24)
CONSULTATION = timedelta(days=7)
FREE_CONSULTATION = timedelta(hours=48)
_HUMAN_AGENT_CHANNELS: frozenset[Channel] = frozenset({"facebook", "instagram"})
_ALWAYS_OPEN = frozenset({"comment", "group"})


@dataclass(frozen=True, slots=True)
class WindowRules:
    """`human_agent`: Meta has granted the app the Human Agent feature."""

    human_agent: bool = True


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """An open window. `until` is None where it never closes (public comments, groups).

    `human_only`: no bot and no script may use it. `free_until`: where Zalo begins to charge.
    """

    until: datetime | None
    kind: str
    cost: Cost = "free"
    human_only: bool = False
    free_until: datetime | None = None


DEFAULT_RULES = WindowRules()


def window_of(
    conversation: Conversation, now: datetime, rules: WindowRules = DEFAULT_RULES
) -> ReplyWindow | None:
    """The window that is open at `now`, None when none is.

    What the customer did opens it (`window`, `last_in_at`); what the platform answered to a send
    may have closed it since (`window.closed_at`).
    """
    if conversation["kind"] in _ALWAYS_OPEN:
        return ReplyWindow(None, conversation["kind"])
    stored = conversation.get("window")
    if stored is not None and stored.get("closed_at") is not None:
        return None
    stored = stored or _estimated(conversation)
    if stored is None:
        return None
    if now < stored["until"]:
        return _stored_window(stored, now)
    return _human_agent_window(conversation, now, rules)


def closed_since(conversation: Conversation, rules: WindowRules = DEFAULT_RULES) -> datetime | None:
    """When the last window closed; None when there has never been one."""
    window = conversation.get("window") or _estimated(conversation) or {}
    if window.get("closed_at") is not None:
        closed: datetime = window["closed_at"]
        return closed
    ends = [window["until"]] if window else []
    last_in_at = conversation.get("last_in_at")
    if rules.human_agent and last_in_at and conversation["channel"] in _HUMAN_AGENT_CHANNELS:
        ends.append(last_in_at + HUMAN_AGENT)
    return max(ends, default=None)


def may_answer_privately(comment_at: datetime, now: datetime) -> bool:
    return now < comment_at + PRIVATE_REPLY


def _stored_window(stored: Mapping[str, Any], now: datetime) -> ReplyWindow:
    free_until = stored.get("free_until")
    billed = free_until is not None and now >= free_until
    return ReplyWindow(
        stored["until"], stored["kind"], "billed" if billed else "free", free_until=free_until
    )


def _human_agent_window(
    conversation: Conversation, now: datetime, rules: WindowRules
) -> ReplyWindow | None:
    last_in_at = conversation.get("last_in_at")
    if last_in_at is None or conversation["channel"] not in _HUMAN_AGENT_CHANNELS:
        return None
    until = last_in_at + HUMAN_AGENT
    if not rules.human_agent or now >= until:
        return None
    return ReplyWindow(until, "human_agent", human_only=True)


def _estimated(conversation: Conversation) -> Mapping[str, Any] | None:
    """Where only the time of the customer's last message is known."""
    at = conversation.get("last_in_at")
    if at is None:
        return None
    if conversation["channel"] == "zalo":
        free_until = at + FREE_CONSULTATION
        return {"until": at + CONSULTATION, "kind": "consultation", "free_until": free_until}
    return {"until": at + STANDARD, "kind": "standard"}
