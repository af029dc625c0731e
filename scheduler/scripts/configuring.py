"""Writing the scripts of a bot: checked as a whole, audited, never half."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from inbox.clock import Clock
from inbox.errors import FieldErrors, NotFound, VersionClash
from inbox.ids import random_id
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import due
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from scheduler.scripts.checking import (
    check_attachable,
    steps_of,
    stops_of,
    triggers_of,
    window_of,
)
from scheduler.scripts.documents import script_document
from scheduler.scripts.foreseeing import Foreseen
from scheduler.scripts.model import Facts, Script
from scheduler.scripts.previewing import StepTime, times_of
from scheduler.scripts.store import ScriptStore, calendar_work
from scheduler.scripts.surroundings import Named, Surroundings, Written
from scheduler.scripts.view import (
    LONGEST_NAME,
    PreviewBody,
    ScriptBody,
    ScriptEditBody,
    StopsBody,
)
from scheduler.scripts.wording import wrong
from scheduler.timing import calendar_of

_COPY = " (bản sao)"
_PLAIN = ("enabled", "repeat", "outside")


@dataclass(frozen=True, slots=True)
class Preview:
    """When the steps would go out."""

    time_zone: str
    start_at: datetime
    times: tuple[StepTime, ...]
    warnings: tuple[Foreseen, ...]


class ScriptConfiguring:
    """Reads and changes scripts; who may call is checked by the routes."""

    def __init__(
        self,
        mongo: Mongo,
        around: Surroundings,
        clock: Clock,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`wake` is called when something is to be done about a script that was changed."""
        self._wake = wake
        self._mongo = mongo
        self._around = around
        self._clock = clock
        self._audit = AuditStore(mongo)
        self.store = ScriptStore(mongo)

    async def get(self, bot_id: str, script_id: str, *, session: Session | None = None) -> Script:
        """Raises NotFound: this bot has no such script."""
        script = await self.store.get(bot_id, script_id, session=session)
        if script is None:
            raise NotFound
        return script

    async def written(self, script: Script) -> Written:
        """A script with its warnings and files."""
        return await self._around.written(script)

    async def add(self, actor: Actor, bot_id: str, body: ScriptBody) -> Script:
        """Make a script.

        Raises:
            NotFound: no such bot. InvalidInput: with every wrong field.
        """

        async def work(session: Session) -> Script:
            script = await self._checked(_empty(bot_id, self._clock.now()), body, session)
            await self._insert(script, session)
            await self._record(actor, "script_created", None, script, session)
            return script

        return await self._mongo.transaction(work)

    async def change(
        self,
        actor: Actor,
        bot_id: str,
        script_id: str,
        body: ScriptEditBody,
        version: int | None,
    ) -> Script:
        """Set what was sent.

        Raises:
            NotFound. VersionClash: somebody else changed the script since. InvalidInput.
        """

        async def work(session: Session) -> Script:
            before = await self.get(bot_id, script_id, session=session)
            if version is not None and version != before.version:
                sent = sorted(body.model_fields_set)
                raise VersionClash(fields=sent, current={"version": before.version})
            after = await self._checked(before, body, session)
            if after == before:
                return before
            after = replace(after, version=before.version + 1)
            work: dict[str, Any] = {"retime": due(self._clock.now())}
            if (before.is_attachable, before.triggers) != (after.is_attachable, after.triggers):
                work |= await self._work_of(after, session)  # a run under way goes on otherwise
            await self.store.replace(after, work, session=session)
            await self.store.mark_triggers(after, session=session)
            await self._record(actor, "script_changed", before, after, session)
            return after

        changed = await self._mongo.transaction(work)
        self._wake()
        return changed

    async def clone(self, actor: Actor, bot_id: str, script_id: str) -> Script:
        """A copy that is off, with steps of its own. Raises NotFound."""

        async def work(session: Session) -> Script:
            original = await self.get(bot_id, script_id, session=session)
            script = replace(
                original,
                id=random_id(),
                name=original.name[: LONGEST_NAME - len(_COPY)] + _COPY,
                enabled=False,
                steps=tuple(replace(step, id=random_id()) for step in original.steps),
                created_at=self._clock.now(),
                version=1,
            )
            await self._insert(script, session)
            await self._record(actor, "script_cloned", None, script, session)
            return script

        return await self._mongo.transaction(work)

    async def delete(self, actor: Actor, bot_id: str, script_id: str) -> None:
        """Delete a script and stop it for everybody. Raises NotFound."""
        now = self._clock.now()

        async def work(session: Session) -> None:
            script = await self.get(bot_id, script_id, session=session)
            await self.store.delete(script, now, session=session)
            await self.store.mark_triggers(script, session=session)
            await self._record(actor, "script_deleted", script, None, session)

        await self._mongo.transaction(work)
        self._wake()

    async def preview(self, bot_id: str, body: PreviewBody) -> Preview:
        """When the steps of a script that need not be saved would go out.

        Raises:
            NotFound: no such bot, or the customer has never written to it. InvalidInput.
        """
        attributes = {}
        if body.customer_id is not None:
            found = await self.store.attributes_of(body.customer_id, bot_id)
            if found is None:
                raise NotFound
            attributes = found
        steps = tuple(one.model_copy(update={"id": None}) for one in body.script.steps)
        wanted = body.script.model_copy(update={"steps": steps, "enabled": False})
        start_at = self._start(body.start_at)
        script = await self._checked(_empty(bot_id, start_at), wanted, None)
        settings = await self._around.settings(bot_id)
        facts = Facts(settings.time_zone, attributes, settings.holidays)
        written = await self._around.written(script)
        times = tuple(times_of(script, start_at, facts))
        return Preview(settings.time_zone, start_at, times, written.warnings)

    async def _insert(self, script: Script, session: Session) -> None:
        await self.store.insert(script, await self._work_of(script, session), session=session)
        await self.store.mark_triggers(script, session=session)

    async def _work_of(self, script: Script, session: Session) -> dict[str, Any]:
        """When it attaches itself next, by the zone of its bot."""
        settings = await self._around.settings(script.bot_id, session)
        run_at = calendar_of(script, settings.time_zone, self._clock.now())
        return {"calendar": calendar_work(run_at)}

    def _start(self, wanted: datetime | None) -> datetime:
        """Raises InvalidInput: a calendar ends."""
        if wanted is None:
            return self._clock.now()
        errors = FieldErrors()
        if wanted.tzinfo is None or not 2000 <= wanted.year <= 2199:  # noqa: PLR2004 - years
            wrong(errors, "start_at", "no_start")
        errors.raise_if_any()
        return wanted.astimezone(UTC)

    async def _checked(
        self, before: Script, body: ScriptBody | ScriptEditBody, session: Session | None
    ) -> Script:
        """`before` with what was sent; a script that is switched on is checked as a whole.

        Raises:
            NotFound: no such bot. InvalidInput: with everything that is wrong.
        """
        settings = await self._around.settings(before.bot_id, session)
        sent = _sent(before, body)
        named = Named(
            sent.get("steps", ()), sent.get("stops", StopsBody()), sent.get("triggers", ())
        )
        known = await self._around.known(before, named, settings.time_zone, session)
        errors = FieldErrors()
        changes: dict[str, Any] = {name: sent[name] for name in _PLAIN if name in sent}
        if "name" in sent:
            changes["name"] = sent["name"].strip()
        if "steps" in sent:
            changes["steps"] = steps_of(sent["steps"], known, errors)
        if "window" in sent:
            changes["window"] = window_of(sent["window"], errors)
        if "stops" in sent:
            changes["stops"] = stops_of(sent["stops"], known, errors)
        if "triggers" in sent:
            changes["triggers"] = triggers_of(sent["triggers"], known, errors)
        after = replace(before, **changes)
        if after.enabled and not errors.errors:
            check_attachable(after.steps, errors)
        if "steps" in sent and not errors.errors:
            await self._around.refuse_unsendable(after, known.channels, errors)
        errors.raise_if_any()
        return after

    async def _record(
        self,
        actor: Actor,
        action: str,
        before: Script | None,
        after: Script | None,
        session: Session,
    ) -> None:
        script = after or before
        assert script is not None
        await self._audit.record(
            actor,
            action,
            ("script", script.id),
            at=self._clock.now(),
            changes={"bot_id": script.bot_id, **_differences(before, after)},
            session=session,
        )


