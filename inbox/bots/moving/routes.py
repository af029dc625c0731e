"""The HTTP of moving accounts."""

from typing import Annotated

from pydantic import BaseModel, Field

from inbox.bots.moving.moving import Moving
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor


class MoveBody(Body):
    """Where an account goes."""

    bot_id: Annotated[str, Field(min_length=1, max_length=64)]


class MoveView(BaseModel):
    """An account on its way; `moved` of its conversations have followed. `GET /bots` tells more
    while it lasts.
    """

    account: str
    bot_id: str
    moved: int


class MovingRoutes(Routes):
    """Moving is for admins."""

    def __init__(self, moving: Moving) -> None:
        self._moving = moving

    @route("POST", "/api/v1/accounts/{account}/move", access="admin", tag="bots", status=202)
    async def move(self, actor: Actor, account: str, body: MoveBody) -> MoveView:
        """Move an account, with all its conversations, to another bot.

        It is in the new bot at once, and its conversations follow; who is not a member there
        takes no part in them any more. Repeating it is harmless, and so is moving back meanwhile.
        """
        move = await self._moving.move(actor, account, body.bot_id)
        return MoveView(account=move.account_key, bot_id=move.to_bot, moved=move.moved)
