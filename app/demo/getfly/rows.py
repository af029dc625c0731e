"""Accounts as the API tells them: only what `fields` asks for, times local and without a zone.

Source: https://developer.getfly.vn/en/docs/6.1/account/list
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from app.demo.getfly.book import Book
from app.demo.getfly.errors import bad_request
from app.demo.getfly.model import TEXTS, Account

LOCAL = timezone(timedelta(hours=7))
_TIME = "%Y-%m-%d %H:%M:%S"
_SHARED = (
    "id",
    "account_code",
    *TEXTS,
    "created_at",
    "updated_at",
    "account_type",
    "mgr_email",
    "mgr_display_name",
)
LISTED = (*_SHARED, "account_manager", "custom_fields")
"""What the list takes in `fields`; the feed and the detail say custom fields otherwise."""
SYNCED = (*_SHARED, "detail_custom_fields")
DETAILED = (*LISTED, "detail_custom_fields")


def local(at: datetime) -> str:
    return at.astimezone(LOCAL).strftime(_TIME)


def asked_fields(query: Mapping[str, str], available: Sequence[str]) -> list[str]:
    """Raises GetflyError: 400, one of them there is not."""
    asked = [name.strip() for name in query.get("fields", "").split(",") if name.strip()]
    if unknown := [name for name in asked if name not in available]:
        raise bad_request(f"Trường không tồn tại: {unknown[0]}")
    return asked or list(available)


def row(book: Book, account: Account, fields: Sequence[str]) -> dict[str, Any]:
    manager = book.users.get(account.manager_id or 0)
    custom = {name: account.custom.get(name, "") for name in book.fields}
    whole: dict[str, Any] = {
        "id": account.id,
        "account_code": account.code,
        **account.texts,
        "created_at": local(account.created_at),
        "updated_at": local(account.updated_at),
        "account_type": account.type_ids,
        "account_manager": account.manager_id,
        "mgr_email": manager.email if manager else None,
        "mgr_display_name": manager.name if manager else None,
        "custom_fields": custom,
        "detail_custom_fields": custom,
    }
    return {name: whole[name] for name in fields}
