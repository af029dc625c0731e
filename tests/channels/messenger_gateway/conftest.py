"""The gateway for every test of this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.channels.messenger_gateway.gateway_world import GatewayWorld, gateway_world


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with gateway_world(mongo, clock, tmp_path) as running:
        yield running