def _empty(bot_id: str, at: datetime) -> Script:
    """A script before anything is written."""
    return Script(id=random_id(), bot_id=bot_id, name="", enabled=False, steps=(), created_at=at)


def _sent(before: Script, body: ScriptBody | ScriptEditBody) -> dict[str, Any]:
    """What is to be set; null leaves as it is, but for the window, which it opens.

    To switch a script on, all of it is sent again, so that it is checked.
    """
    names = ScriptBody.model_fields if isinstance(body, ScriptBody) else body.model_fields_set
    sent = {name: getattr(body, name) for name in names}
    sent = {name: value for name, value in sent.items() if value is not None or name == "window"}
    if sent.get("enabled") and not before.enabled:
        return _bodies(before) | sent
    return sent


def _bodies(script: Script) -> dict[str, Any]:
    """A script as somebody would send it."""
    document = script_document(script)
    names = ("steps", "window", "stops", "triggers")
    body = ScriptEditBody.model_validate({name: document[name] for name in names})
    return {name: getattr(body, name) for name in names}


def _differences(before: Script | None, after: Script | None) -> dict[str, Any]:
    old = script_document(before) if before else {}
    new = script_document(after) if after else {}
    left_out = {"_id", "bot_id", "created_at", "version"}
    return {
        name: {"before": old.get(name), "after": new.get(name)}
        for name in sorted((old.keys() | new.keys()) - left_out)
        if old.get(name) != new.get(name)
    }
