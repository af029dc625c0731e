"""kill -9 while a server starts on an empty database: the next start finds its way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from inbox.mongo.client import Mongo
from inbox.mongo.indexes import INDEXES
from inbox.mongo.migrations import pending
from tests.crash.fleet import Fleet
from tests.crash.server import KillPoint, Start

pytestmark = pytest.mark.crash

_LEASES_HAVE_ENDED = timedelta(seconds=30)


@pytest.mark.parametrize("number", [1, 2, 4, 8, 16, 24, 32])
async def test_a_kill_while_migrating_leaves_a_database_that_the_next_start_completes(
    mongo: Mongo, servers: Fleet, start: Start, number: int
) -> None:
    await mongo.client.drop_database(mongo.db.name)
    kill = KillPoint("after", number, from_start=True)

    with pytest.raises(EOFError):
        await servers.start(replace(start, kill=kill))
    await servers.start(replace(start, ahead=_LEASES_HAVE_ENDED))

    assert await pending(mongo) == []
    for collection in {index.collection for index in INDEXES}:
        wanted = {one.model().document["name"] for one in INDEXES if one.collection == collection}
        assert wanted <= (await mongo[collection].index_information()).keys()
