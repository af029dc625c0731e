"""The fields of a CRM and the customers that the tests of the mapping speak of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings

from crm_sync.connectors.model import FieldKind, RemoteField, RemoteRecord, Value
from crm_sync.mapping.model import FieldMap
from crm_sync.mapping.pairing import Names, Pair

UNHURRIED = settings(deadline=None)
"""For properties: a busy machine is no reason to fail."""
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
PHONE = "+84912345678"
OTHER_PHONE = "+84987654321"
THIRD_PHONE = "+84933333333"
NAMES = Names(
    tags={"t1": "VIP", "t2": "Khách sỉ", "t3": "🔥 gấp"},
    people={"s1": "Lan@shop.vn", "s2": "minh@shop.vn"},
)


def remote(
    name: str,
    kind: FieldKind = "text",
    *,
    read_only: bool = False,
    choices: tuple[str, ...] | None = None,
) -> RemoteField:
    return RemoteField(name, name.title(), kind, read_only, choices)


ODOO: Mapping[str, RemoteField] = {
    one.name: one
    for one in (
        remote("name"),
        remote("phone", "phone"),
        remote("email", "email"),
        remote("comment", "html"),
        remote("category_id", "tags"),
        remote("user_id", "user"),
        remote("x_loyalty", "choice", choices=("Bạc", "Vàng")),
        remote("x_points", "number"),
        remote("x_birthday", "date"),
        remote("x_phones"),
        remote("write_date", "date", read_only=True),
    )
}


def pair(ours: str, theirs: str = "", *, of: Mapping[str, RemoteField] = ODOO, **how: Any) -> Pair:
    """A mapped field; `theirs` goes without saying for the usual ones."""
    usual = {
        "phones": "phone",
        "emails": "email",
        "note": "comment",
        "tag_ids": "category_id",
        "name": "name",
        "owner_id": "user_id",
    }
    name = theirs or usual[ours]
    return Pair(FieldMap(ours=ours, theirs=name, **how), of[name])


def odd_pair(ours: str, kind: FieldKind, **how: Any) -> Pair:
    """A field of any kind that our field is mapped to."""
    return Pair(FieldMap(ours=ours, theirs="x", **how), remote("x", kind))


def customer(**fields: Any) -> dict[str, Any]:
    return {"_id": "c1", "name": "Chị Hường", **fields}


def record(
    values: Mapping[str, Value], id_: str = "7", *, changed_at: datetime | None = NOON
) -> RemoteRecord:
    return RemoteRecord(id_, values, changed_at=changed_at)
