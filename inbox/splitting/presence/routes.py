"""The HTTP of presence: one's own two switches, and the board of a bot."""

from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Routes, route
from inbox.splitting.presence.board import PresenceBoard
from inbox.splitting.presence.store import PresenceStore
from inbox.splitting.presence.view import (
    BoardRowView,
    BoardView,
    MyStateBody,
    MyStateView,
    ReceivingBody,
    presence_view,
)
from inbox.staff.errors import RoleTooHigh
from inbox.staff.model import Actor
from inbox.staff.store import StaffStore


class PresenceRoutes(Routes):
    """Everybody says how they are; members see each other; leaders switch others."""

    def __init__(self, store: PresenceStore, board: PresenceBoard, staff: StaffStore) -> None:
        self._store = store
        self._board = board
        self._staff = staff

    @route("PATCH", "/api/v1/me", access="staff", tag="session", problems=(NotAllowed, NotFound))
    async def change_me(self, actor: Actor, body: MyStateBody) -> MyStateView:
        """Take a break or end it, and switch whether one gets conversations."""
        if actor.kind != "staff":
            raise NotAllowed  # a bot is never here
        if body.receiving is not None:
            await self._store.set_receiving(actor, actor.id, receiving=body.receiving)
        if body.presence == "away":
            await self._store.take_break(actor.id, "self")
        elif body.presence == "online":
            await self._store.end_break(actor.id)
        person = await self._staff.get(actor.id)
        if person is None:
            raise NotFound
        here = await self._store.one(actor.id)
        return MyStateView(presence=presence_view(here), receiving=person.receiving)

    @route(
        "GET",
        "/api/v1/bots/{bot_id}/presence",
        access="staff",
        tag="split",
        problems=(NotAllowed, NotFound),
    )
    async def board(self, actor: Actor, bot_id: str) -> BoardView:
        """Who is here and on shift, and how much each has to do."""
        if not actor.sees_bot(bot_id):
            raise NotAllowed
        return await self._board.of(bot_id)

    @route(
        "PATCH",
        "/api/v1/bots/{bot_id}/presence/{staff_id}",
        access="manager",
        tag="split",
        problems=(NotAllowed, NotFound, RoleTooHigh),
    )
    async def switch(
        self, actor: Actor, bot_id: str, staff_id: str, body: ReceivingBody
    ) -> BoardRowView:
        """Switch whether a colleague gets conversations; kept in the audit log."""
        if not actor.leads(bot_id):
            raise NotAllowed
        row = await self._board.row(bot_id, staff_id)
        person = await self._staff.get(staff_id)
        if person is None:
            raise NotFound
        if not actor.at_least(person.role):
            raise RoleTooHigh
        await self._store.set_receiving(actor, staff_id, receiving=body.receiving)
        return row.model_copy(update={"receiving": body.receiving})
