"""Whether a value is one of its attribute, and how it is spelled when stored. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from inbox.customers.attributes.model import Attribute
from inbox.errors import FieldErrors
from inbox.text import printable

LONGEST_TEXT = 1000
"""Characters of a text whose attribute does not say."""
LONGEST_URL = 2000
LARGEST_NUMBER = 1e15
"""Beyond it JavaScript and MongoDB do not agree on whole numbers."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NOT_IN_URL = re.compile(r"[\s\x00-\x1f<>\"\\]")


class _Wrong(Exception):
    """The value is refused: a stable code and both sentences."""

    def __init__(self, code: str, *, vi: str, en: str) -> None:
        super().__init__(code)
        self.code = code
        self.vi = vi
        self.en = en


def checked_values(
    sent: Mapping[str, Any], catalogue: Mapping[str, Attribute], errors: FieldErrors
) -> dict[str, Any]:
    """The values by key as they are stored; None takes a value away. What is wrong is told.

    Errors are told at `attributes.<key>`.
    """
    found: dict[str, Any] = {}
    for key, value in sent.items():
        try:
            found[key] = _checked(value, catalogue.get(key))
        except _Wrong as wrong:
            errors.add(f"attributes.{key}", wrong.code, vi=wrong.vi, en=wrong.en)
    return found


def _checked(value: Any, attribute: Attribute | None) -> Any:
    if attribute is None:
        raise _Wrong(
            "attribute_unknown",
            vi="Không có thuộc tính này.",
            en="There is no such attribute.",
        )
    stored = None if value is None else _SPELLINGS[attribute.type](value, attribute)
    if stored is None and attribute.required:
        raise _Wrong(
            "attribute_required",
            vi="Thuộc tính này bắt buộc phải có giá trị.",
            en="This attribute must have a value.",
        )
    if stored is not None and attribute.is_retired:
        raise _Wrong(
            "attribute_retired",
            vi="Thuộc tính này đã ngừng dùng.",
            en="This attribute is not in use any more.",
        )
    return stored


def _text(value: Any, attribute: Attribute) -> str | None:
    if not isinstance(value, str):
        raise _Wrong("attribute_no_text", vi="Cần nhập chữ.", en="This must be a text.")
    text = printable(value).replace("\x00", "").strip()
    most = int(attribute.max or LONGEST_TEXT)
    if len(text) > most:
        raise _Wrong(
            "attribute_too_long",
            vi=f"Tối đa {most} ký tự.",
            en=f"At most {most} characters.",
        )
    return text or None


def _number(value: Any, attribute: Attribute) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:  # nan is neither
        raise _Wrong("attribute_no_number", vi="Cần nhập số.", en="This must be a number.")
    if attribute.max is not None and value > attribute.max:
        raise _Wrong(
            "attribute_too_large",
            vi=f"Tối đa {attribute.max:g}.",
            en=f"At most {attribute.max:g}.",
        )
    return int(value) if float(value).is_integer() else value


def _date(value: Any, _: Attribute) -> str:
    """A day without a time, as ISO 8601 says it: "1990-02-28"."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass  # the 30th of February
    raise _Wrong(
        "attribute_no_date",
        vi="Cần nhập ngày hợp lệ (năm-tháng-ngày).",
        en="This must be a day (year-month-day).",
    )


def _bool(value: Any, _: Attribute) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("attribute_no_bool", vi="Cần chọn có hoặc không.", en="This is yes or no.")
    return value


def _choice(value: Any, attribute: Attribute) -> str:
    if not isinstance(value, str) or value not in {one.value for one in attribute.options}:
        raise _Wrong(
            "attribute_no_option",
            vi="Giá trị không nằm trong danh sách lựa chọn.",
            en="This is none of the options.",
        )
    return value


def _choices(value: Any, attribute: Attribute) -> list[str] | None:
    if not isinstance(value, list):
        raise _Wrong(
            "attribute_no_list", vi="Cần một danh sách lựa chọn.", en="This must be a list."
        )
    chosen = {_choice(one, attribute) for one in value}
    if attribute.max is not None and len(chosen) > attribute.max:
        raise _Wrong(
            "attribute_too_many",
            vi=f"Chọn tối đa {attribute.max:g}.",
            en=f"Choose at most {attribute.max:g}.",
        )
    return [one.value for one in attribute.options if one.value in chosen] or None


def _url(value: Any, _: Attribute) -> str | None:
    text = value.strip() if isinstance(value, str) else value
    if text == "":
        return None
    if not isinstance(text, str) or len(text) > LONGEST_URL or not _is_web_address(text):
        raise _Wrong(
            "attribute_no_url",
            vi="Cần nhập địa chỉ web (http hoặc https).",
            en="This must be a web address (http or https).",
        )
    return printable(text)


def _is_web_address(text: str) -> bool:
    """Only what a page may link to: "javascript:" opens nothing."""
    if _NOT_IN_URL.search(text):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


_SPELLINGS: dict[str, Callable[[Any, Attribute], Any]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "bool": _bool,
    "choice": _choice,
    "multi_choice": _choices,
    "url": _url,
}
