"""A canned reply, and what may be wrong with one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from inbox.errors import FieldError, InvalidInput
from inbox.text import fold

LONGEST_TEXT = 2000
"""Characters: what Messenger and Zalo both take in one message."""

Shortcut = Annotated[str, Field(max_length=32, pattern=r"^[^\s/][^\s]*$")]
"""What one types after "/": no blanks, compared without case and accents."""
Text = Annotated[str, Field(max_length=LONGEST_TEXT, pattern=r"\S")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedReply:
    """A text under a shortcut, of one bot or, with `bot_id` None, of all of them."""

    id: str
    bot_id: str | None
    shortcut: str
    text: str
    updated_at: datetime


def shortcut_key(shortcut: str) -> str:
    """What two spellings of one shortcut share."""
    return fold(shortcut)


class ShortcutTaken(InvalidInput):
    """Another canned reply of the same bots has this shortcut."""

    code = "shortcut_taken"
    vi = "Phím tắt này đã được dùng."
    en = "This shortcut is in use."

    def __init__(self) -> None:
        super().__init__([FieldError("shortcut", self.code, self.vi, self.en)])


class PlaceholderUnknown(InvalidInput):
    """The text names something that nobody can fill in."""

    code = "placeholder_unknown"
    vi = "Không có biến “{name}”."
    en = "There is no placeholder “{name}”."

    def __init__(self, name: str, field: str = "text") -> None:
        vi, en = self.vi.format(name=name), self.en.format(name=name)
        super().__init__([FieldError(field, self.code, vi, en)], name=name)
