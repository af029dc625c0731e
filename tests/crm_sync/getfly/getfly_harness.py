"""The simulated Getfly as the contract of connectors wants it: people work in it directly."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from app.demo.getfly.crm import RECORD_PATH, SimulatedGetfly
from crm_sync.connectors.getfly.client import GetflyAccount
from crm_sync.connectors.getfly.connector import GetflyConnector
from crm_sync.connectors.getfly.notes import without_mark
from crm_sync.connectors.http import JsonClient, Timeouts
from crm_sync.connectors.model import Connector, Value
from tests.crm_sync.contract import Names
from tests.crm_sync.faults import FaultProxy

NAMES = Names(
    name="account_name",
    phone="phone_office",
    email="email",
    text="description",
    choice="hang_khach",
    tags="account_type",
    good_choice="Vàng",
)
SELLER = "lan.sale@shop.vn"


def set_up(crm: SimulatedGetfly) -> None:
    """What an administrator does once."""
    crm.add_field(NAMES.choice, "Hạng khách", "select", ["Vàng", "Bạc"])
    crm.add_user("Lan", SELLER)


class GetflyHarness:
    """For one test, whose CRM nobody else meets."""

    names = NAMES
    making = b'"account_code"'
    archives = False

    def __init__(self, crm: SimulatedGetfly, proxy: FaultProxy) -> None:
        self.crm = crm
        self.proxy = proxy
        self.instance = secrets.token_hex(4)
        self._opened: list[GetflyConnector] = []
        self.connector: Connector = self.connect()

    def connect(
        self,
        *,
        secret: str | None = None,
        patience: timedelta | None = None,
        instance: str | None = None,
    ) -> GetflyConnector:
        http = JsonClient(timeouts=Timeouts(total=patience)) if patience else None
        connector = GetflyConnector(
            GetflyAccount(self.proxy.url, secret or self.crm.key),
            instance or self.instance,
            http=http,
            record_url=f"{self.proxy.url}{RECORD_PATH}",
        )
        self._opened.append(connector)
        return connector

    async def close(self) -> None:
        for one in self._opened:
            await one.close()

    def new_id(self) -> str:
        return secrets.token_hex(6)

    def new_phone(self) -> str:
        return f"+849{secrets.randbelow(10**7) + 10**7}"

    async def records_named(self, name: str) -> int:
        return sum(one.name == name for one in self.crm.accounts())

    async def notes(self, record_id: str) -> list[str]:
        """But for the mark at the end, which people read as well."""
        return [without_mark(one.text) for one in self.crm.account(int(record_id)).comments]

    async def edit(self, record_id: str, values: Mapping[str, Value]) -> None:
        plain = {name: one for name, one in values.items() if not isinstance(one, tuple)}
        self.crm.edit(int(record_id), plain)

    async def tag(self, record_id: str, name: str) -> None:
        self.crm.tag(int(record_id), name)

    async def rename_tag(self, old: str, new: str) -> None:
        self.crm.rename_tag(old, new)

    async def archive(self, record_id: str) -> None:
        raise AssertionError("Getfly only deletes")

    async def delete(self, record_id: str) -> None:
        self.crm.delete(int(record_id))

    async def make_at_once(self, count: int) -> list[str]:
        made = [self.crm.add_account(f"Cùng lúc {self.new_id()}") for _ in range(count)]
        return [str(one.id) for one in made]
