"""The pretended HubSpot as the contract of connectors wants it."""

import html
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta

from crm_sync.connectors.http import JsonClient, Timeouts
from crm_sync.connectors.hubspot.client import HubSpotAccount
from crm_sync.connectors.hubspot.connector import HubSpotConnector
from crm_sync.connectors.model import Connector, Value
from tests.crm_sync.contract import Names
from tests.crm_sync.faults import FaultProxy
from tests.crm_sync.hubspot.properties import made, option
from tests.crm_sync.hubspot.server import TOKEN, FakeHubSpot

NAMES = Names(
    name="firstname",
    phone="phone",
    email="email",
    text="inbox_note",
    choice="loyalty",
    tags="chat_tags",
    good_choice="gold",
)
_HIDDEN = re.compile(r'<span style="display:none">[^<]*</span>')


class HubSpotHarness:
    """For one test, which has an account of its own."""

    names = NAMES
    making = b'"properties":{'
    """Whatever writes a record or a note; what reads has a list of properties."""
    archives = False
    """What people delete is gone for them; only administrators see what can be restored."""

    def __init__(self, hubspot: FakeHubSpot, proxy: FaultProxy) -> None:
        self.hubspot = hubspot
        self.portal = hubspot.portal
        self.proxy = proxy
        self.instance = secrets.token_hex(4)
        self._opened: list[HubSpotConnector] = []
        self._set_up()
        self.connector: Connector = self.connect()

    def _set_up(self) -> None:
        """What an administrator does once: three properties of contacts."""
        levels = [option("Vàng", "gold"), option("Bạc", "silver")]
        for one in (
            made(NAMES.text, "string", "textarea", label="Ghi chú"),
            made(NAMES.choice, "enumeration", "select", label="Hạng khách", options=levels),
            made(NAMES.tags, "enumeration", "checkbox", label="Nhãn chat"),
        ):
            self.portal.properties[one["name"]] = one

    def connect(
        self,
        *,
        secret: str | None = None,
        patience: timedelta | None = None,
        instance: str | None = None,
    ) -> HubSpotConnector:
        account = HubSpotAccount(url=self.proxy.url, token=secret or TOKEN)
        http = JsonClient(timeouts=Timeouts(total=patience)) if patience else None
        connector = HubSpotConnector(account, instance or self.instance, http=http)
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
        return sum(
            one.properties.get(NAMES.name) == name and not one.archived
            for one in self.portal.contacts.values()
        )

    async def notes(self, record_id: str) -> list[str]:
        ids = self.portal.notes_of.get(int(record_id), [])
        return [plain(self.portal.notes[id_].properties["hs_note_body"]) for id_ in ids]

    async def edit(self, record_id: str, values: Mapping[str, Value]) -> None:
        texts = {name: str(value or "") for name, value in values.items()}
        self.portal.person_writes(record_id, texts)

    async def tag(self, record_id: str, name: str) -> None:
        self.portal.properties[NAMES.tags]["options"].append(option(name, f"v_{name}"))
        had = self.portal.contact(record_id).properties.get(NAMES.tags)
        values = [one for one in (had, f"v_{name}") if one]
        self.portal.person_writes(record_id, {NAMES.tags: ";".join(values)})

    async def rename_tag(self, old: str, new: str) -> None:
        for one in self.portal.properties[NAMES.tags]["options"]:
            if one["label"] == old:
                one["label"] = new

    async def archive(self, record_id: str) -> None:
        raise NotImplementedError

    async def delete(self, record_id: str) -> None:
        self.portal.archive(record_id)

    async def make_at_once(self, count: int) -> list[str]:
        names = [f"Cùng lúc {self.new_id()}" for _ in range(count)]
        return [str(self.portal.make_contact({NAMES.name: one}).id) for one in names]


def plain(body: str) -> str:
    """The text that a browser shows of a note."""
    shown = re.sub(r"<br\s*/?>", "\n", _HIDDEN.sub("", body))
    return html.unescape(re.sub(r"<[^>]*>", "", shown))
