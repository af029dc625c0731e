"""The query of reads and the rule of the live feed agree on who sees what."""

from itertools import product
from typing import Any

import pytest

from inbox.conversations.visibility import may_see, people_of, visible
from inbox.mongo.client import Mongo
from inbox.staff.model import ROLES, Actor, Role, Sight

STATES = ("off", "pending", "waiting", "assigned", "claimable", "manual")


def an_actor(role: Role, sight: Sight = "all") -> Actor:
    """A member of b1, which shows its sales that much, and of b2, which shows them all."""
    narrowed = frozenset({"b1"})
    return Actor(
        id="me",
        name="Tôi",
        role=role,
        bot_ids=frozenset({"b1", "b2"}),
        own_bot_ids=narrowed if sight == "own" else frozenset(),
        own_unassigned_bot_ids=narrowed if sight == "own_unassigned" else frozenset(),
    )


def conversations() -> list[dict[str, Any]]:
    """Every mixture of bot, assignee, participant and state."""
    found: list[dict[str, Any]] = []
    for bot, assignee, participant, state in product(
        ("b1", "b2", "b3"), ("me", "you", None), ("me", "you", None), STATES
    ):
        one: dict[str, Any] = {
            "_id": f"{bot}-{assignee}-{participant}-{state}",
            "bot_id": bot,
            "participant_ids": [who for who in (assignee, participant) if who],
            "split": {"state": state},
        }
        if assignee is not None:
            one["assignee_id"] = assignee
        found.append(one)
    return found


@pytest.mark.parametrize("sight", ["own", "own_unassigned", "all"])
@pytest.mark.parametrize("role", ROLES)
async def test_a_read_finds_what_the_live_feed_would_show(
    mongo: Mongo, role: Role, sight: Sight
) -> None:
    """S0.09, X.SPL.16: the query and the rule are one, whatever a bot shows its people."""
    actor, stored = an_actor(role, sight), conversations()
    await mongo["conversations"].insert_many(stored)

    found = {one["_id"] async for one in mongo["conversations"].find(visible(actor))}

    shown = {one["_id"] for one in stored if may_see(actor, one["bot_id"], people_of(one))}
    assert found == shown
    assert ("b3-me-None-off" in found) == (role in {"owner", "admin"})
    assert {one["_id"] for one in stored if one["bot_id"] == "b2"} <= found


@pytest.mark.parametrize(
    ("sight", "seen", "unseen"),
    [
        pytest.param(
            "own",
            {"me-me-assigned", "you-me-assigned", "None-me-manual", "None-None-claimable"},
            {
                "you-None-assigned",
                "None-None-waiting",
                "None-None-manual",
                "None-None-off",
                "None-None-pending",
            },
            id="own",
        ),
        pytest.param(
            "own_unassigned",
            {
                "me-me-assigned",
                "you-me-assigned",
                "None-None-claimable",
                "None-None-waiting",
                "None-None-manual",
                "None-None-off",
            },
            {"you-None-assigned", "None-None-pending"},
            id="own and unassigned",
        ),
        pytest.param(
            "all", {"you-None-assigned", "None-None-waiting", "None-None-pending"}, set(), id="all"
        ),
    ],
)
def test_a_sale_sees_what_the_bot_shows_its_sales(
    sight: Sight, seen: set[str], unseen: set[str]
) -> None:
    """X.SPL.16: own only, own and unassigned, all."""
    sale = an_actor("sale", sight)
    shown = {
        one["_id"].removeprefix("b1-")
        for one in conversations()
        if one["bot_id"] == "b1" and may_see(sale, "b1", people_of(one))
    }

    assert seen <= shown
    assert not shown & unseen


async def test_who_is_in_no_bot_sees_nothing(mongo: Mongo) -> None:
    await mongo["conversations"].insert_one({"_id": "c1", "bot_id": "b1", "assignee_id": "me"})
    nobody = Actor(id="me", name="Tôi", role="sale")
    assert await mongo["conversations"].find_one(visible(nobody)) is None
