"""A new account of HubSpot for each test, behind a proxy."""

from collections.abc import AsyncIterator

import pytest

from tests.crm_sync.faults import fault_proxy
from tests.crm_sync.hubspot.hubspot_harness import HubSpotHarness
from tests.crm_sync.hubspot.server import FakeHubSpot, fake_hubspot


@pytest.fixture
async def hubspot() -> AsyncIterator[FakeHubSpot]:
    async with fake_hubspot() as server:
        yield server


@pytest.fixture
async def harness(hubspot: FakeHubSpot) -> AsyncIterator[HubSpotHarness]:
    async with fault_proxy(hubspot.url) as proxy:
        harness = HubSpotHarness(hubspot, proxy)
        yield harness
        await harness.close()
        assert not proxy.unused, "a fault that never happened proves nothing"
