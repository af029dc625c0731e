"""Changing how a bot splits: checked as a whole, audited, never half."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from inbox.clock import Clock
from inbox.errors import FieldErrors, InboxError, NotFound, VersionClash
from inbox.ids import random_id
from inbox.live.model import live_event
from inbox.mongo.client import Mongo, Session
from inbox.splitting.documents import config_document, rule_document
from inbox.splitting.model import Rule, SplitConfig
from inbox.splitting.settings_checks import (
    Known,
    check_week,
    rule_from_body,
    settings_after,
    wrong,
)
from inbox.splitting.store import SplitStore
from inbox.splitting.view import MOST_RULES, RuleBody, SettingsBody, ShiftBody
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor


class CatchAllStays(InboxError):
    """The last rule takes what no other one takes; without it conversations would be nobody's."""

    code = "catch_all_stays"
    status = 409
    vi = "Không thể xoá luật mặc định."
    en = "The default rule cannot be deleted."


class SplitConfiguring:
    """Reads and changes configurations; who may call is checked by the routes."""

    def __init__(
        self, mongo: Mongo, clock: Clock, on_changed: Callable[[], None] = lambda: None
    ) -> None:
        """`on_changed` is called when the settings are others, and so perhaps who sees what."""
        self._on_changed = on_changed
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

        async def work(session: Session) -> SplitConfig:
            before = await self.get(bot_id, session=session)
            if version is not None and version != before.version:
                sent = sorted(body.model_fields_set)
                raise VersionClash(fields=sent, current={"version": before.version})
            errors = FieldErrors()
            after = settings_after(before, body, await self.known(bot_id, session), errors)
            errors.raise_if_any()
            if after == before:
                return before
            await self.store.save_settings(before, after, session=session)
            await self._tell(
                actor, bot_id, "split_settings_changed", _differences(before, after), session
            )
            return replace(after, version=before.version + 1)

        config = await self._mongo.transaction(work)
        self._on_changed()
        return config

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
                wrong(errors, "name", "too_many_rules")
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
                wrong(errors, "ids", "not_all_rules")
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
            check_week(schedule, "schedule", errors)
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
        known = await self.known(bot_id, session)
        rule = rule_from_body(bot_id, rule_id, body, known, errors, catch_all=catch_all)
        errors.raise_if_any()
        if rule is None:
            raise AssertionError("a rule that is wrong says where")
        return rule

    async def known(self, bot_id: str, session: Session | None = None) -> Known:
        """What the configuration of a bot may name."""
        bot = await self._mongo["bots"].find_one({"_id": bot_id}, session=session)
        members = (bot or {}).get("member_ids", [])
        active = self._mongo["staff"].find(
            {"_id": {"$in": members}, "active": True}, {"_id": 1}, session=session
        )
        leaders = self._mongo["staff"].find(
            {"role": {"$in": ["owner", "admin"]}, "active": True}, {"_id": 1}, session=session
        )
        accounts = self._mongo["accounts"].find({"bot_id": bot_id}, {"_id": 1}, session=session)
        return Known(
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
