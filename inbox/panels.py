"""The registry of sidebar blocks: loaded side by side, none of them able to fail the others."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol

import structlog

from inbox.errors import InboxError
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

PanelState = Literal["ok", "slow", "failed", "off"]

WITHIN = timedelta(seconds=1)
"""A block that takes longer is marked slow; what is shown beside it does not wait for it."""


@dataclass(frozen=True, slots=True)
class PanelContext:
    """Whose sidebar is shown, and to whom. `customer` is None while nobody knows who writes."""

    actor: Actor
    conversation: Mapping[str, Any]
    customer: Mapping[str, Any] | None


class PanelOff(Exception):
    """There is nothing to show here now; `code` says why, `vi` and `en` to people."""

    def __init__(self, code: str, *, vi: str, en: str) -> None:
        super().__init__(code)
        self.code = code
        self.vi = vi
        self.en = en


class Panel(Protocol):
    """One block. Packages above add theirs: scripts, the CRM card."""

    @property
    def name(self) -> str: ...

    async def show(self, context: PanelContext, /) -> Any:
        """What the block holds, ready for JSON (a pydantic model or plain values).

        Raises:
            PanelOff: nothing to show, and why.
        """
        ...


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it was loaded; `data` is there when the state is ok. `off` says why."""

    state: PanelState
    data: Any = None
    off: PanelOff | None = None


class Panels:
    """Blocks in the order in which they are shown."""

    def __init__(self, panels: Sequence[Panel], *, within: timedelta = WITHIN) -> None:
        self._panels = tuple(panels)
        self._within_s = within.total_seconds()

    async def load(self, context: PanelContext) -> dict[str, Block]:
        """Every block, in the time of the slowest one and never more than the limit."""
        blocks = await asyncio.gather(*(self._load(panel, context) for panel in self._panels))
        return {panel.name: block for panel, block in zip(self._panels, blocks, strict=True)}

    async def _load(self, panel: Panel, context: PanelContext) -> Block:
        try:
            async with asyncio.timeout(self._within_s):
                return Block("ok", await panel.show(context))
        except PanelOff as off:
            return Block("off", off=off)
        except TimeoutError:
            log.warning("a sidebar block is slow", block=panel.name)
            return Block("slow")
        except InboxError as error:
            log.warning("a sidebar block failed", block=panel.name, code=error.code)
            return Block("failed")
        except Exception:
            log.exception("a sidebar block failed", block=panel.name)
            return Block("failed")
