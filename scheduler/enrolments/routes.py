"""The HTTP of enrolments: attach, look, pause, skip, detach."""

from inbox.errors import NotAllowed, NotFound
from inbox.http.paging import Cursor, Limit, encode_cursor, time_and_id
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor
from scheduler.enrolments.attaching import Attaching
from scheduler.enrolments.errors import (
    CannotDoNow,
    EnrolmentEnded,
    NotAttachable,
    NothingToWriteTo,
    OptedOutOfAutomation,
)
from scheduler.enrolments.service import Enrolments
from scheduler.enrolments.view import (
    AttachedScripts,
    AttachedScriptView,
    AttachedToMany,
    AttachedToView,
    AttachScriptsBody,
    AttachToManyBody,
    EnrolmentEditBody,
    EnrolmentPage,
    EnrolmentView,
    reason_view,
)

_ENROLMENTS = "/api/v1/customers/{customer_id}/enrolments"
_ENROLMENT = _ENROLMENTS + "/{enrolment_id}"
_REFUSALS = (NotAllowed, NotFound, NotAttachable, OptedOutOfAutomation, NothingToWriteTo)


class EnrolmentRoutes(Routes):
    """The scripts of a customer, for everybody who may see the customer."""

    def __init__(self, enrolments: Enrolments, attaching: Attaching) -> None:
        self._enrolments = enrolments
        self._attaching = attaching

    @route("GET", _ENROLMENTS, access="staff", tag="enrolments", problems=(NotAllowed, NotFound))
    async def page(
        self, actor: Actor, customer_id: str, limit: Limit = 50, cursor: Cursor = None
    ) -> EnrolmentPage:
        """The scripts that a customer is or was on, newest first, and all steps to come."""
        after = time_and_id(cursor)
        page, last = await self._enrolments.page(customer_id, actor, after=after, limit=limit)
        if last is not None:
            page.next_cursor = encode_cursor(last["started_at"], last["_id"])
        return page

    @route("POST", _ENROLMENTS, access="staff", tag="enrolments", problems=_REFUSALS)
    async def attach(
        self, actor: Actor, customer_id: str, body: AttachScriptsBody
    ) -> AttachedScripts:
        """Attach one or several scripts; an answer for each. Safe to repeat.

        Either all of them can be attached or nothing is: one that is off, or of another bot, is
        refused before anything begins.
        """
        attached = await self._attaching.attach(
            customer_id, body.script_ids, actor, conversation_id=body.conversation_id
        )
        documents = [one.enrolment for one in attached if one.enrolment is not None]
        views = {one.id: one for one in await self._enrolments.view(documents)}
        return AttachedScripts(
            items=[
                AttachedScriptView(
                    script_id=one.script_id,
                    outcome=one.outcome,
                    reason=reason_view(one.reason),
                    enrolment=views.get(one.enrolment["_id"]) if one.enrolment else None,
                )
                for one in attached
            ]
        )

    @route(
        "PATCH",
        _ENROLMENT,
        access="staff",
        tag="enrolments",
        problems=(*_REFUSALS[:2], EnrolmentEnded, CannotDoNow),
    )
    async def change(
        self, actor: Actor, customer_id: str, enrolment_id: str, body: EnrolmentEditBody
    ) -> EnrolmentView:
        """Pause, resume, or skip the step that is next."""
        do = {
            "pause": self._enrolments.pause,
            "resume": self._enrolments.resume,
            "skip": self._enrolments.skip,
        }[body.action]
        return await do(customer_id, enrolment_id, actor)

    @route("DELETE", _ENROLMENT, access="staff", tag="enrolments", problems=(NotAllowed, NotFound))
    async def detach(self, actor: Actor, customer_id: str, enrolment_id: str) -> None:
        """Take a script off a customer; at most the step that is being sent still goes out."""
        await self._enrolments.detach(customer_id, enrolment_id, actor)

    @route(
        "POST",
        "/api/v1/bots/{bot_id}/scripts/{script_id}/enrolments",
        access="staff",
        tag="enrolments",
        problems=(NotAllowed, NotFound, NotAttachable),
    )
    async def attach_many(
        self, actor: Actor, bot_id: str, script_id: str, body: AttachToManyBody
    ) -> AttachedToMany:
        """Attach a script to many customers; an answer for each. Safe to repeat."""
        if not actor.sees_bot(bot_id):
            raise NotAllowed
        results = await self._attaching.attach_many(bot_id, script_id, body.customer_ids, actor)
        return AttachedToMany(
            items=[
                AttachedToView(
                    customer_id=one.customer_id,
                    outcome=one.outcome,
                    reason=reason_view(one.reason),
                    enrolment_id=one.enrolment_id,
                )
                for one in results
            ]
        )
