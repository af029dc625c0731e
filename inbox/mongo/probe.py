"""Looks at the database itself: can it be written, do the clocks agree, what is it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pymongo

from inbox.mongo.client import Mongo

LARGEST_SKEW = timedelta(seconds=2)
"""Leases compare times of different machines; beyond this they are not to be trusted."""


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Cut every operation inside when the time is over."""
    with pymongo.timeout(seconds):
        yield


async def can_write(mongo: Mongo, now: datetime) -> bool:
    """Write one small document, durably; raises what the driver raises when it cannot."""
    result = await mongo["service_marks"].update_one(
        {"_id": "ready"}, {"$max": {"at": now}}, upsert=True
    )
    return result.acknowledged


async def clock_skew(mongo: Mongo, now: datetime) -> timedelta:
    """How far this machine's clock is ahead of the server's; leases assume little."""
    hello = await mongo.db.command("hello", codec_options=mongo.db.codec_options)
    server: datetime = hello["localTime"]
    return now - server


async def server_version(mongo: Mongo) -> str:
    """Version of the server, such as "6.0.5"."""
    info = await mongo.client.server_info()
    return str(info["version"])
