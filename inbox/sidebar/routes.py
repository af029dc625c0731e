"""The sidebar over HTTP: one round trip."""

from typing import Any

from pydantic import BaseModel

from inbox.conversations.reading.store import ConversationReads
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Routes, route
from inbox.panels import Block, PanelContext, Panels, PanelState
from inbox.staff.model import Actor


class OffView(BaseModel):
    """Why a block has nothing to show."""

    code: str
    vi: str
    en: str


class BlockView(BaseModel):
    """One block: `data` when the state is ok; `off` says why there is none."""

    state: PanelState
    data: Any = None
    off: OffView | None = None


class SidebarView(BaseModel):
    """Blocks by name: customer, people, tags, scripts, media, crm, duplicates, suggestions."""

    blocks: dict[str, BlockView]


class SidebarRoutes(Routes):
    """What agents see next to a conversation."""

    def __init__(self, panels: Panels, reads: ConversationReads) -> None:
        self._panels = panels
        self._reads = reads

    @route(
        "GET",
        "/api/v1/conversations/{conversation_id}/sidebar",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def sidebar(self, actor: Actor, conversation_id: str) -> SidebarView:
        """Everything about the customer of a conversation in one call.

        A block that is slow or broken is marked so and never fails the others.
        """
        conversation = await self._reads.get(conversation_id, actor)
        customer = await self._reads.customer_of(conversation)
        blocks = await self._panels.load(PanelContext(actor, conversation, customer))
        return SidebarView(blocks={name: _view(block) for name, block in blocks.items()})


def _view(block: Block) -> BlockView:
    off = block.off
    return BlockView(
        state=block.state,
        data=block.data,
        off=None if off is None else OffView(code=off.code, vi=off.vi, en=off.en),
    )
