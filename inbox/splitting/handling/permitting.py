"""What somebody may do with a conversation's people: one table for checks and for buttons. Pure."""

from collections.abc import Mapping
from typing import Any, Literal

from inbox.splitting.model import SplitConfig
from inbox.staff.model import Actor

Action = Literal[
    "claim", "take_over", "transfer", "unassign", "resplit", "add_participant", "remove_participant"
]


def actions_of(
    actor: Actor, conversation: Mapping[str, Any], config: SplitConfig
) -> frozenset[Action]:
    """What an actor who sees the conversation may do.

    | it is            | whoever sees it           | its assignee               | leaders      |
    |------------------|---------------------------|----------------------------|--------------|
    | nobody's         | claim                     |                            | and transfer |
    | to be given only | nothing                   |                            | as above     |
    | somebody's       | take over, if the bot     | transfer, unassign,        | all of it    |
    |                  | lets repliers take over   | split again                |              |

    Who takes part adds others; leaders and the assignee also remove them, and everybody may leave.
    Where a bot does not split, whoever sees a conversation does both. Bots do nothing of this.
    """
    if actor.kind != "staff":
        return frozenset()
    leads = actor.leads(conversation["bot_id"])
    assignee = conversation.get("assignee_id")
    may: set[Action] = set()
    if leads or not config.enabled or actor.id == assignee:
        may |= {"add_participant", "remove_participant"}
    if actor.id in conversation.get("participant_ids", ()):
        may.add("add_participant")
    if config.enabled:
        may |= _of_assignment(actor, conversation, config, leads=leads)
    return frozenset(may)


def _of_assignment(
    actor: Actor, conversation: Mapping[str, Any], config: SplitConfig, *, leads: bool
) -> set[Action]:
    state = conversation.get("split", {}).get("state")
    assignee = conversation.get("assignee_id")
    if state == "pending":
        return set()
    if assignee is None:
        if leads:
            return {"claim", "transfer", "resplit"}
        return set() if state == "manual" else {"claim"}
    if actor.id == assignee:
        return {"transfer", "unassign", "resplit"}
    if leads:
        return {"take_over", "transfer", "unassign", "resplit"}
    return {"take_over"} if config.replier_takes_over else set()
