"""What clients read and send of the media block, and what may be wrong with it."""

from typing import Annotated

from pydantic import BaseModel, Field

from inbox.conversations.attachments import CopyState
from inbox.conversations.model import Direction
from inbox.conversations.reading.media import BlockKind
from inbox.conversations.reading.model import Time
from inbox.errors import TooLarge
from inbox.http.routing import Body

MOST_ITEMS = 200
"""Files of one archive."""
LARGEST_ARCHIVE_BYTES = 1024 * 1024 * 1024
"""1 GiB of files in one archive: browsers hold the answer before they save it."""
_GIB = 1024 * 1024 * 1024


class ArchiveTooLarge(TooLarge):
    """The chosen files are too large for one archive."""

    code = "archive_too_large"
    vi = "Các tệp đã chọn vượt quá {gib} GB, vui lòng chọn ít hơn."
    en = "The chosen files are more than {gib} GB, please choose fewer."

    def __init__(self) -> None:
        super().__init__(gib=LARGEST_ARCHIVE_BYTES // _GIB)


class MediaItem(BaseModel):
    """An attachment in the media block; show its message with `around=message_id`.

    `url` and `thumbnail_url` are signed links to our copy, null without one; of a link, `url` is
    what was sent. `position` counts from 0 within the message.
    """

    message_id: str
    conversation_id: str
    position: int
    at: Time
    direction: Direction
    kind: BlockKind
    name: str | None
    mime: str | None
    size: int | None
    url: str | None
    thumbnail_url: str | None
    copy_state: CopyState
    copy_reason: str | None


class ChosenItem(Body):
    """An item of the media block."""

    message_id: Annotated[str, Field(min_length=1, max_length=100)]
    position: Annotated[int, Field(ge=0, le=1000)]


class ChosenItems(Body):
    items: Annotated[tuple[ChosenItem, ...], Field(min_length=1, max_length=MOST_ITEMS)]
