"""A receiver for each test, behind a proxy that misbehaves."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from inbox.clock import FixedClock
from tests.crm_sync.faults import fault_proxy
from tests.crm_sync.webhook.crm_in_memory import Crm
from tests.crm_sync.webhook.receiver import Receiver
from tests.crm_sync.webhook.webhook_harness import KEY, NOON, WebhookHarness


@pytest.fixture
async def harness() -> AsyncIterator[WebhookHarness]:
    clock = FixedClock(NOON)
    receiver = Receiver(Crm(FixedClock(NOON)), clock, KEY)
    async with (
        TestServer(receiver.application) as server,
        fault_proxy(str(server.make_url(""))) as proxy,
    ):
        harness = WebhookHarness(receiver, proxy, clock)
        yield harness
        await harness.close()
        assert not proxy.unused, "a fault that never happened proves nothing"
