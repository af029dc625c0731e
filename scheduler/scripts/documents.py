"""Scripts and enrolments as plain documents, and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inbox.splitting.documents import (
    clock_minutes,
    clock_text,
    schedule_document,
    schedule_from,
)
from scheduler.scripts.model import (
    AttributeTime,
    ClockTime,
    Content,
    Delay,
    Enrolment,
    FirstMessage,
    FixedTime,
    Keyword,
    Recurring,
    Script,
    Step,
    StepLog,
    Stops,
    TagAdded,
    Trigger,
    When,
)

Document = Mapping[str, Any]


def when_from(document: Document) -> When:
    """KeyError or ValueError when it was never checked (see checking.py)."""
    match document["kind"]:
        case "delay":
            return Delay(document["n"], document["unit"])
        case "clock":
            return ClockTime(document["days"], clock_minutes(document["at"]))
        case "fixed":
            moment = datetime.fromisoformat(document["at"])
            return FixedTime(moment, document.get("past", "stop"))
        case _:
            return AttributeTime(
                document["attribute"],
                document["days"],
                clock_minutes(document["at"]),
                document.get("yearly", False),
                document.get("past", "stop"),
            )


def when_document(when: When) -> dict[str, Any]:
    match when:
        case Delay(n, unit):
            return {"kind": "delay", "n": n, "unit": unit}
        case ClockTime(days, at):
            return {"kind": "clock", "days": days, "at": clock_text(at)}
        case FixedTime(at, past):
            return {"kind": "fixed", "at": at.isoformat(timespec="minutes"), "past": past}
        case AttributeTime(attribute, days, at, yearly, past):
            return {
                "kind": "attribute",
                "attribute": attribute,
                "days": days,
                "at": clock_text(at),
                "yearly": yearly,
                "past": past,
            }


def content_from(document: Document) -> Content:
    return Content(
        document.get("text"),
        tuple(document.get("upload_ids") or ()),
        tuple(document.get("buttons") or ()),
        tuple(document.get("quick_replies") or ()),
    )


def content_document(content: Content) -> dict[str, Any]:
    return {
        "text": content.text,
        "upload_ids": list(content.upload_ids),
        "buttons": [dict(one) for one in content.buttons],
        "quick_replies": [dict(one) for one in content.quick_replies],
    }


def trigger_from(document: Document) -> Trigger:
    """KeyError when it was never checked (see checking.py)."""
    match document["kind"]:
        case "tag_added":
            return TagAdded(tuple(document["tag_ids"]))
        case "first_message":
            return FirstMessage()
        case "keyword":
            return Keyword(tuple(document["words"]))
        case _:
            return Recurring(document["crontab"], tuple(document["tag_ids"]))


def trigger_document(trigger: Trigger) -> dict[str, Any]:
    match trigger:
        case TagAdded(tag_ids):
            return {"kind": "tag_added", "tag_ids": list(tag_ids)}
        case FirstMessage():
            return {"kind": "first_message"}
        case Keyword(words):
            return {"kind": "keyword", "words": list(words)}
        case Recurring(crontab, tag_ids):
            return {"kind": "cron", "crontab": crontab, "tag_ids": list(tag_ids)}


def script_from(document: Document) -> Script:
    stops, window = document.get("stops") or {}, document.get("window")
    return Script(
        id=document["_id"],
        bot_id=document["bot_id"],
        name=document["name"],
        enabled=document["enabled"],
        steps=tuple(_step(one) for one in document["steps"]),
        window=schedule_from(window) if window else None,
        stops=Stops(
            frozenset(stops.get("on") or ()),
            frozenset(stops.get("tags_added") or ()),
            frozenset(stops.get("tags_removed") or ()),
        ),
        repeat=document.get("repeat", False),
        outside=document.get("outside", "skip"),
        triggers=tuple(trigger_from(one) for one in document.get("triggers") or ()),
        created_at=document["created_at"],
        version=document.get("version", 1),
    )


def _step(document: Document) -> Step:
    return Step(
        document["id"],
        when_from(document["when"]),
        content_from(document["content"]),
        document.get("enabled", True),
    )


def script_document(script: Script) -> dict[str, Any]:
    """As it is stored in `scripts`."""
    return {
        "_id": script.id,
        "bot_id": script.bot_id,
        "name": script.name,
        "enabled": script.enabled,
        "steps": [
            {
                "id": step.id,
                "when": when_document(step.when),
                "content": content_document(step.content),
                "enabled": step.enabled,
            }
            for step in script.steps
        ],
        "window": schedule_document(script.window) if script.window else None,
        "stops": {
            "on": sorted(script.stops.on),
            "tags_added": sorted(script.stops.tags_added),
            "tags_removed": sorted(script.stops.tags_removed),
        },
        "repeat": script.repeat,
        "outside": script.outside,
        "triggers": [trigger_document(one) for one in script.triggers],
        "created_at": script.created_at,
        "version": script.version,
    }


def enrolment_from(document: Document) -> Enrolment:
    return Enrolment(
        id=document["_id"],
        script_id=document["script_id"],
        bot_id=document["bot_id"],
        customer_id=document["customer_id"],
        conversation_id=document.get("conversation_id"),
        status=document["status"],
        started_at=document["started_at"],
        by=document.get("by"),
        next_step_id=document.get("next_step_id"),
        next_at=document.get("next_at"),
        log=tuple(log_from(one) for one in document.get("log") or ()),
        reason=document.get("reason"),
        paused_at=document.get("paused_at"),
        ended_at=document.get("ended_at"),
        holding=document.get("holding"),
        via=document.get("via", "staff"),
        script_created_at=document.get("script_created_at"),
    )


def log_from(document: Document) -> StepLog:
    return StepLog(
        document["step_id"],
        document["result"],
        document["at"],
        document.get("reason"),
        document.get("message_id"),
    )


def log_document(entry: StepLog) -> dict[str, Any]:
    document: dict[str, Any] = {
        "step_id": entry.step_id,
        "result": entry.result,
        "at": entry.at,
    }
    if entry.reason is not None:
        document["reason"] = entry.reason
    if entry.message_id is not None:
        document["message_id"] = entry.message_id
    return document
