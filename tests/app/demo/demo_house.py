"""The demo as `python -m app demo` runs it, on the tests' MongoDB, without live customers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr

from app.demo.accounts import account_of
from app.demo.apps import Apps
from app.demo.crm import CONNECTION, DemoCrm
from app.demo.keys import demo_secrets
from app.demo.people import PEOPLE
from app.demo.servers import Setting, SimulatedPlatforms
from app.demo.setup import DemoAccess, setup
from app.demo.simulation import Simulation
from app.parts import Parts
from app.serving import listening_socket, running, url_of
from app.settings import load_settings
from app.wiring import Service
from inbox.clock import SystemClock
from inbox.customers.editing import checked
from inbox.customers.mirroring.cards import CrmCard, SyncState
from inbox.ids import identity_key
from inbox.mongo.client import Document, Mongo


@dataclass
class House:
    """The running demo; people of the CRM work through its pages."""

    service: Service
    crm: DemoCrm
    access: DemoAccess
    session: ClientSession

    def id_of(self, number: int) -> str:
        """The customer who this person of people.py is."""
        person = PEOPLE[number - 1]
        account_id = account_of(person.channel).account_id
        return identity_key(person.channel, account_id, person.external_id)

    async def customer(self, number: int) -> Document:
        return await self.service.customers.store.get(self.id_of(number), self.access.owner)

    async def card(self, number: int) -> CrmCard:
        [card] = await self.service.crm.cards.of(self.id_of(number), self.access.owner)
        return card

    async def edit(self, number: int, **fields: Any) -> None:
        store, owner = self.service.customers.store, self.access.owner
        await store.edit(self.id_of(number), checked(fields), owner, version=None)

    async def is_in(self, state: SyncState, number: int) -> bool:
        return (await self.card(number)).state == state

    async def save_form(self, url: str, **form: str) -> str:
        """As a browser does; the page that is shown then."""
        async with self.session.post(url, data=form) as answer:
            assert answer.status == 200, answer.status
            return await answer.text()


@asynccontextmanager
async def demo_house(uri: str, database: str, folder: Path) -> AsyncIterator[House]:
    """Start on what is in the folder and in the database; the history has arrived."""
    secrets, clock = demo_secrets(folder), SystemClock()
    platforms = SimulatedPlatforms(Setting(apps=Apps.of(secrets), clock=clock))
    crm = DemoCrm(secrets, folder, clock)
    overrides: dict[str, Any] = {
        "app.data": folder,
        "inbox.mongo.uri": SecretStr(uri),
        "inbox.mongo.database": database,
        **crm.overrides(),
    }
    settings = load_settings(Path("config.yaml"), secrets.environment(), overrides)
    assert list(settings.crm_sync.connections) == [CONNECTION]
    mongo = Mongo.connect(uri, database)
    parts = Parts(clock=clock, profiles=platforms.media)
    listening = listening_socket("127.0.0.1", 0)
    async with (
        platforms,
        crm,
        running(settings, mongo, listening, parts) as service,
        ClientSession() as session,
    ):
        access = await setup(service.staff, service.bots, platforms.credentials)
        simulation = Simulation(url_of(listening), secrets, clock=clock, platform=platforms.media)
        await simulation.seed()
        await crm.meet(service, access)
        yield House(service, crm, access, session)
