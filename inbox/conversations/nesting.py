"""Which thread a reply to a reply belongs to: that of the comment under which it all began."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inbox.conversations.changes import Change, KeepMessage


def joined(changes: Sequence[Change], roots: Mapping[str, str]) -> list[Change]:
    """The changes with each comment in the thread of what it replies to.

    `roots` maps ids of comments that are kept to the platform's ids of the comments that began
    their threads; those of the batch itself, oldest first, are known as they come.
    """
    known = dict(roots)
    found: list[Change] = []
    for change in changes:
        one = change
        if isinstance(one, KeepMessage) and one.thread.kind == "comment":
            root = known.get(one.reply_to.id) if one.reply_to is not None else None
            if root is not None and root != one.thread.external_id:
                one = replace(one, thread=replace(one.thread, external_id=root))
            known.setdefault(one.message.id, one.thread.external_id)
        found.append(one)
    return found
