"""Changing how a bot splits: checked as a whole, audited, never half."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from inbox.clock import Clock
from inbox.errors import FieldErrors, InboxError, NotFound, VersionClash
from inbox.ids import random_id
from inbox.live.model import live_event
from inbox.mongo.client import Mongo, Session
from inbox.splitting.checking import check_condition
from inbox.splitting.documents import (
    config_document,
    config_from,
    interval_from,
    rule_document,
    rule_from,
)
from inbox.splitting.model import AllOf, AnyOf, Comparison, Condition, Interval, Rule, SplitConfig
from inbox.splitting.schedules import is_time_zone
from inbox.splitting.store import LAST, SplitStore
from inbox.splitting.view import MOST_RULES, RuleBody, SettingsBody, ShiftBody
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

_SENTENCES: dict[str, tuple[str, str]] = {
    "unknown_staff": (
        "Nhân viên này không thuộc bot hoặc đã ngừng hoạt động.",
        "This person is not an active member of the bot.",
    ),
    "twice": ("Giá trị này bị lặp lại.", "This is in the list twice."),
    "no_weight": ("Cần ít nhất một người có tỷ trọng lớn hơn 0.", "Somebody needs a share."),
    "one_person": (
        "Chế độ cố định cần đúng một người.",
        "The fixed mode needs exactly one person.",
    ),
    "unknown_account": (
        "Tài khoản này không thuộc bot.",
        "This account is not one of the bot's.",
    ),
    "unknown_time_zone": ("Không có múi giờ này.", "There is no such time zone."),
    "overlapping": ("Các khung giờ bị chồng lên nhau.", "These intervals overlap."),
    "ends_before_it_begins": (
        "Ngày kết thúc phải sau ngày bắt đầu.",
        "It ends before it begins.",
    ),
    "catch_all_has_no_condition": (
        "Luật mặc định không có điều kiện.",
        "The default rule has no condition.",
    ),
    "condition_needed": ("Luật cần có điều kiện.", "A rule needs a condition."),
    "too_many_rules": ("Đã đủ số luật tối đa.", "There are as many rules as there may be."),
    "not_all_rules": (
        "Cần gửi đủ mọi luật, mỗi luật một lần.",
        "Send every rule, each once.",
    ),
}


class CatchAllStays(InboxError):
    """The last rule takes what no other one takes; without it conversations would be nobody's."""

    code = "catch_all_stays"
    status = 409
    vi = "Không thể xoá luật mặc định."
    en = "The default rule cannot be deleted."


@dataclass(frozen=True, slots=True)
class _Known:
    """What the configuration of a bot may name."""

    staff: frozenset[str]
    accounts: frozenset[str]


