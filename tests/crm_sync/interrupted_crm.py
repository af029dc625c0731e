"""The CRM in memory where something happens here between its writing and its answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crm_sync.connectors.model import Edit, Written
from tests.crm_sync.fake_crm import FakeCrm

Interrupt = Callable[[], Awaitable[object]]


@dataclass
class InterruptedCrm(FakeCrm):
    """`meanwhile` happens once, after the next write and before its answer, or its failure."""

    meanwhile: Interrupt | None = None

    async def create(self, external_id: str, edit: Edit) -> Written:
        try:
            return await super().create(external_id, edit)
        finally:
            await self._interrupt()

    async def update(self, record_id: str, edit: Edit) -> Written:
        try:
            return await super().update(record_id, edit)
        finally:
            await self._interrupt()

    async def _interrupt(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
