"""What a page of the conversation list costs: it is read in order from an index."""

from dataclasses import replace
from typing import Any

import pytest

from inbox.conversations.reading.listing import (
    NEWEST_FIRST,
    Listing,
    conversation_query,
)
from inbox.conversations.visibility import visible
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.inbox.inbox_world import World, an_actor, minutes

MEMBER = an_actor("lan", "bot0", "bot1")
ADMIN = an_actor("boss", role="admin")
ONE_OF_EACH = replace(
    an_actor("lan", "bot0", "bot1", "bot2"),
    own_bot_ids=frozenset({"bot0"}),
    own_unassigned_bot_ids=frozenset({"bot1"}),
)


def _stages(plan: dict[str, Any]) -> set[str]:
    inner = [plan[key] for key in ("inputStage", "queryPlan") if key in plan]
    stages = {plan["stage"]} if "stage" in plan else set()
    return stages.union(*(_stages(one) for one in [*inner, *plan.get("inputStages", [])]))


@pytest.mark.parametrize(
    "actor",
    [MEMBER, ADMIN, ONE_OF_EACH],
    ids=["member of two bots", "admin", "sale who sees a part"],
)
@pytest.mark.parametrize(
    "listing",
    [
        Listing(),
        Listing(view="inbox"),
        Listing(view="spam"),
        Listing(bot_id="bot1"),
        Listing(view="mine"),
    ],
    ids=["all", "inbox", "spam", "one bot", "mine"],
)
async def test_a_page_is_read_in_order_from_an_index(
    mongo: Mongo, actor: Actor, listing: Listing
) -> None:
    world = World(mongo)
    for number in range(60):
        status = ["open", "closed", "spam"][number % 3]
        owner = actor.id if number % 4 == 0 else None
        await world.conversation(
            None, bot=f"bot{number % 4}", at=minutes(number), status=status, assignee_id=owner
        )
    query = {"$and": [conversation_query(listing, actor_id=actor.id), visible(actor)]}

    explained = await mongo["conversations"].find(query).sort(NEWEST_FIRST).limit(5).explain()

    stages = _stages(explained["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in stages
    assert "SORT" not in stages, explained["queryPlanner"]["winningPlan"]
    assert explained["executionStats"]["totalDocsExamined"] <= 30