class SplitConfiguring:
    """Reads and changes configurations; who may call is checked by the routes."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        self._audit = AuditStore(mongo)
        self.store = SplitStore(mongo)

    async def get(self, bot_id: str, *, session: Session | None = None) -> SplitConfig:
        """Raises NotFound."""
        config = await self.store.config(bot_id, session=session)
        if config is None:
            raise NotFound
        return config

    async def change_settings(
        self, actor: Actor, bot_id: str, body: SettingsBody, version: int | None
    ) -> SplitConfig:
        """Set what was sent.

        Raises:
            NotFound: no such bot. VersionClash: somebody else changed the settings since.
            InvalidInput: with every wrong field.
        """
        sent = body.model_dump(mode="json", by_alias=True, include=body.model_fields_set)

        async def work(session: Session) -> SplitConfig:
            before = await self.get(bot_id, session=session)
            if version is not None and version != before.version:
                raise VersionClash(fields=sorted(sent), current={"version": before.version})
            kept = {name: value for name, value in sent.items() if _is_given(name, value)}
            wanted = {**config_document(before), **kept}
            errors = FieldErrors()
            _check_settings(wanted, await self._known(bot_id, session), errors)
            errors.raise_if_any()
            after = config_from(bot_id, wanted, before.rules)
            if after == before:
                return before
            await self.store.save_settings(before, after, session=session)
            await self._tell(
                actor, bot_id, "split_settings_changed", _differences(before, after), session
            )
            return replace(after, version=before.version + 1)

        return await self._mongo.transaction(work)

    async def add_rule(self, actor: Actor, bot_id: str, body: RuleBody) -> Rule:
        """Add a rule before the catch-all.

        Raises:
            NotFound, InvalidInput.
        """

        async def work(session: Session) -> Rule:
            config = await self.get(bot_id, session=session)
            conditional = [rule for rule in config.rules if rule.when is not None]
            errors = FieldErrors()
            if len(conditional) >= MOST_RULES:
                _wrong(errors, "name", "too_many_rules")
            rule = await self._checked(bot_id, random_id(), body, errors, session, catch_all=False)
            position = max((one.position for one in conditional), default=0) + 1
            rule = replace(rule, position=position, created_at=self._clock.now())
            await self._save(actor, "split_rule_added", None, rule, session)
            return rule

        return await self._mongo.transaction(work)

    async def change_rule(
        self, actor: Actor, bot_id: str, rule_id: str, body: RuleBody, version: int | None
    ) -> Rule:
        """Replace a rule.

        Raises:
            NotFound, InvalidInput. VersionClash: somebody else changed it since.
        """

        async def work(session: Session) -> Rule:
            before = await self._rule(bot_id, rule_id, session)
            if version is not None and version != before.version:
                raise VersionClash(fields=["rule"], current={"version": before.version})
            catch_all = before.when is None
            rule = await self._checked(
                bot_id, rule_id, body, FieldErrors(), session, catch_all=catch_all
            )
            after = replace(
                rule,
                position=before.position,
                created_at=before.created_at,
                version=before.version,
            )
            if after == before:
                return before
            after = replace(after, version=before.version + 1)
            await self._save(actor, "split_rule_changed", before, after, session)
            return after

        return await self._mongo.transaction(work)

    async def delete_rule(self, actor: Actor, bot_id: str, rule_id: str) -> None:
        """Raises NotFound, CatchAllStays."""

        async def work(session: Session) -> None:
            rule = await self._rule(bot_id, rule_id, session)
            if rule.when is None:
                raise CatchAllStays
            await self.store.delete_rule(rule, session=session)
            await self.store.touch(bot_id, session=session)
            told = {"rule": {"before": _audited(rule)}}
            await self._tell(actor, bot_id, "split_rule_deleted", told, session)

        await self._mongo.transaction(work)

    async def order_rules(self, actor: Actor, bot_id: str, ids: list[str]) -> SplitConfig:
        """Put the rules with a condition in this order; the catch-all stays last.

        Raises:
            NotFound. InvalidInput: the ids are not those of the rules, each once.
        """

        async def work(session: Session) -> SplitConfig:
            before = await self.get(bot_id, session=session)
            now = [rule.id for rule in before.rules if rule.when is not None]
            if sorted(now) != sorted(ids):
                errors = FieldErrors()
                _wrong(errors, "ids", "not_all_rules")
                errors.raise_if_any()
            if now == ids:
                return before
            await self.store.move_rules(ids, session=session)
            await self.store.touch(bot_id, session=session)
            told = {"order": {"before": now, "after": ids}}
            await self._tell(actor, bot_id, "split_rules_ordered", told, session)
            return await self.get(bot_id, session=session)

        return await self._mongo.transaction(work)

    async def change_shift(
        self, actor: Actor, staff_id: str, body: ShiftBody
    ) -> dict[str, Any] | None:
        """Give somebody hours of their own, or (None) those of their bot.

        Raises:
            NotFound: nobody has this id. InvalidInput: intervals overlap.
        """
        schedule = body.schedule.model_dump(by_alias=True) if body.schedule else None
        errors = FieldErrors()
        if schedule is not None:
            _check_week(schedule, "schedule", errors)
        errors.raise_if_any()

        async def work(session: Session) -> None:
            person = await self._mongo["staff"].find_one(
                {"_id": staff_id}, {"_id": 1}, session=session
            )
            if person is None:
                raise NotFound
            before = await self.store.save_shift(staff_id, schedule, session=session)
            if before != schedule:
                await self._audit.record(
                    actor,
                    "shift_changed",
                    ("staff", staff_id),
                    at=self._clock.now(),
                    changes={"schedule": {"before": before, "after": schedule}},
                    session=session,
                )

        await self._mongo.transaction(work)
        return schedule

    async def _rule(self, bot_id: str, rule_id: str, session: Session) -> Rule:
        config = await self.get(bot_id, session=session)
        for rule in config.rules:
            if rule.id == rule_id:
                return rule
        raise NotFound

    async def _checked(
        self,
        bot_id: str,
        rule_id: str,
        body: RuleBody,
        errors: FieldErrors,
        session: Session,
        *,
        catch_all: bool,
    ) -> Rule:
        """The rule that `body` describes; InvalidInput with everything that is wrong with it."""
        document = body.model_dump(mode="json")
        if document["when"] is not None and catch_all:
            _wrong(errors, "when", "catch_all_has_no_condition")
        elif document["when"] is not None:
            check_condition(document["when"], errors)
        elif not catch_all:
            _wrong(errors, "when", "condition_needed")
        known = await self._known(bot_id, session)
        _check_people(body, known, errors)
        errors.raise_if_any()
        rule = rule_from(
            {**document, "_id": rule_id, "bot_id": bot_id, "position": LAST, "version": 1}
        )
        if rule.when is not None:
            _check_accounts(rule.when, known, errors, "when")
        errors.raise_if_any()
        return rule

    async def _known(self, bot_id: str, session: Session) -> _Known:
        bot = await self._mongo["bots"].find_one({"_id": bot_id}, session=session)
        members = (bot or {}).get("member_ids", [])
        active = self._mongo["staff"].find(
            {"_id": {"$in": members}, "active": True}, {"_id": 1}, session=session
        )
        leaders = self._mongo["staff"].find(
            {"role": {"$in": ["owner", "admin"]}, "active": True}, {"_id": 1}, session=session
        )
        accounts = self._mongo["accounts"].find({"bot_id": bot_id}, {"_id": 1}, session=session)
        return _Known(
            frozenset([one["_id"] async for one in active])
            | frozenset([one["_id"] async for one in leaders]),
            frozenset([one["_id"] async for one in accounts]),
        )

    async def _save(
        self, actor: Actor, action: str, before: Rule | None, after: Rule, session: Session
    ) -> None:
        await self.store.save_rule(after, session=session)
        await self.store.touch(after.bot_id, session=session)
        told = {"rule": {"before": _audited(before), "after": _audited(after)}}
        await self._tell(actor, after.bot_id, action, told, session)

    async def _tell(
        self, actor: Actor, bot_id: str, action: str, changes: dict[str, Any], session: Session
    ) -> None:
        now = self._clock.now()
        await self._audit.record(
            actor, action, ("bot", bot_id), at=now, changes=changes, session=session
        )
        event = live_event(type="bot_changed", at=now, bot_id=bot_id, data={"bot_id": bot_id})
        await self._mongo["live_events"].insert_one(event, session=session)


def _wrong(errors: FieldErrors, field: str, code: str) -> None:
    vi, en = _SENTENCES[code]
    errors.add(field, code, vi=vi, en=en)


def _is_given(name: str, value: Any) -> bool:
    """Null leaves as it is, but for the alert, which it switches off."""
    return value is not None or name == "alert"


def _check_settings(wanted: dict[str, Any], known: _Known, errors: FieldErrors) -> None:
    if not is_time_zone(wanted["time_zone"]):
        _wrong(errors, "time_zone", "unknown_time_zone")
    _check_week(wanted["working_hours"], "working_hours", errors)
    for place, holiday in enumerate(wanted["holidays"]):
        if holiday["to"] < holiday["from"]:
            _wrong(errors, f"holidays.{place}.to", "ends_before_it_begins")
        _check_day(holiday["hours"], f"holidays.{place}.hours", errors)
    for place, staff_id in enumerate((wanted["alert"] or {}).get("staff_ids", ())):
        if staff_id not in known.staff:
            _wrong(errors, f"alert.staff_ids.{place}", "unknown_staff")


def _check_week(schedule: dict[str, Any], field: str, errors: FieldErrors) -> None:
    for day, intervals in schedule["weekdays"].items():
        _check_day(intervals, f"{field}.weekdays.{day}", errors)


def _check_day(intervals: Collection[dict[str, str]], field: str, errors: FieldErrors) -> None:
    """Intervals that begin on one day must not overlap."""
    ends = -1
    for one in sorted(map(interval_from, intervals), key=lambda interval: interval.start):
        if one.start < ends:
            _wrong(errors, field, "overlapping")
            return
        ends = _end(one)


def _end(interval: Interval) -> int:
    return interval.end if interval.end > interval.start else interval.end + 24 * 60


def _check_people(body: RuleBody, known: _Known, errors: FieldErrors) -> None:
    seen: set[str] = set()
    for place, one in enumerate(body.pool):
        if one.staff_id not in known.staff:
            _wrong(errors, f"pool.{place}.staff_id", "unknown_staff")
        if one.staff_id in seen:
            _wrong(errors, f"pool.{place}.staff_id", "twice")
        seen.add(one.staff_id)
    if body.pool and not any(one.weight for one in body.pool):
        _wrong(errors, "pool", "no_weight")
    if body.mode == "fixed" and len(body.pool) != 1:
        _wrong(errors, "pool", "one_person")
    if body.fallback_staff_id is not None and body.fallback_staff_id not in known.staff:
        _wrong(errors, "fallback_staff_id", "unknown_staff")


def _check_accounts(condition: Condition, known: _Known, errors: FieldErrors, path: str) -> None:
    """Accounts of another bot are split by that bot's configuration, never by two."""
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            name = "all" if isinstance(condition, AllOf) else "any"
            for place, one in enumerate(conditions):
                _check_accounts(one, known, errors, f"{path}.{name}.{place}")
        case Comparison("account", _, value, _):
            if not all(account in known.accounts for account in _listed(value)):
                _wrong(errors, f"{path}.value", "unknown_account")
        case _:
            pass


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, tuple) else (value,)


def _audited(rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    document = rule_document(rule)
    return {name: document[name] for name in document if name not in ("created_at", "bot_id")}


def _differences(before: SplitConfig, after: SplitConfig) -> dict[str, Any]:
    old, new = config_document(before), config_document(after)
    return {
        name: {"before": old[name], "after": new[name]}
        for name in new
        if old[name] != new[name] and name != "version"
    }
