"""Which conversations somebody may see: one rule for every read and for the live feed."""

from collections.abc import Mapping
from typing import Any

from inbox.live.model import People
from inbox.staff.model import Actor


def people_of(conversation: Mapping[str, Any]) -> People:
    """Who is in charge of a stored conversation: what a live event about it must carry."""
    return People(
        conversation.get("assignee_id"),
        frozenset(conversation.get("participant_ids") or ()),
        (conversation.get("split") or {}).get("state", "off"),
    )


def visible(actor: Actor) -> dict[str, Any]:
    """The query that every read of conversations carries.

    Owners and admins see all, managers every conversation of their bots. So do sales, but for
    bots that split and show them less:

    - own: what they are assigned to or take part in, and what is there to be claimed;
    - own and unassigned: also what nobody has, once it was decided that nobody has it.

    Each branch has an index in the order of the list: (bot_id, status, ...),
    (participant_ids, ...), (assignee_id, ...), (bot_id, assignee_id, status, ...).
    """
    if actor.sees_every_bot:
        return {}
    own, unassigned = sorted(actor.own_bot_ids), sorted(actor.own_unassigned_bot_ids)
    whole = sorted(actor.bot_ids - actor.own_bot_ids - actor.own_unassigned_bot_ids)
    if not own and not unassigned:
        return {"bot_id": {"$in": whole}}
    narrowed = {"bot_id": {"$in": sorted([*own, *unassigned])}}
    branches: list[dict[str, Any]] = [
        {**narrowed, "participant_ids": actor.id},
        {**narrowed, "assignee_id": actor.id},
    ]
    if whole:
        branches.append({"bot_id": {"$in": whole}})
    if own:
        branches.append({"bot_id": {"$in": own}, "assignee_id": None, "split.state": "claimable"})
    if unassigned:
        branches.append(
            {
                "bot_id": {"$in": unassigned},
                "assignee_id": None,
                "split.state": {"$ne": "pending"},
            }
        )
    return {"$or": branches}


def may_see(actor: Actor, bot_id: str, people: People) -> bool:
    """Whether `visible(actor)` would find a conversation with these people, without a read."""
    if not actor.sees_bot(bot_id):
        return False
    sight = actor.sight_of(bot_id)
    if sight == "all" or actor.id == people.assignee_id or actor.id in people.participant_ids:
        return True
    if people.assignee_id is not None:
        return False
    return people.split == "claimable" if sight == "own" else people.split != "pending"
