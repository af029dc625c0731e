"""The real Odoo 11 as the contract of connectors wants it: looked into and changed by its admin."""

import html
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crm_sync.connectors.http import JsonClient, Timeouts
from crm_sync.connectors.model import Connector, Value
from crm_sync.connectors.odoo.client import JsonRpc, OdooAccount
from crm_sync.connectors.odoo.connector import OdooConnector
from tests.crm_sync.contract import Names
from tests.crm_sync.faults import FaultProxy
from tests.crm_sync.odoo.server import ADMIN, DATABASE

PARTNER = "res.partner"
BOT, BOT_SECRET = "inbox-bot@shop.vn", "bot-secret"
"""The user of the connection: it may edit partners and leads, and administers nothing."""
NAMES = Names(
    name="name",
    phone="phone",
    email="email",
    text="comment",
    choice="x_loyalty",
    tags="category_id",
    good_choice="gold",
)
_ALL = {"active_test": False}


def admin_of(url: str) -> JsonRpc:
    return JsonRpc(OdooAccount(url, DATABASE, ADMIN, ADMIN))


async def set_up(admin: JsonRpc) -> None:
    """What an administrator does once: a field, and a user for the connection."""
    model = await admin.call("ir.model", "search", args=[["model", "=", PARTNER]])
    field = {
        "name": NAMES.choice,
        "model_id": model[0],
        "ttype": "selection",
        "field_description": "Hạng khách",
        "selection": "[('gold', 'Vàng'), ('silver', 'Bạc')]",
    }
    await admin.call("ir.model.fields", "create", vals=field)
    groups = [
        await _by_name(admin, f"{module}.{name}")
        for module, name in (
            ("base", "group_user"),
            ("base", "group_partner_manager"),
            ("sales_team", "group_sale_salesman_all_leads"),
        )
    ]
    user = {
        "name": "Chat inbox",
        "login": BOT,
        "email": BOT,  # without one it may write no notes
        "password": BOT_SECRET,
        "groups_id": [[6, 0, groups]],
    }
    await admin.call("res.users", "create", vals=user, context={"no_reset_password": True})


async def _by_name(admin: JsonRpc, name: str) -> int:
    id_: int = await admin.call("ir.model.data", "xmlid_to_res_id", xmlid=name)
    return id_


class OdooHarness:
    """For one test, whose records nobody else meets: each has its own `instance`."""

    names = NAMES
    making = b'"load"'
    archives = True

    def __init__(self, url: str, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self.admin = admin_of(url)
        self.instance = secrets.token_hex(4)
        self._opened: list[OdooConnector] = []
        self.connector: Connector = self.connect()

    def connect(
        self,
        *,
        secret: str | None = None,
        patience: timedelta | None = None,
        login: str = BOT,
    ) -> OdooConnector:
        account = OdooAccount(self.proxy.url, DATABASE, login, secret or BOT_SECRET)
        http = JsonClient(timeouts=Timeouts(total=patience)) if patience else None
        connector = OdooConnector(account, self.instance, http=http)
        self._opened.append(connector)
        return connector

    async def close(self) -> None:
        for one in self._opened:
            await one.close()
        await self.admin.close()

    def new_id(self) -> str:
        return secrets.token_hex(6)

    def new_phone(self) -> str:
        return f"+849{secrets.randbelow(10**7) + 10**7}"

    async def records_named(self, name: str) -> int:
        domain = [["name", "=", name]]
        count: int = await self.admin.call(PARTNER, "search_count", args=domain, context=_ALL)
        return count

    async def notes(self, record_id: str) -> list[str]:
        domain = [
            ["model", "=", PARTNER],
            ["res_id", "=", int(record_id)],
            ["message_type", "=", "comment"],
        ]
        rows = await self.admin.call(
            "mail.message", "search_read", domain=domain, fields=["body"], order="id"
        )
        return [plain(row["body"]) for row in rows]

    async def edit(self, record_id: str, values: Mapping[str, Value]) -> None:
        vals = {name: False if value is None else value for name, value in values.items()}
        await self._write(record_id, vals)

    async def tag(self, record_id: str, name: str) -> None:
        made = await self.admin.call("res.partner.category", "create", vals={"name": name})
        await self._write(record_id, {NAMES.tags: [[4, made]]})

    async def untag(self, record_id: str, name: str) -> None:
        ids = await self.admin.call("res.partner.category", "search", args=[["name", "=", name]])
        await self._write(record_id, {NAMES.tags: [[3, id_] for id_ in ids]})

    async def change_secret(self, secret: str) -> None:
        """The administrator gives the user of the connection another password."""
        ids = await self.admin.call("res.users", "search", args=[["login", "=", BOT]])
        await self.admin.call("res.users", "write", ids=ids, vals={"password": secret})

    async def rename_tag(self, old: str, new: str) -> None:
        ids = await self.admin.call("res.partner.category", "search", args=[["name", "=", old]])
        await self.admin.call("res.partner.category", "write", ids=ids, vals={"name": new})

    async def archive(self, record_id: str) -> None:
        await self._write(record_id, {"active": False})

    async def delete(self, record_id: str) -> None:
        await self.admin.call(PARTNER, "unlink", ids=[int(record_id)])

    async def make_at_once(self, count: int) -> list[str]:
        rows = [[f"Cùng lúc {self.new_id()}"] for _ in range(count)]
        made = await self.admin.call(PARTNER, "load", fields=["name"], data=rows)
        return [str(id_) for id_ in made["ids"]]

    async def _write(self, record_id: str, vals: dict[str, Any]) -> None:
        await self.admin.call(PARTNER, "write", ids=[int(record_id)], vals=vals)


def plain(body: str) -> str:
    """The text that a browser shows of a note."""
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br\s*/?>", "\n", body)))
