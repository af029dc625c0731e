"""Configuration, ledger and receipts of splitting as plain documents, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from inbox.splitting.model import (
    DEFAULT_HOURS,
    DEFAULT_TIME_ZONE,
    WEEKDAYS,
    Alert,
    AllOf,
    AnyOf,
    Candidate,
    Cap,
    Comparison,
    Condition,
    Exclusion,
    Holiday,
    Interval,
    KeepReturning,
    LedgerEntry,
    PoolEntry,
    Rate,
    Receipt,
    ReceiptActor,
    Resplit,
    Rule,
    Schedule,
    SplitConfig,
)

Document = Mapping[str, Any]


def clock_minutes(text: str) -> int:
    """Minutes after midnight of "HH:MM"; "24:00" is midnight. ValueError if it is none."""
    hours, colon, minutes = text.partition(":")
    if not (colon and len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal()):  # noqa: PLR2004 - "HH" and "MM"
        raise ValueError("a time is HH:MM")
    if text == "24:00":
        return 0
    if int(hours) > 23 or int(minutes) > 59:  # noqa: PLR2004 - of a clock
        raise ValueError("a time is from 00:00 to 23:59")
    return int(hours) * 60 + int(minutes)


def clock_text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def interval_from(document: Document) -> Interval:
    return Interval(clock_minutes(document["from"]), clock_minutes(document["to"]))


def interval_document(interval: Interval) -> dict[str, str]:
    return {"from": clock_text(interval.start), "to": clock_text(interval.end)}


def schedule_from(document: Document) -> Schedule:
    """A weekday that is left out has no hours."""
    weekdays = document.get("weekdays") or {}
    return Schedule(
        tuple(tuple(interval_from(one) for one in weekdays.get(day) or ()) for day in WEEKDAYS)
    )


def schedule_document(schedule: Schedule) -> dict[str, Any]:
    return {
        "weekdays": {
            day: [interval_document(one) for one in intervals]
            for day, intervals in zip(WEEKDAYS, schedule.weekdays, strict=True)
        }
    }


def holiday_from(document: Document) -> Holiday:
    return Holiday(
        date.fromisoformat(document["from"]),
        date.fromisoformat(document["to"]),
        document.get("name") or "",
        tuple(interval_from(one) for one in document.get("hours") or ()),
    )


def holiday_document(holiday: Holiday) -> dict[str, Any]:
    return {
        "from": holiday.first.isoformat(),
        "to": holiday.last.isoformat(),
        "name": holiday.name,
        "hours": [interval_document(one) for one in holiday.hours],
    }


def condition_from(document: Document | None) -> Condition | None:
    """The tree of a condition that was checked before (conditions.check_condition)."""
    return None if document is None else _condition(document)


def _condition(document: Document) -> Condition:
    if "all" in document:
        return AllOf(tuple(_condition(one) for one in document["all"]))
    if "any" in document:
        return AnyOf(tuple(_condition(one) for one in document["any"]))
    value = document.get("value")
    return Comparison(
        document["field"],
        document["op"],
        tuple(value) if isinstance(value, list) else value,
        document.get("name"),
    )


def condition_document(condition: Condition | None) -> dict[str, Any] | None:
    match condition:
        case None:
            return None
        case AllOf(conditions):
            return {"all": [condition_document(one) for one in conditions]}
        case AnyOf(conditions):
            return {"any": [condition_document(one) for one in conditions]}
        case Comparison(field, op, value, name):
            plain = list(value) if isinstance(value, tuple) else value
            named = {} if name is None else {"name": name}
            return {"field": field, **named, "op": op, "value": plain}


def rule_from(document: Document) -> Rule:
    """A rule as it is stored; what is left out has its default."""
    cap, rate, resplit = document.get("cap"), document.get("rate"), document.get("resplit")
    return Rule(
        id=document["_id"],
        bot_id=document["bot_id"],
        position=document["position"],
        name=document["name"],
        enabled=document.get("enabled", True),
        when=condition_from(document.get("when")),
        mode=document.get("mode", "even"),
        eligible=document.get("eligible", "all"),
        pool=tuple(
            PoolEntry(one["staff_id"], one.get("weight", 1)) for one in document.get("pool") or ()
        ),
        cap=Cap(**cap) if cap else None,
        rate=Rate(**rate) if rate else None,
        keep_returning=KeepReturning(**(document.get("keep_returning") or {})),
        resplit=Resplit(**resplit) if resplit else None,
        redistribute=document.get("redistribute", False),
        fallback_staff_id=document.get("fallback_staff_id"),
        excluded_posts=frozenset(document.get("excluded_posts") or ()),
        created_at=document.get("created_at"),
        version=document.get("version", 1),
    )


def rule_document(rule: Rule) -> dict[str, Any]:
    """As it is stored in `split_rules`."""
    return {
        "_id": rule.id,
        "bot_id": rule.bot_id,
        "position": rule.position,
        "name": rule.name,
        "enabled": rule.enabled,
        "when": condition_document(rule.when),
        "mode": rule.mode,
        "eligible": rule.eligible,
        "pool": [asdict(one) for one in rule.pool],
        "cap": asdict(rule.cap) if rule.cap else None,
        "rate": asdict(rule.rate) if rule.rate else None,
        "keep_returning": asdict(rule.keep_returning),
        "resplit": asdict(rule.resplit) if rule.resplit else None,
        "redistribute": rule.redistribute,
        "fallback_staff_id": rule.fallback_staff_id,
        "excluded_posts": sorted(rule.excluded_posts),
        "created_at": rule.created_at,
        "version": rule.version,
    }


def config_from(bot_id: str, split: Document, rules: tuple[Rule, ...] = ()) -> SplitConfig:
    """The sub-document `split` of a bot, with the bot's rules; what is left out has its default."""
    hours, alert = split.get("working_hours"), split.get("alert")
    return SplitConfig(
        bot_id=bot_id,
        enabled=split.get("enabled", False),
        visibility=split.get("visibility", "own_unassigned"),
        replier_becomes_assignee=split.get("replier_becomes_assignee", True),
        replier_takes_over=split.get("replier_takes_over", False),
        time_zone=split.get("time_zone") or DEFAULT_TIME_ZONE,
        working_hours=schedule_from(hours) if hours else DEFAULT_HOURS,
        holidays=tuple(holiday_from(one) for one in split.get("holidays") or ()),
        auto_away_after_min=split.get("auto_away_after_min", 10),
        alert=Alert(alert["after_min"], tuple(alert["staff_ids"])) if alert else None,
        version=split.get("version", 1),
        rules=tuple(sorted(rules, key=lambda rule: (rule.when is None, rule.position))),
    )


