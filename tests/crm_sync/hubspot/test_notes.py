"""Notes: the mark that is not shown, and finding it among many."""

import pytest

from crm_sync.connectors.errors import InvalidValue
from tests.crm_sync.contract import NOON, a_record
from tests.crm_sync.hubspot.hubspot_harness import HubSpotHarness


async def test_note_has_its_own_time_runs_no_script_and_shows_no_mark(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness)

    note = await harness.connector.note(record_id, "n1", "<script>x</script>\nhai", NOON)

    kept = harness.portal.notes[int(note)].properties
    assert kept["hs_timestamp"] == "2026-11-22T05:00:00.000Z"
    assert "&lt;script&gt;x" in kept["hs_note_body"]
    assert await harness.notes(record_id) == ["<script>x</script>\nhai"]


async def test_note_is_found_again_among_more_than_a_page_of_them(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    for number in range(1100):
        made = harness.portal.write_note(None, {"hs_timestamp": "0", "hs_note_body": str(number)})
        harness.portal.notes_of.setdefault(int(record_id), []).append(made.id)
    note = await harness.connector.note(record_id, "n1", "bản nháp", NOON)

    again = await harness.connector.note(record_id, "n1", "bản cuối", NOON)

    assert again == note
    assert (await harness.notes(record_id))[-1] == "bản cuối"
    assert len(await harness.notes(record_id)) == 1101


async def test_note_that_people_deleted_is_made_again(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    note = await harness.connector.note(record_id, "n1", "một", NOON)
    del harness.portal.notes[int(note)]

    again = await harness.connector.note(record_id, "n1", "hai", NOON)

    assert again != note
    assert harness.portal.notes.keys() == {int(again)}


async def test_two_inboxes_leave_each_others_notes_alone(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)

    await harness.connector.note(record_id, "n1", "của ta", NOON)
    await harness.connect(instance="another inbox").note(record_id, "n1", "của họ", NOON)

    assert await harness.notes(record_id) == ["của ta", "của họ"]


@pytest.mark.parametrize("text", ["đ" * 65_536, "<" * 20_000], ids=["long", "long as HTML"])
async def test_note_that_is_too_long_is_refused_whole(harness: HubSpotHarness, text: str) -> None:
    record_id = await a_record(harness)

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.note(record_id, "n1", text, NOON)

    assert refused.value.fields == {"hs_note_body"}
    assert await harness.notes(record_id) == []
