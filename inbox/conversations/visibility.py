"""Which conversations somebody may see: one rule for every read and for the live feed."""

from collections.abc import Collection
from typing import Any

from inbox.staff.model import Actor


def visible(actor: Actor) -> dict[str, Any]:
    """The query that every read of conversations carries.

    Owners and admins see all; others every conversation of the bots they are members of.
    """
    if actor.sees_every_bot:
        return {}
    return {"bot_id": {"$in": sorted(actor.bot_ids)}}


def may_see(
    actor: Actor, *, bot_id: str, assignee_id: str | None, participant_ids: Collection[str]
) -> bool:
    """Whether `visible(actor)` would find a conversation with these people, without a read.

    The people do not narrow anything while every member sees the whole bot; they are asked for
    because each live event carries them, and a bot may show its people only their own.
    """
    _ = assignee_id, participant_ids
    return actor.sees_bot(bot_id)
