"""Whom a decision is told, and how: live events of conversations, notices to leaders. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime

from inbox.conversations.lateness import is_late
from inbox.conversations.telling import message_event
from inbox.conversations.view import conversation_view, customer_brief
from inbox.conversations.visibility import people_of
from inbox.conversations.window import WindowRules
from inbox.live.model import live_event
from inbox.mongo.client import Document
from inbox.splitting.assigning.reading import Cases
from inbox.splitting.model import SplitConfig
from inbox.staff.notices.model import NewNotice

MOST_WITHHELD = 20
"""Messages of one conversation that are told when it is given; readers load the others."""


def live_events(
    before: Document, after: Document, cases: Cases, now: datetime, rules: WindowRules
) -> list[Document]:
    """What was withheld is told now; else that other people are in charge."""
    customer = cases.customers.get(after.get("customer_id") or "")
    events: list[Document] = []
    for message in cases.messages.get(after["_id"], [])[-MOST_WITHHELD:]:
        event = message_event(
            "message_received", message, after, now, rules, people_before=people_of(before)
        )
        if is_late(message["at"], now):
            event["data"]["late"] = True
        if customer is not None:
            event["data"]["conversation"]["customer"] = customer_brief(customer, after)
        events.append(event)
    if events:
        return events
    view = conversation_view(after, customer=customer, now=now, rules=rules)
    return [
        live_event(
            type="conversation_changed",
            at=now,
            bot_id=after["bot_id"],
            conversation_id=after["_id"],
            customer_id=after.get("customer_id"),
            people=people_of(after),
            people_before=people_of(before),
            data={"conversation": view},
        )
    ]


def leaders_told(
    ended: Sequence[Document],
    config: SplitConfig,
    members: Collection[str],
    leaders: Sequence[Document],
) -> list[NewNotice]:
    """Of conversations that nobody has answered in any round.

    Told are the managers among the members and whom the bot's alert names; without any, owners
    and admins. `leaders` are the active staff above sales.
    """
    told = {one["_id"] for one in leaders if one["role"] == "manager" and one["_id"] in members}
    told |= set(config.alert.staff_ids) if config.alert else set()
    told = told or {one["_id"] for one in leaders if one["role"] in ("owner", "admin")}
    return [
        NewNotice(
            staff_id=staff_id,
            kind="unassigned",
            bot_id=one["bot_id"],
            conversation_id=one["_id"],
            data={"round": one["split"].get("round", 0)},
        )
        for one in ended
        for staff_id in sorted(told)
    ]
