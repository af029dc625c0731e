"""A process of its own that brings moves to their end, one conversation at a time, and says so.

Arguments: MongoDB URI, database. It waits for a line before each batch, so that a test can kill
it between any two, and answers with the number of conversations that have followed.
"""

import asyncio
import sys
from datetime import UTC, datetime

from inbox.bots.moving.store import MovingStore
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


async def main(uri: str, database: str) -> None:
    mongo = Mongo.connect(uri, database)
    store = MovingStore(mongo, FixedClock(NOON), batch=1)
    [claimed] = await store.due.claim(1)
    while True:
        await asyncio.to_thread(sys.stdin.readline)
        moved = await store.step(claimed)
        sys.stdout.write(f"{moved}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
