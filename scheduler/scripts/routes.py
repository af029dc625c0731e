"""The HTTP of scripts: managers write those of their bots, sales read what they may attach."""

from collections.abc import Sequence

from inbox.errors import NotAllowed, NotFound
from inbox.http.paging import Cursor, Limit, Page, encode_cursor, time_and_id
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor
from scheduler.scripts.configuring import ScriptConfiguring
from scheduler.scripts.foreseeing import Foreseen
from scheduler.scripts.model import Script
from scheduler.scripts.reporting import report_view
from scheduler.scripts.view import (
    PreviewBody,
    PreviewView,
    ReportView,
    ScriptBody,
    ScriptEditBody,
    ScriptFileView,
    ScriptRowView,
    ScriptView,
    StepTimeView,
    StepWarningView,
    TextView,
    row_view,
    script_view,
)

_SCRIPTS = "/api/v1/bots/{bot_id}/scripts"
_SCRIPT = _SCRIPTS + "/{script_id}"


class ScriptRoutes(Routes):
    """The scripts of a bot; one of another bot is not found."""

    def __init__(self, configuring: ScriptConfiguring) -> None:
        self._configuring = configuring
        self._store = configuring.store

    @route("GET", _SCRIPTS, access="staff", tag="scripts", problems=(NotAllowed,))
    async def page(
        self,
        actor: Actor,
        bot_id: str,
        enabled: bool | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Page[ScriptRowView]:
        """The scripts of a bot in the order in which they were made.

        Sales see those that are on, which are the ones that can be attached.
        """
        _check_sight(actor, bot_id)
        if not actor.leads(bot_id):
            enabled = True
        after = time_and_id(cursor)
        found = await self._store.page(bot_id, enabled=enabled, after=after, limit=limit + 1)
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        running = await self._store.running([one.id for one in shown])
        return Page(
            items=[row_view(one, running) for one in shown],
            next_cursor=encode_cursor(last.created_at, last.id) if last is not None else None,
        )

    @route("POST", _SCRIPTS, access="manager", tag="scripts", status=201, problems=(NotAllowed,))
    async def add(self, actor: Actor, bot_id: str, body: ScriptBody) -> ScriptView:
        """Make a script; its steps are given ids."""
        _check_sight(actor, bot_id)
        return await self._view(await self._configuring.add(actor, bot_id, body))

    @route(
        "POST",
        f"{_SCRIPTS}/preview",
        access="manager",
        tag="scripts",
        status=200,
        problems=(NotAllowed,),
    )
    async def preview(self, actor: Actor, bot_id: str, body: PreviewBody) -> PreviewView:
        """When the steps of a script would go out, and what will not work; nothing is saved."""
        _check_sight(actor, bot_id)
        preview = await self._configuring.preview(bot_id, body)
        return PreviewView(
            time_zone=preview.time_zone,
            start_at=preview.start_at,
            steps=[
                StepTimeView(place=one.place, at=one.at, reason=one.reason) for one in preview.times
            ],
            warnings=_warnings(preview.warnings),
        )

    @route("GET", _SCRIPT, access="staff", tag="scripts", problems=(NotAllowed,))
    async def one(self, actor: Actor, bot_id: str, script_id: str) -> ScriptView:
        """A script with its steps, and what will not work as they are written."""
        _check_sight(actor, bot_id)
        script = await self._configuring.get(bot_id, script_id)
        if not script.enabled and not actor.leads(bot_id):
            raise NotFound
        return await self._view(script)

    @route("PATCH", _SCRIPT, access="manager", tag="scripts", problems=(NotAllowed,))
    async def change(
        self,
        actor: Actor,
        bot_id: str,
        script_id: str,
        body: ScriptEditBody,
        if_match: int | None = None,
    ) -> ScriptView:
        """Change a script; what is not sent stays.

        Customers who are on it go on with the new steps: those that were removed are skipped.
        """
        _check_sight(actor, bot_id)
        script = await self._configuring.change(actor, bot_id, script_id, body, if_match)
        return await self._view(script)

    @route("DELETE", _SCRIPT, access="manager", tag="scripts", problems=(NotAllowed,))
    async def delete(self, actor: Actor, bot_id: str, script_id: str) -> None:
        """Delete a script; it stops for everybody who is on it."""
        _check_sight(actor, bot_id)
        await self._configuring.delete(actor, bot_id, script_id)

    @route(
        "POST",
        f"{_SCRIPT}/clone",
        access="manager",
        tag="scripts",
        status=201,
        problems=(NotAllowed,),
    )
    async def clone(self, actor: Actor, bot_id: str, script_id: str) -> ScriptView:
        """Copy a script; the copy is off."""
        _check_sight(actor, bot_id)
        return await self._view(await self._configuring.clone(actor, bot_id, script_id))

    @route("GET", f"{_SCRIPT}/report", access="manager", tag="scripts", problems=(NotAllowed,))
    async def report(self, actor: Actor, bot_id: str, script_id: str) -> ReportView:
        """What became of a script: its enrolments by state, its steps by result."""
        _check_sight(actor, bot_id)
        script = await self._configuring.get(bot_id, script_id)
        return report_view(script, *await self._store.report(script_id))

    async def _view(self, script: Script) -> ScriptView:
        written = await self._configuring.written(script)
        running = await self._store.running([script.id])
        return script_view(
            script,
            warnings=_warnings(written.warnings),
            files=[
                ScriptFileView(
                    id=one.id, name=one.name, size=one.size, kind=one.kind, mime=one.mime
                )
                for one in written.files
            ],
            running=running.get(script.id, 0),
        )


def _warnings(found: Sequence[Foreseen]) -> list[StepWarningView]:
    return [
        StepWarningView(
            place=one.place,
            code=one.code,
            channel=one.channel,
            text=TextView(vi=one.vi, en=one.en),
        )
        for one in found
    ]


def _check_sight(actor: Actor, bot_id: str) -> None:
    if not actor.sees_bot(bot_id):
        raise NotAllowed
