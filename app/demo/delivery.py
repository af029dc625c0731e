"""A webhook request as a platform sends it, and the times that it bears."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from app.demo.conversations.story import Move
from app.demo.scene import Scene

Platform = Literal["facebook", "zalo"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A signed body on its way to `/webhooks/{platform}`."""

    platform: Platform
    body: bytes
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return f"/webhooks/{self.platform}"


class Actor(Protocol):
    """Turns a move of a script into what the platform tells about it."""

    def act(self, move: Move, scene: Scene, at: datetime) -> list[Delivery]:
        """Everything that is delivered because of `move`, in its true order."""
        ...


def epoch_ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def epoch_s(at: datetime) -> int:
    return epoch_ms(at) // 1000
