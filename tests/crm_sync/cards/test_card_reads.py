"""The live record on the card: in time, too late, not answered, the rate used up."""

import asyncio
from collections.abc import Collection

import pytest
from structlog.testing import capture_logs

from crm_sync.connections.pacing import Line, NotYet
from crm_sync.connectors.errors import CrmAway
from crm_sync.connectors.model import RemoteRecord
from inbox.clock import FixedClock
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from tests.crm_sync.fake_crm import FakeCrm
from tests.crm_sync.wired_shop import CRM, PHONE, WiredShop


class SlowCrm(FakeCrm):
    """Answers no question about a record before it is told to."""

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        await asyncio.Event().wait()
        raise AssertionError("never answered")


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> WiredShop:
    shop = WiredShop(mongo, clock)
    await shop.open()
    return shop


async def test_crm_that_answers_too_late_leaves_what_is_known(shop: WiredShop) -> None:
    """S0.07: the card says so, and the sidebar is not kept waiting."""
    id_ = await shop.linked(phones=[PHONE])
    slow = SlowCrm(shop.clock, records=shop.crm.records)
    there = shop.process(shop.customers, slow).mirrors[CRM]

    async with asyncio.timeout(1):
        card = await there.card(await shop.document(id_))

    assert (card.state, card.id, card.phone) == ("synced", "1", None)
    assert card.reason is not None
    assert card.reason.code == "crm_silent"
    assert card.url == "https://crm.example/1"


async def test_crm_that_is_away_leaves_what_is_known(shop: WiredShop) -> None:
    id_ = await shop.linked("Trần Thị Hoa", phones=[PHONE])
    shop.crm.down = CrmAway(f"no answer about {PHONE}")

    with capture_logs() as logs:
        card = await shop.mirror.card(await shop.document(id_))

    assert (card.state, card.id, card.name) == ("synced", "1", None)
    assert card.reason is not None
    assert card.reason.code == "crm_silent"
    assert [one["why"] for one in logs] == ["CrmAway"]
    assert not {PHONE, "Hoa"} & {str(value) for one in logs for value in one.values()}
    assert PHONE not in repr(logs)


async def test_connection_that_rests_is_not_asked(shop: WiredShop) -> None:
    id_ = await shop.linked(phones=[PHONE])
    for _ in range(5):
        await shop.app.connections.note(CRM, ok=False)
    calls = shop.crm.calls

    card = await shop.mirror.card(await shop.document(id_))

    assert shop.crm.calls == calls
    assert (card.state, card.id) == ("synced", "1")


async def test_rate_that_is_used_up_shows_the_card_without_the_record(
    mongo: Mongo, clock: FixedClock
) -> None:
    shop = WiredShop(mongo, clock)
    await shop.open()
    id_ = await shop.linked(phones=[PHONE])
    document = await shop.document(id_)
    shop.mirror.line = Line(CRM, shop.crm, Buckets(mongo, clock), 0.05)

    first, second = [await shop.mirror.card(document) for _ in range(2)]

    assert first.phone == PHONE
    assert second.phone is None
    assert second.reason is not None
    assert second.reason.code == "crm_silent"


async def test_workers_who_use_up_their_rate_leave_people_theirs(
    mongo: Mongo, clock: FixedClock
) -> None:
    shop = WiredShop(mongo, clock)
    await shop.open()
    id_ = await shop.linked(phones=[PHONE])
    shop.mirror.line = Line(CRM, shop.crm, Buckets(mongo, clock), 0.05)
    await shop.mirror.line.workers.check()
    with pytest.raises(NotYet):
        await shop.mirror.line.workers.check()

    card = await shop.mirror.card(await shop.document(id_))

    assert card.phone == PHONE
