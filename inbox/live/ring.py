"""The last events of this process, each with its frames, shared by all clients."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

from inbox.live.frames import frame_json
from inbox.live.model import Frame, LiveEvent, People
from inbox.staff.model import Actor

_CONVERSATION_EVENTS = frozenset(
    {
        "message_received",
        "message_changed",
        "conversation_changed",
        "conversation_removed",
        "viewers_changed",
    }
)


class MaySee(Protocol):
    """Whether somebody may see a conversation: `inbox.conversations.visibility.may_see`."""

    def __call__(self, actor: Actor, bot_id: str, people: People) -> bool: ...


@dataclass(frozen=True)
class Entry:
    """One event: its frames are built when the first client may see them, and only once."""

    id: str
    event: LiveEvent

    @cached_property
    def frame(self) -> bytes:
        """What is told to those who see the thing as it is now."""
        event = self.event
        data = event.data
        if event.customer_id is not None:
            data = {"customer_id": event.customer_id, **data}
        return frame_json(
            Frame(
                id=self.id,
                type=event.type,
                at=event.at,
                conversation_id=event.conversation_id,
                data=data,
            )
        )

    def build(self) -> None:
        """Build the frame and let go of the data, which takes ten times the memory."""
        _ = self.frame
        object.__setattr__(self, "event", replace(self.event, data={}))

    @cached_property
    def removed_frame(self) -> bytes:
        """What is told to those who saw the conversation before, and nothing of what it is now."""
        return frame_json(
            Frame(
                id=self.id,
                type="conversation_removed",
                at=self.event.at,
                conversation_id=self.event.conversation_id,
            )
        )

    def frame_for(self, actor: Actor, may_see: MaySee) -> bytes | None:
        """What `actor` may be told of this event; None when it is nothing. Reads no database."""
        event = self.event
        if event.type == "session_ended":
            return None
        if event.staff_ids is not None:
            is_meant = actor.kind == "staff" and actor.id in event.staff_ids
            return self.frame if is_meant else None
        if event.type not in _CONVERSATION_EVENTS:
            return self.frame if any(actor.sees_bot(bot) for bot in event.bot_ids) else None

        def sees(people: People, bot_ids: Collection[str]) -> bool:
            if people.split == "pending":
                return False  # nobody is told of it before it has its sale
            return any(may_see(actor, bot_id, people) for bot_id in bot_ids)

        if sees(event.after, event.bot_ids):
            return self.frame
        left = event.left_bot_id
        was_in = event.bot_ids if left is None else (left,)
        return self.removed_frame if sees(event.before, was_in) else None


class Ring:
    """The last `capacity` entries by position. Positions only grow; `end` is the next one.

    `start` is the oldest position that can still be read.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[int, Entry] = {}
        self._after: dict[str, int] = {}
        self.start = 0
        self.end = 0
        self.last_id: str | None = None

    def restart(self, last_id: str | None) -> None:
        """Forget everything: what follows does not continue it. `last_id` is where it begins."""
        self._entries.clear()
        self._after.clear()
        self.start = self.end
        self._set_last(last_id)

    def append(self, entry: Entry) -> None:
        self._entries[self.end] = entry
        self.end += 1
        self._set_last(entry.id)
        if self.end - self.start > self._capacity:
            dropped = self._entries.pop(self.start)
            self.start += 1
            self._after.pop(dropped.id, None)

    def position_after(self, entry_id: str) -> int | None:
        """The position that follows the entry `entry_id`; None when it is not here (any more)."""
        position = self._after.get(entry_id)
        return position if position is not None and position >= self.start else None

    def between(self, start: int, end: int) -> list[Entry]:
        """The entries at `start` <= position < `end`; `start` must not be older than the ring."""
        return [self._entries[position] for position in range(start, end)]

    def _set_last(self, entry_id: str | None) -> None:
        self.last_id = entry_id
        if entry_id is not None:
            self._after[entry_id] = self.end
