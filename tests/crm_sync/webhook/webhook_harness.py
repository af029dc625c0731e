"""A receiver and the CRM behind it, as the contract of connectors wants them."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crm_sync.connectors.model import Connector, Value
from crm_sync.connectors.webhook.client import TIMEOUTS, WebhookAccount
from crm_sync.connectors.webhook.connector import WebhookConnector
from inbox.clock import FixedClock
from tests.crm_sync.contract import Names
from tests.crm_sync.faults import FaultProxy
from tests.crm_sync.webhook.crm_in_memory import Crm
from tests.crm_sync.webhook.receiver import PATH, Receiver

NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
KEY = b"a key of thirty-two bytes, no less"
NAMES = Names(
    name="name",
    phone="phone",
    email="email",
    text="note",
    choice="rank",
    tags="chat_tags",
    good_choice="gold",
)


class WebhookHarness:
    """For one test; `clock` is that of both sides, `crm.clock` the one that the CRM writes by."""

    names = NAMES
    making = b'"type":"customer.'
    archives = True

    def __init__(self, receiver: Receiver, proxy: FaultProxy, clock: FixedClock) -> None:
        self.receiver = receiver
        self.crm: Crm = receiver.crm
        self.proxy = proxy
        self.clock = clock
        self._opened: list[WebhookConnector] = []
        self.connector: Connector = self.connect()

    def connect(
        self,
        *,
        secret: str | None = None,
        patience: timedelta | None = None,
        keys: tuple[bytes, ...] = (KEY,),
        allow_private: bool = True,
    ) -> WebhookConnector:
        account = WebhookAccount(
            f"{self.proxy.url}{PATH}", (secret.encode(),) if secret else keys, allow_private
        )
        timeouts = replace(TIMEOUTS, total=patience) if patience else TIMEOUTS
        connector = WebhookConnector(account, self.clock, timeouts=timeouts)
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
        return sum(row.values.get("name") == name for row in self.crm.rows.values())

    async def notes(self, record_id: str) -> list[str]:
        return list(self.crm.row(record_id).notes.values())

    async def edit(self, record_id: str, values: Mapping[str, Value]) -> None:
        row = self.crm.row(record_id)
        for name, value in values.items():
            assert not isinstance(value, tuple)
            row.values[name] = value
        row.changed_at = self.crm.clock.now()

    async def tag(self, record_id: str, name: str) -> None:
        self.crm.tag(self.crm.row(record_id), name)

    async def rename_tag(self, old: str, new: str) -> None:
        self.crm.tags |= {id_: new for id_, name in self.crm.tags.items() if name == old}

    async def archive(self, record_id: str) -> None:
        row = self.crm.row(record_id)
        row.archived, row.changed_at = True, self.crm.clock.now()

    async def delete(self, record_id: str) -> None:
        del self.crm.rows[int(record_id)]

    async def make_at_once(self, count: int) -> list[str]:
        return [str(self.crm.make(None, {"name": "Cùng lúc"}).id) for _ in range(count)]
