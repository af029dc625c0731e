"""One connected client: the way to it, and how far it was served."""

from dataclasses import dataclass, field
from typing import Protocol

from inbox.live.frames import text_message
from inbox.staff.model import Actor


class Wire(Protocol):
    """The way to one client. Nothing here waits or raises."""

    @property
    def is_behind(self) -> bool:
        """Whether the peer does not take what was written; writing should wait."""
        ...

    def write(self, message: bytes) -> None: ...

    def close(self, code: int, reason: str) -> None: ...


@dataclass(eq=False, slots=True)
class Client:
    """One connection: how far it was served (`position`), and how far it may fall behind."""

    actor: Actor
    wire: Wire
    position: int
    allowed_lag: int
    needs_resync: bool = False
    by_phone: bool = False


@dataclass(slots=True)
class Turn:
    """What one round of writing shares: clients that may see the same get the same bytes."""

    end: int
    messages: dict[tuple[bytes, ...], bytes] = field(default_factory=dict)
    frames: int = 0

    def message(self, frames: list[bytes]) -> bytes:
        self.frames += len(frames)
        key = tuple(frames)
        built = self.messages.get(key)
        if built is None:
            built = self.messages[key] = text_message(frames)
        return built
