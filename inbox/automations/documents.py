"""Automations and their events as they are stored."""

from datetime import timedelta

from inbox.automations.model import Automation, Event
from inbox.mongo.client import Document


def automation_from(document: Document) -> Automation:
    back = document.get("hand_back_after_s")
    return Automation(
        id=document["_id"],
        bot_id=document["bot_id"],
        name=document["name"],
        kind=document["kind"],
        url=document["url"],
        events=frozenset(document["events"]),
        answers=document["answers"],
        answer_within=timedelta(seconds=document["answer_within_s"]),
        hand_back_after=None if back is None else timedelta(seconds=back),
        enabled=document["enabled"],
        created_at=document["created_at"],
        version=document["version"],
        page_id=document.get("page_id"),
        off_reason=document.get("off_reason"),
        off_at=document.get("off_at"),
    )


def automation_fields(automation: Automation) -> Document:
    """All fields but the id and the secrets; what is not there is None."""
    back = automation.hand_back_after
    return {
        "bot_id": automation.bot_id,
        "name": automation.name,
        "kind": automation.kind,
        "url": automation.url,
        "events": sorted(automation.events),
        "answers": automation.answers,
        "answer_within_s": int(automation.answer_within.total_seconds()),
        "hand_back_after_s": None if back is None else int(back.total_seconds()),
        "enabled": automation.enabled,
        "created_at": automation.created_at,
        "version": automation.version,
        "page_id": automation.page_id,
        "off_reason": automation.off_reason,
        "off_at": automation.off_at,
    }


def event_from(document: Document) -> Event:
    return Event(
        id=document["_id"],
        type=document["type"],
        at=document["at"],
        bot_id=document["bot_id"],
        stream_id=document["stream_id"],
        sequence=document["seq"],
        conversation_id=document.get("conversation_id"),
        customer_id=document.get("customer_id"),
        data=document["data"],
    )


def event_document(event: Event) -> Document:
    return {
        "_id": event.id,
        "type": event.type,
        "at": event.at,
        "bot_id": event.bot_id,
        "stream_id": event.stream_id,
        "seq": event.sequence,
        "conversation_id": event.conversation_id,
        "customer_id": event.customer_id,
        "data": event.data,
    }
