"""The words of back-fill: an interval that was missed, how far it was read, what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from inbox.errors import FieldError, InvalidInput, NotFound

GapState = Literal["waiting", "filling", "filled"]
Incomplete = Literal[
    "too_old",
    "unreadable",
    "long_conversation",
    "conversation_refused",
    "platform_limit",
    "platform_repeats",
    "account_gone",
    "refused",
]
"""Why not everything came back: it began before what may be asked for; messages that the platform
lists and does not tell any more; a conversation that is too long, or is not told; the platform
goes no further back, or not on; the account is not connected any more; the platform refuses."""

MARGIN = timedelta(minutes=1)
"""More is read at both ends: a message is older than its webhook, and clocks differ."""
LONGEST_REQUEST = timedelta(days=30)
"""What an admin may ask for at a time, and how far back."""


@dataclass(frozen=True, slots=True)
class GapRecord:
    """An interval in which an account's messages may have been missed, and what became of it.

    `found` messages were told by the history, of which `new` had not been here; a few may be
    counted twice in `found` after a crash. `unreadable` ones are lost to us. `error` is why it
    waits, `next_try_at` for how long. `platform_code` is the number with which it was refused.
    """

    id: str
    account_key: str
    since: datetime
    until: datetime
    reason: str
    state: GapState
    found: int = 0
    new: int = 0
    unreadable: int = 0
    incomplete: tuple[Incomplete, ...] = ()
    platform_code: str | None = None
    filled_at: datetime | None = None
    next_try_at: datetime | None = None
    error: str | None = None
    progress: Mapping[str, Any] | None = field(default=None, repr=False)


class AccountNotConnected(NotFound):
    code = "account_not_connected"
    vi = "Tài khoản kênh này không tồn tại hoặc đã ngắt kết nối."
    en = "There is no such channel account, or it is not connected any more."


def bad_interval(name: str, code: str, vi: str, en: str) -> InvalidInput:
    return InvalidInput([FieldError(name, code, vi, en)])
