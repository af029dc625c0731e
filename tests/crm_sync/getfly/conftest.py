"""A simulated Getfly for each test, and a connection to it through a proxy that misbehaves."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from app.demo.getfly.crm import SimulatedGetfly
from inbox.clock import FixedClock
from tests.crm_sync.faults import fault_proxy
from tests.crm_sync.getfly.getfly_harness import GetflyHarness, set_up


@pytest.fixture
def getfly(clock: FixedClock) -> SimulatedGetfly:
    crm = SimulatedGetfly(clock)
    set_up(crm)
    return crm


@pytest.fixture
async def harness(getfly: SimulatedGetfly) -> AsyncIterator[GetflyHarness]:
    async with (
        TestServer(getfly.application) as server,
        fault_proxy(str(server.make_url(""))) as proxy,
    ):
        harness = GetflyHarness(getfly, proxy)
        yield harness
        await harness.close()
        assert not proxy.unused, "a fault that never happened proves nothing"
