"""What the API takes: a body becomes changes of an account, or is refused as a whole.

What Getfly does not know is dropped without a word: that is the worse of what it may do, as the
documents say nothing. Source: https://developer.getfly.vn/docs/6.0/customer/create
"""

import re
from collections.abc import Mapping
from typing import Any

from app.demo.getfly.book import Book, Changes
from app.demo.getfly.errors import bad_field
from app.demo.getfly.model import TEXTS, CustomField

_NUMERIC = re.compile(r"\+?\d+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMS = {"phone_office": _NUMERIC, "email": _EMAIL, "birthday": _DAY}
_CHOSEN = frozenset({"select", "radio"})


def changes_of(body: Mapping[str, Any], book: Book) -> Changes:
    """Raises GetflyError: 400 with the first field that is wrong."""
    changes = Changes(
        texts={name: _text(name, body[name]) for name in TEXTS if name in body},
        custom={
            name: _custom(book.fields[name], raw)
            for name, raw in _object(body).items()
            if name in book.fields
        },
    )
    if "account_type" in body:
        changes.type_ids = _types(body["account_type"], book)
    if "account_manager" in body:
        changes.manager = (_manager(body["account_manager"], book),)
    return changes


def _text(name: str, raw: Any) -> str:
    if not isinstance(raw, str):
        raise bad_field(name, f"Trường {name} phải là chuỗi")
    form = _FORMS.get(name)
    if raw and form is not None and not form.fullmatch(raw):
        raise bad_field(name, f"Trường {name} không đúng định dạng")
    return raw


def _object(body: Mapping[str, Any]) -> Mapping[str, Any]:
    raw = body.get("custom_fields", {})
    if not isinstance(raw, dict):
        raise bad_field("custom_fields", "Trường custom_fields phải là đối tượng")
    return raw


def _custom(field: CustomField, raw: Any) -> Any:
    if raw == "":
        return ""
    if field.kind in _CHOSEN and raw not in {one.id for one in field.options if one.valid}:
        raise bad_field(f"custom_fields.{field.name}", "Lựa chọn không tồn tại")
    if field.kind == "checkbox" and (isinstance(raw, bool) or raw not in (0, 1)):
        raise bad_field(f"custom_fields.{field.name}", "Chỉ nhận 0 hoặc 1")
    if isinstance(raw, dict | list) or raw is None:
        raise bad_field(f"custom_fields.{field.name}", "Giá trị không hợp lệ")
    return raw


def _types(raw: Any, book: Book) -> list[int]:
    if not isinstance(raw, list) or any(one not in book.types for one in raw):
        raise bad_field("account_type", "Nhóm khách hàng không tồn tại")
    return raw


def _manager(raw: Any, book: Book) -> int | None:
    if raw is None:
        return None
    user = book.users.get(raw) if isinstance(raw, int) else None
    if user is None or not user.valid:
        raise bad_field("account_manager", "Người phụ trách không tồn tại")
    return user.id
