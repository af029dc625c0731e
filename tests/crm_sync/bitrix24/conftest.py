"""A portal of its own for each test, behind a proxy that can misbehave."""

from collections.abc import AsyncIterator

import pytest

from tests.crm_sync.bitrix24.bitrix24_harness import Bitrix24Harness, a_portal
from tests.crm_sync.bitrix24.portal_server import portal_server
from tests.crm_sync.faults import fault_proxy


@pytest.fixture
async def harness() -> AsyncIterator[Bitrix24Harness]:
    async with portal_server(a_portal()) as server, fault_proxy(server.url) as proxy:
        harness = Bitrix24Harness(server, proxy)
        yield harness
        await harness.close()
        assert not proxy.unused, "a fault that never happened proves nothing"
