"""The demo's CRM: a simulated Getfly on loopback that the inbox mirrors its customers into."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from app.demo.crm_customers import KNOWN_THERE, introduce
from app.demo.getfly.crm import RECORD_PATH, SimulatedGetfly
from app.demo.getfly.memory import CrmMemory
from app.demo.keys import DemoSecrets
from app.demo.ports import free_socket
from app.demo.setup import DemoAccess
from app.serving import url_of
from app.wiring import Service
from crm_sync.mapping.model import EMAILS, NOTE, PHONES
from crm_sync.mapping.presets import default_fields
from inbox.bots.model import BotEdit
from inbox.clock import Clock

CONNECTION = "getfly"

_BOTH_WAYS = (PHONES, EMAILS, NOTE)
_POLL_EVERY = timedelta(seconds=3)
_CALLS_PER_SECOND = 100.0
"""Nobody else calls this CRM."""
_STOP_WITHIN_S = 0.2


class DemoCrm:
    """Bound at once: its address is in the settings before anybody serves it.

    What is in it is kept in `folder`, since the inbox keeps the ids of its records.
    """

    def __init__(self, secrets: DemoSecrets, folder: Path, clock: Clock) -> None:
        self._listening = free_socket(secrets.crm_port)
        self.url = url_of(self._listening)
        self.getfly = SimulatedGetfly(clock, secrets.crm_key)
        self._memory = CrmMemory(folder / "demo" / "getfly.json", self.getfly.book)
        self._runner: web.AppRunner | None = None

    def overrides(self) -> dict[str, Any]:
        """The settings that lead to it: tags go there, the rest goes both ways."""
        fields = [
            one.model_copy(update={"direction": "both"}) if one.ours in _BOTH_WAYS else one
            for one in default_fields("getfly")
        ]
        connection = {
            "kind": "getfly",
            "url": self.url,
            "record_url": f"{self.url}{RECORD_PATH}",
            "poll_every": _POLL_EVERY,
            "calls_per_second": _CALLS_PER_SECOND,
            "fields": [one.model_dump() for one in fields],
        }
        return {
            f"crm_sync.connections.{CONNECTION}": connection,
            f"crm_sync.secrets.{CONNECTION}": self.getfly.key,
        }

    async def __aenter__(self) -> Self:
        """Serve, with whoever was in it before."""
        if not self._memory.load():
            for one in KNOWN_THERE:
                one.enter(self.getfly)
        self._runner = web.AppRunner(
            self.getfly.application, access_log=None, shutdown_timeout=_STOP_WITHIN_S
        )
        await self._runner.setup()
        await web.SockSite(self._runner, self._listening).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._memory.save()

    def close(self) -> None:
        """Let go of the port. Safe to repeat."""
        self._listening.close()

    async def meet(self, service: Service, access: DemoAccess) -> None:
        """The first time: switch the shop's bot on, and edit customers so that they go there.

        Done once, as what somebody changed since stays changed; a start that was cut short is
        completed by the next one.
        """
        if self._memory.introduced:
            return
        await service.bots.edit(access.owner, access.bot_id, BotEdit(crm_sync=True), None)
        await introduce(service, access.owner)
        self._memory.introduced = True
        self._memory.save()
