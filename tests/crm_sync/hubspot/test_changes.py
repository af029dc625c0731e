"""Reading changes through searches that tell 10,000 hits, and are late."""

import pytest

from crm_sync.connectors.model import Place, RemoteRecord
from tests.crm_sync.contract import a_record
from tests.crm_sync.hubspot.hubspot_harness import NAMES, HubSpotHarness


async def _all(harness: HubSpotHarness, place: Place, limit: int) -> list[RemoteRecord]:
    told: list[RemoteRecord] = []
    while True:
        page = await harness.connector.changed_since(place, ["firstname"], limit=limit)
        told += page.records
        place = page.place
        if not page.more:
            return told


@pytest.mark.parametrize("moments", [1, 3], ids=["one moment", "three moments"])
async def test_more_changes_than_a_search_tells_are_all_told_once(
    harness: HubSpotHarness, moments: int
) -> None:
    portal, start = harness.portal, harness.portal.now
    made = []
    for _ in range(moments):
        portal.now += harness.hubspot.pace
        made += await harness.make_at_once(10_101 // moments)

    told = await _all(harness, Place(start), 199)

    assert [one.id for one in told] == made


async def test_change_that_searches_do_not_know_yet_is_told_to_who_looks_again(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness)
    start = Place(harness.portal.now - harness.hubspot.pace * 100)
    harness.portal.is_indexing = False
    await harness.edit(record_id, {"firstname": "sửa"})

    before = await _all(harness, start, 100)
    harness.portal.reindex()
    after = await _all(harness, start, 100)

    assert [one.values["firstname"] for one in (*before, *after)] == ["sửa", "sửa"]
    assert before[0].changed_at is not None
    assert after[0].changed_at is not None
    assert before[0].changed_at < after[0].changed_at


async def test_deleted_since_it_was_indexed_is_left_out(harness: HubSpotHarness) -> None:
    kept, gone = await a_record(harness), await a_record(harness)
    start = Place(harness.portal.now - harness.hubspot.pace * 100)
    row = harness.portal.index[int(gone)]
    harness.portal.archive(gone)
    harness.portal.index[int(gone)] = row

    assert [one.id for one in await _all(harness, start, 100)] == [kept]


async def test_long_list_of_fields_and_a_large_page_are_within_the_limits(
    harness: HubSpotHarness,
) -> None:
    start = Place(harness.portal.now)
    await harness.make_at_once(300)
    fields = [f"a_property_with_a_long_name_{number:03}" for number in range(150)]

    page = await harness.connector.changed_since(start, [*fields, NAMES.text], limit=1000)

    assert len(page.records) == 199
    assert page.more
