"""The HTTP of who has a conversation."""

from inbox.conversations.reading.model import ConversationView
from inbox.conversations.view import View
from inbox.errors import NotAllowed, NotFound
from inbox.http.paging import Cursor, Limit, Page, encode_cursor, time_and_id
from inbox.http.routing import Routes, route
from inbox.media.links import MediaLinks
from inbox.splitting.handling.errors import (
    AlreadyClaimed,
    AssigneeStays,
    AssignmentChanged,
    BeingSplit,
    SplittingOff,
    nobody_named,
)
from inbox.splitting.handling.people import People
from inbox.splitting.handling.service import Assignment, Handling
from inbox.splitting.handling.view import (
    AssigneeBody,
    ColleaguesView,
    ParticipantBody,
    PeopleView,
    ReceiptView,
    SplitPeopleView,
)
from inbox.staff.model import Actor

_CONVERSATION = "/api/v1/conversations/{conversation_id}"


class HandlingRoutes(Routes):
    """Claiming, transferring, taking part, and why it is with whom it is."""

    def __init__(self, handling: Handling, people: People, links: MediaLinks) -> None:
        self._handling = handling
        self._people = people
        self._links = links

    @route(
        "POST",
        f"{_CONVERSATION}/claim",
        access="staff",
        tag="conversations",
        status=200,
        problems=(NotAllowed, NotFound, AlreadyClaimed, BeingSplit, SplittingOff),
    )
    async def claim(self, actor: Actor, conversation_id: str) -> ConversationView:
        """Take a conversation that nobody has; of many who try at once, one gets it.

        The others are told who (`already_claimed`, `assignee`); so is who claims it twice.
        """
        return self._shown(await self._handling.claim(actor, conversation_id))

    @route(
        "POST",
        f"{_CONVERSATION}/assignee",
        access="staff",
        tag="conversations",
        status=200,
        problems=(NotAllowed, NotFound, AssignmentChanged, BeingSplit, SplittingOff),
    )
    async def assign(
        self, actor: Actor, conversation_id: str, body: AssigneeBody
    ) -> ConversationView:
        """Transfer a conversation, take it over, let go of it, or have it split again.

        Assignees do this with their own, leaders with all of their bots. The new assignee is
        notified; the reason is in the history.
        """
        if not body.resplit and "staff_id" not in body.model_fields_set:
            raise nobody_named("staff_id")
        wanted = Assignment(
            staff_id=None if body.resplit else body.staff_id,
            resplit=body.resplit,
            reason=body.reason,
            seen=body.from_,
            says_seen="from_" in body.model_fields_set,
        )
        return self._shown(await self._handling.assign(actor, conversation_id, wanted))

    @route(
        "POST",
        f"{_CONVERSATION}/participants",
        access="staff",
        tag="conversations",
        status=200,
        problems=(NotAllowed, NotFound),
    )
    async def add_participant(
        self, actor: Actor, conversation_id: str, body: ParticipantBody
    ) -> ConversationView:
        """Have a colleague take part."""
        return self._shown(
            await self._handling.add(actor, conversation_id, body.staff_id, body.reason)
        )

    @route(
        "DELETE",
        f"{_CONVERSATION}/participants/{{staff_id}}",
        access="staff",
        tag="conversations",
        status=200,
        problems=(NotAllowed, NotFound, AssigneeStays),
    )
    async def remove_participant(
        self, actor: Actor, conversation_id: str, staff_id: str
    ) -> ConversationView:
        """Have a colleague take part no more, or leave by oneself."""
        return self._shown(await self._handling.remove(actor, conversation_id, staff_id))

    @route(
        "GET",
        f"{_CONVERSATION}/people",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def people(self, actor: Actor, conversation_id: str) -> PeopleView | SplitPeopleView:
        """Who takes part; where the bot splits, also whose it is and why.

        Ask again at a live frame `conversation_changed` of the conversation.
        """
        return await self._people.of(actor, conversation_id)

    @route(
        "GET",
        f"{_CONVERSATION}/colleagues",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def colleagues(self, actor: Actor, conversation_id: str) -> ColleaguesView:
        """To whom it could be transferred, who could take part; those who are here first."""
        return await self._people.colleagues(actor, conversation_id)

    @route(
        "GET",
        f"{_CONVERSATION}/receipts",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def receipts(
        self, actor: Actor, conversation_id: str, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[ReceiptView]:
        """Who had it and why, newest first: every decision and every change by hand."""
        found = await self._people.history(
            actor, conversation_id, after=time_and_id(cursor), limit=limit + 1
        )
        shown = found[:limit]
        more = len(found) > limit
        return Page(
            items=[view for _, view in shown],
            next_cursor=encode_cursor(shown[-1][0], shown[-1][1].id) if more else None,
        )

    def _shown(self, view: View) -> ConversationView:
        return ConversationView.model_validate(self._links.conversation(view))
