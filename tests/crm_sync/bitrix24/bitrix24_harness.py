"""The test portal as the contract of connectors wants it: looked into, and changed by a person."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crm_sync.connectors.bitrix24.client import Bitrix24Account
from crm_sync.connectors.bitrix24.connector import Bitrix24Connector
from crm_sync.connectors.http import JsonClient, Timeouts
from crm_sync.connectors.model import Connector, Value
from tests.crm_sync.bitrix24.portal import Portal
from tests.crm_sync.bitrix24.portal_contacts import BOSS
from tests.crm_sync.bitrix24.portal_fields import UserField
from tests.crm_sync.bitrix24.portal_server import SECRET, PortalServer
from tests.crm_sync.bitrix24.portal_text import shown
from tests.crm_sync.contract import Names
from tests.crm_sync.faults import FaultProxy

NAMES = Names(
    name="name",
    phone="phone",
    email="email",
    text="comments",
    choice="ufCrmLoyalty",
    tags="ufCrmChatTags",
    good_choice="Vàng",
)
LABELS, POINTS = "ufCrmLabels", "ufCrmPoints"
"""Tags that are texts, and a number."""
TYPES = {NAMES.phone: "PHONE", NAMES.email: "EMAIL"}


def a_portal() -> Portal:
    """With what an administrator does once."""
    portal = Portal()
    enumeration = "enumeration"
    portal.user_fields = [
        UserField(501, "UF_CRM_LOYALTY", enumeration, options={44: "Vàng", 45: "Bạc"}),
        UserField(502, "UF_CRM_CHAT_TAGS", enumeration, multiple=True),
        UserField(503, "UF_CRM_LABELS", "string", multiple=True),
        UserField(504, "UF_CRM_POINTS", "double"),
    ]
    portal.users = [
        {"ID": "1", "ACTIVE": True, "EMAIL": "Lan@shop.vn"},
        {"ID": "7", "ACTIVE": True, "EMAIL": "bot@shop.vn"},
        {"ID": "9", "ACTIVE": False, "EMAIL": "nghi-viec@shop.vn"},
    ]
    return portal


class Bitrix24Harness:
    """For one test, with a portal of its own."""

    names = NAMES
    making = b'"fields":{'
    """Looking has a `filter` instead. What is there already is written, never made again."""
    archives = False

    def __init__(self, server: PortalServer, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self.server = server
        self.portal = server.portal
        self._opened: list[Bitrix24Connector] = []
        self.connector: Connector = self.connect()

    def connect(
        self,
        *,
        secret: str | None = None,
        patience: timedelta | None = None,
        instance: str = "shop",
    ) -> Bitrix24Connector:
        account = Bitrix24Account(self.proxy.url, secret or SECRET)
        http = JsonClient(timeouts=Timeouts(total=patience)) if patience else None
        connector = Bitrix24Connector(account, instance, http=http)
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
        return sum(one["name"] == name for one in self.portal.items.values())

    async def notes(self, record_id: str) -> list[str]:
        rows = self.portal.comments.values()
        return [shown(one["COMMENT"]) for one in rows if one["ENTITY_ID"] == record_id]

    async def edit(self, record_id: str, values: Mapping[str, Value]) -> None:
        fields: dict[str, Any] = {}
        for name, value in values.items():
            if name in TYPES:
                row = {"typeId": TYPES[name], "valueType": "WORK", "value": value}
                fields.setdefault("fm", {})[f"n{len(fields)}"] = row
            else:
                fields[name] = value or ""
        self.portal.write(self.item(record_id), fields, BOSS)

    async def tag(self, record_id: str, name: str) -> None:
        id_ = self.portal.new_id()
        self._tags.options[id_] = name
        tags = [*self.item(record_id)[NAMES.tags], id_]
        self.portal.write(self.item(record_id), {NAMES.tags: tags}, BOSS)

    async def rename_tag(self, old: str, new: str) -> None:
        options = self._tags.options
        options |= {id_: new for id_, name in options.items() if name == old}

    async def archive(self, record_id: str) -> None:
        raise AssertionError("Bitrix24 has a bin, not an archive")

    async def delete(self, record_id: str) -> None:
        self.portal.delete({"id": record_id})

    async def make_at_once(self, count: int) -> list[str]:
        made = [self.portal.make({"name": f"Cùng lúc {n}"}, BOSS) for n in range(count)]
        return [str(one["id"]) for one in made]

    def item(self, record_id: str) -> dict[str, Any]:
        return self.portal.found(record_id)

    def rows(self, record_id: str, name: str) -> list[tuple[int, str]]:
        """Ids and values of the rows of `phone` or `email`."""
        return [
            (row["id"], row["value"])
            for row in self.item(record_id)["fm"]
            if row["typeId"] == TYPES[name]
        ]

    @property
    def _tags(self) -> UserField:
        return next(one for one in self.portal.user_fields if one.name == NAMES.tags)
