"""What is remembered of a field: how each side was when they agreed last."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Synced:
    """What both sides had of a field last, by the name of the CRM's field.

    `ours` and `theirs` are hashes of normal forms, "" is empty. They differ where the CRM keeps
    less than we have, or more: each side has moved when it is not what it was, whatever the other
    one says. `tags` are the names of a field of tags that are there because of us.
    """

    ours: str
    theirs: str
    tags: tuple[str, ...] = ()
