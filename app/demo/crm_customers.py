"""Who is in the demo's CRM before the inbox is, and what the shop has noted of its customers.

Some are in both, and meet by their phone; some are in one only; one fits two records.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from app.demo.accounts import account_of
from app.demo.getfly.crm import SimulatedGetfly
from app.demo.people import PEOPLE, Person
from app.wiring import Service
from inbox.customers.editing import checked
from inbox.ids import identity_key
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

_WAITS_S = 10.0
_LOOKS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class KnownThere:
    """An account of the CRM, as its people have typed it."""

    name: str
    phone: str
    email: str = ""
    note: str = ""
    group: str = ""
    comment: str = ""

    def enter(self, crm: SimulatedGetfly) -> None:
        values = {"phone_office": self.phone, "email": self.email, "description": self.note}
        account = crm.add_account(self.name, **values)
        if self.group:
            crm.tag(account.id, self.group)
        if self.comment:
            crm.comment(account.id, self.comment)


@dataclass(frozen=True, slots=True)
class NotedHere:
    """What the shop knows of a customer; `number` is the person's in people.py."""

    number: int
    email: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()

    @property
    def person(self) -> Person:
        return next(one for one in PEOPLE if one.number == self.number)

    @property
    def edit(self) -> Mapping[str, Any]:
        edit: dict[str, Any] = {"phones": [self.person.phone]}
        if self.email:
            edit["emails"] = [self.email]
        if self.note:
            edit["note"] = self.note
        return edit


KNOWN_THERE = (
    KnownThere(
        "Chị Lan Anh (sỉ Q.5)",
        "0900 000 101",
        email="lananh.shop@example.com",
        note="Lấy sỉ mỗi tháng một lần, chuyển khoản trước.",
        group="Khách sỉ",
        comment="Đã gửi bảng giá sỉ mùa đông.",
    ),
    KnownThere(
        "Trịnh Hoài Nam",
        "+84 900.000.114",
        email="ke.toan@nghean.example",
        note="Cần hóa đơn công ty.",
    ),
    KnownThere("Huỳnh Nhật Minh", "0900000120", group="Khách hàng 2025"),
    KnownThere("Nguyễn Ái Vy", "0900.000.130", note="Mua ở cửa hàng Bình Thạnh."),
    KnownThere("Vy Nguyễn", "0900 000 130", email="aivy@example.com"),
    KnownThere("Bùi Gia Huy", "0900000107", note="Bot của khách này chưa bật đồng bộ CRM."),
    KnownThere("Công ty May Tân Phú", "0900000190", group="Nhà cung cấp"),
)
NOTED_HERE = (
    NotedHere(1, tags=("VIP",)),
    NotedHere(14),
    NotedHere(20, note="Hỏi giá sỉ 30 áo, hẹn gọi lại thứ Hai.", tags=("Khách sỉ",)),
    NotedHere(30, note="Khiếu nại áo lỗi chỉ, đã hứa đổi."),
    NotedHere(22, email="congdanh@example.com", note="Đã nhận hàng, rất hài lòng."),
    NotedHere(24, tags=("Đã chốt đơn", "VIP")),
    NotedHere(36, note="Đang chờ hoàn tiền.", tags=("Hoàn tiền",)),
    NotedHere(7, note="Khách Instagram: bot này không đồng bộ sang CRM."),
)


async def introduce(service: Service, owner: Actor) -> None:
    """Note what the shop knows, as soon as its customers have arrived. Safe to repeat."""
    for one in NOTED_HERE:
        customer_id = await _arrived(service.mongo, one.person)
        if customer_id is None:
            log.warning("a customer of the demo has not arrived", number=one.number)
            continue
        store, tags = service.customers.store, service.customers.tags
        await store.edit(customer_id, checked(one.edit), owner, version=None)
        for tag in one.tags:
            await tags.attach_by_name(customer_id, tag, owner)


async def _arrived(mongo: Mongo, person: Person) -> str | None:
    """The customer who this person is by now, once their name is known; None: they do not come."""
    account_id = account_of(person.channel).account_id
    identity = identity_key(person.channel, account_id, person.external_id)
    query = {"identities.id": identity, "name": {"$exists": True}}
    try:
        async with asyncio.timeout(_WAITS_S):
            while True:
                if found := await mongo["customers"].find_one(query, {"_id": 1}):
                    return str(found["_id"])
                await asyncio.sleep(_LOOKS_EVERY_S)
    except TimeoutError:
        return None