def config_document(config: SplitConfig) -> dict[str, Any]:
    """As it is stored under `split` of a bot; the rules are documents of their own."""
    alert = config.alert
    return {
        "enabled": config.enabled,
        "visibility": config.visibility,
        "replier_becomes_assignee": config.replier_becomes_assignee,
        "replier_takes_over": config.replier_takes_over,
        "time_zone": config.time_zone,
        "working_hours": schedule_document(config.working_hours),
        "holidays": [holiday_document(one) for one in config.holidays],
        "auto_away_after_min": config.auto_away_after_min,
        "alert": None
        if alert is None
        else {"after_min": alert.after_min, "staff_ids": list(alert.staff_ids)},
        "version": config.version,
    }


def ledger_from(document: Document) -> LedgerEntry:
    key = document["_id"]
    return LedgerEntry(
        rule_id=key["rule_id"],
        staff_id=key["staff_id"],
        bot_id=document.get("bot_id", ""),
        given=document.get("given", 0),
        lag=document.get("lag", 0),
        period_lag=document.get("period_lag", 0),
        period=document.get("period"),
        turn=document.get("turn", 0),
        sticky=document.get("sticky", 0),
        fallback=document.get("fallback", 0),
        manual=document.get("manual", 0),
        last_given_at=document.get("last_given_at"),
        recent=tuple(document.get("recent") or ()),
    )


def ledger_document(entry: LedgerEntry) -> dict[str, Any]:
    """As it is stored in `split_ledger`; both lags are whole numbers of UNIT."""
    return {
        "_id": {"rule_id": entry.rule_id, "staff_id": entry.staff_id},
        "bot_id": entry.bot_id,
        "given": entry.given,
        "lag": entry.lag,
        "period_lag": entry.period_lag,
        "period": entry.period,
        "turn": entry.turn,
        "sticky": entry.sticky,
        "fallback": entry.fallback,
        "manual": entry.manual,
        "last_given_at": entry.last_given_at,
        "recent": list(entry.recent),
    }


def receipt_from(document: Document) -> Receipt:
    return Receipt(
        conversation_id=document["conversation_id"],
        bot_id=document["bot_id"],
        kind=document["kind"],
        at=document["at"],
        rule_id=document.get("rule_id"),
        rule_name=document.get("rule_name"),
        round=document.get("round", 0),
        chosen=document.get("chosen"),
        before=document.get("before"),
        candidates=tuple(Candidate(**one) for one in document.get("candidates") or ()),
        excluded=tuple(Exclusion(**one) for one in document.get("excluded") or ()),
        numbers=document.get("numbers") or {},
        actor=ReceiptActor(**(document.get("actor") or {})),
        reason=document.get("reason"),
    )


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """As it is stored in `receipts`, but for the `_id`, which the store gives it."""
    return {
        "conversation_id": receipt.conversation_id,
        "bot_id": receipt.bot_id,
        "kind": receipt.kind,
        "rule_id": receipt.rule_id,
        "rule_name": receipt.rule_name,
        "round": receipt.round,
        "chosen": receipt.chosen,
        "before": receipt.before,
        "candidates": [
            {
                "staff_id": one.staff_id,
                "weight": one.weight,
                "lag": one.lag,
                "load": one.load,
                "last_given_at": one.last_given_at,
            }
            for one in receipt.candidates
        ],
        "excluded": [
            {"staff_id": one.staff_id, "reason": one.reason, "numbers": dict(one.numbers)}
            for one in receipt.excluded
        ],
        "numbers": dict(receipt.numbers),
        "actor": {"kind": receipt.actor.kind, "id": receipt.actor.id},
        "reason": receipt.reason,
        "at": receipt.at,
    }
