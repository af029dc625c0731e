"""The accounts in memory: sets that others hold on to follow what is stored."""

import pytest

from channels.accounts import AccountDirectory
from channels.store import IngestStore
from inbox.mongo.client import Mongo
from tests.ingest import connect_accounts


@pytest.mark.parametrize(
    ("field", "name"), [("split.enabled", "splitting"), ("script_triggers", "triggering")]
)
async def test_what_a_bot_does_with_messages_is_known_while_it_does_it(
    mongo: Mongo, field: str, name: str
) -> None:
    await connect_accounts(mongo)
    directory = AccountDirectory(IngestStore(mongo).connected_accounts)
    held: set[str] = getattr(directory, name)
    await directory.refresh()
    assert held == set()
    bots = set(directory.bots.values())

    for bot in (*bots, "without_account"):
        await mongo["bots"].update_one({"_id": bot}, {"$set": {field: True}}, upsert=True)
    await directory.refresh()
    assert held == bots

    await mongo["bots"].update_many({}, {"$set": {field: False}})
    await directory.refresh()
    assert held == set()
