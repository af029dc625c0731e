"""The query of reads and the rule of the live feed agree on who sees what."""

import pytest

from inbox.conversations.visibility import may_see, visible
from inbox.mongo.client import Mongo
from inbox.staff.model import ROLES, Actor, Role


@pytest.mark.parametrize("role", ROLES)
async def test_a_read_finds_what_the_live_feed_would_show(mongo: Mongo, role: Role) -> None:
    """S0.09: every member of the bot sees its conversations, nobody else but admins does."""
    actor = Actor(id="me", name="Tôi", role=role, bot_ids=frozenset({"b1", "b2"}))
    conversations = [
        {"_id": f"{bot_id}-{assignee_id}", "bot_id": bot_id, "assignee_id": assignee_id}
        for bot_id in ("b1", "b2", "b3")
        for assignee_id in ("me", "you", None)
    ]
    await mongo["conversations"].insert_many(conversations)

    found = {one["_id"] async for one in mongo["conversations"].find(visible(actor))}

    shown = {
        str(one["_id"])
        for one in conversations
        if may_see(
            actor,
            bot_id=str(one["bot_id"]),
            assignee_id=one["assignee_id"],
            participant_ids=[],
        )
    }
    assert found == shown
    assert ("b3-me" in found) == (role in {"owner", "admin"})
    assert {"b1-you", "b2-None"} < found


async def test_who_is_in_no_bot_sees_nothing(mongo: Mongo) -> None:
    await mongo["conversations"].insert_one({"_id": "c1", "bot_id": "b1", "assignee_id": "me"})
    nobody = Actor(id="me", name="Tôi", role="sale")
    assert await mongo["conversations"].find_one(visible(nobody)) is None
