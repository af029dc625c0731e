"""A tag, what it may be called, and what may be wrong with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field

from inbox.errors import Conflict, FieldError, InvalidInput, NotAllowed
from inbox.text import fold

LONGEST_NAME = 50
"""Characters of a name, as competitors allow (X.TAG.03)."""

Colour = Literal[
    "gray", "red", "orange", "amber", "green", "teal", "blue", "indigo", "purple", "pink"
]
"""Names of colours: each theme of the UI has its own shade with enough contrast."""
COLOURS: tuple[Colour, ...] = get_args(Colour)

TagName = Annotated[str, Field(max_length=LONGEST_NAME, pattern=r"\S")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One tag of the catalogue. `position` orders it; a retired one stays where it is attached
    and is offered no more. `key` is what makes it unique (see `tag_key`).
    """

    id: str
    name: str
    key: str
    colour: Colour
    position: int
    created_at: datetime
    retired_at: datetime | None = None

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


def shown_name(name: str) -> str:
    """A name as it is kept: inner and outer blanks made one or none."""
    return " ".join(name.split())


def tag_key(name: str) -> str:
    """What two spellings of one tag share: "VIP " is "vip", "Khách sỉ" is "khach si"."""
    return " ".join(fold(name).split())


def first_colour(key: str) -> Colour:
    """The colour of a tag that nobody chose one for; the same name gets the same one."""
    return COLOURS[sum(key.encode()) % len(COLOURS)]


class TagTaken(InvalidInput):
    """Another tag is called that, in some spelling."""

    code = "tag_taken"
    vi = "Đã có thẻ “{name}”."
    en = "There is a tag “{name}” already."

    def __init__(self, name: str) -> None:
        super().__init__(
            [FieldError("name", self.code, self.vi.format(name=name), self.en.format(name=name))],
            name=name,
        )


class TagNameEmpty(InvalidInput):
    """Nothing is left of the name without its marks and blanks."""

    code = "tag_name_empty"
    vi = "Tên thẻ phải có chữ hoặc số."
    en = "A tag needs a letter or a digit in its name."

    def __init__(self) -> None:
        super().__init__([FieldError("name", self.code, self.vi, self.en)])


class TagRetired(InvalidInput):
    """A retired tag is not attached any more."""

    code = "tag_retired"
    vi = "Thẻ này đã ngừng dùng."
    en = "This tag is not in use any more."

    def __init__(self) -> None:
        super().__init__([FieldError("tag_id", self.code, self.vi, self.en)])


class TooManyTags(InvalidInput):
    """The customer has as many tags as one may have."""

    code = "too_many_tags"
    vi = "Khách đã có {most} thẻ, không gắn thêm được."
    en = "The customer has {most} tags, which is the most."

    def __init__(self, most: int) -> None:
        super().__init__(
            [
                FieldError(
                    "tag_ids", self.code, self.vi.format(most=most), self.en.format(most=most)
                )
            ],
            most=most,
        )


class TagCreationNotAllowed(NotAllowed):
    """The person may attach tags, but not add new ones to the catalogue."""

    code = "tag_creation_not_allowed"
    vi = "Bạn không có quyền tạo thẻ mới."
    en = "You are not allowed to make new tags."


class TagInUse(Conflict):
    """More customers have the tag than the one who deletes it was told."""

    code = "tag_in_use"
    vi = "Thẻ đang được gắn cho {usage} khách hàng. Hãy xác nhận lại."
    en = "The tag is attached to {usage} customers. Please confirm again."

    def __init__(self, usage: int) -> None:
        super().__init__(usage=usage)
        self.usage = usage

    def extra(self) -> dict[str, int]:
        return {"usage": self.usage}
