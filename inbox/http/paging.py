"""Pages of a list: an opaque cursor instead of a number of rows to skip."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Generic, TypeVar

import orjson
from pydantic import BaseModel, Field

from inbox.errors import FieldError, InvalidInput

Item = TypeVar("Item")
CursorValue = str | int | float | bool | datetime | None

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT, description="how many items at most")]
Cursor = Annotated[
    str | None,
    Field(max_length=1000, description="`next_cursor` of the page before; absent: the first page"),
]


class Page(BaseModel, Generic[Item]):
    """A page of a list. `next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None


def encode_cursor(*values: CursorValue) -> str:
    """The place after the item with these sort values; times must be timezone-aware."""
    marked = [{"at": value} if isinstance(value, datetime) else value for value in values]
    return urlsafe_b64encode(orjson.dumps(marked)).decode("ascii").rstrip("=")


def decode_cursor(text: str) -> tuple[CursorValue, ...]:
    """The values that `encode_cursor` was given.

    Raises:
        InvalidInput: `text` is not a cursor. How many values it holds and of which types is the
            caller's to check: a cursor of another list decodes as well.
    """
    try:
        marked = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return tuple(_unmark(value) for value in _a_list(marked))
    except ValueError:
        raise bad_cursor() from None


def name_and_id(cursor: str | None) -> tuple[str, str] | None:
    """The name and the id that a cursor holds; None without a cursor."""
    match decode_cursor(cursor) if cursor is not None else ():
        case ():
            return None
        case (str(name), str(item_id)):
            return name, item_id
        case _:
            raise bad_cursor()


def id_only(cursor: str | None) -> str | None:
    """The id that a cursor holds; None without a cursor."""
    match decode_cursor(cursor) if cursor is not None else ():
        case ():
            return None
        case (str(one),):
            return one
        case _:
            raise bad_cursor()


def time_and_id(cursor: str | None) -> tuple[datetime, str] | None:
    """The time and the id that a cursor holds; None without a cursor."""
    match decode_cursor(cursor) if cursor is not None else ():
        case ():
            return None
        case (datetime() as at, str(item_id)):
            return at, item_id
        case _:
            raise bad_cursor()


def bad_cursor() -> InvalidInput:
    """The error for a cursor that is not of this list."""
    wrong = FieldError(
        "cursor",
        "invalid_cursor",
        vi="Vị trí trang không hợp lệ, vui lòng tải lại danh sách.",
        en="The cursor is not valid, please load the list again.",
    )
    return InvalidInput([wrong])


def _a_list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("not a list")  # noqa: TRY004 - what the decoders raise, caught together
    return value


def _unmark(value: object) -> CursorValue:
    if isinstance(value, dict) and value.keys() == {"at"} and isinstance(value["at"], str):
        moment = datetime.fromisoformat(value["at"])
        if moment.tzinfo is None:
            raise ValueError("a time without its zone")
        return moment
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError("not a value of a cursor")
