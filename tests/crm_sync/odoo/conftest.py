"""One Odoo 11 for all tests of a session; each test has its own connection through a proxy."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.crm_sync.faults import fault_proxy
from tests.crm_sync.odoo.odoo_harness import OdooHarness, admin_of, set_up
from tests.crm_sync.odoo.preparing import prepared
from tests.crm_sync.odoo.server import OdooServer, odoo_server


@pytest.fixture(scope="session")
def odoo() -> Iterator[OdooServer]:
    found = prepared()
    if found is None:
        pytest.fail("the test CRM is not there: run scripts/odoo.py prepare, as make test does")
    with odoo_server(found) as server:
        asyncio.run(_set_up(server.url))
        yield server


async def _set_up(url: str) -> None:
    admin = admin_of(url)
    await set_up(admin)
    await admin.close()


@pytest.fixture
async def harness(odoo: OdooServer) -> AsyncIterator[OdooHarness]:
    async with fault_proxy(odoo.url) as proxy:
        harness = OdooHarness(odoo.url, proxy)
        yield harness
        await harness.close()
        assert not proxy.unused, "a fault that never happened proves nothing"
