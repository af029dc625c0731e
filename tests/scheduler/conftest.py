"""A shop with timed scripts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.scheduler.script_world import ScriptWorld, script_world


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> AsyncIterator[ScriptWorld]:
    async with script_world(mongo, clock, tmp_path) as opened:
        yield opened
