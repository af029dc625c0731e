"""A shop that is mirrored both ways, with the fields that a test wants."""

from collections.abc import Awaitable, Callable, Collection

import pytest

from crm_sync.mapping.model import FieldMap
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.two_way_shop import TwoWayShop, usual

OpenShop = Callable[[Collection[FieldMap]], Awaitable[TwoWayShop]]


@pytest.fixture
def open_shop(mongo: Mongo, clock: FixedClock) -> OpenShop:
    async def opened(fields: Collection[FieldMap]) -> TwoWayShop:
        shop = TwoWayShop(mongo, clock, fields)
        await shop.open()
        return shop

    return opened


@pytest.fixture
async def two_way(open_shop: OpenShop) -> TwoWayShop:
    """Phone, e-mail, note and tags go both ways, and the inbox wins."""
    return await open_shop(usual())
