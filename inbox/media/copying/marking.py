"""What a batch of changes means for copies: new attachments wait, removed ones let go of theirs."""

from collections.abc import Mapping

from inbox.conversations.sheet import Sheet
from inbox.media.copying.model import mark_waiting, objects_in


class Copies:
    """Made of a loaded sheet; `settle` it when everything is folded."""

    def __init__(self, sheet: Sheet) -> None:
        self._before: Mapping[str, set[str]] = {
            message.id: objects
            for message in sheet.messages.values()
            if (objects := objects_in(message.get("attachments")))
        }

    def settle(self, sheet: Sheet) -> set[str]:
        """Mark what is to be copied; the hashes of the stored objects that messages let go."""
        for message in sheet.messages.values():
            if not message.stored or "attachments" in message.changed:
                mark_waiting(message, sheet.now)
        loose: set[str] = set()
        for id_, objects in self._before.items():
            message_now = None if id_ in sheet.gone else sheet.messages.get(id_)
            kept = objects_in(message_now.get("attachments")) if message_now is not None else set()
            loose |= objects - kept
        return loose
