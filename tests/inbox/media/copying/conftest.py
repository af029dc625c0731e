"""A world with a simulated platform that serves media."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.copy_world import CopyWorld


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> AsyncIterator[CopyWorld]:
    world = CopyWorld(mongo, clock, tmp_path / "media")
    await world.start()
    yield world
    await world.stop()
