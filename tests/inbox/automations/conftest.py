"""A shop whose automation is told everything."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.inbox.automations.shop import Shop, a_shop


@pytest.fixture
async def shop(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[Shop]:
    async with a_shop(mongo, mongo_uri, tmp_path, clock) as made:
        yield made
