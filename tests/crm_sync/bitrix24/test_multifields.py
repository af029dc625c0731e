"""Phones and e-mail addresses are rows: changed by their ids, never multiplied, others' left."""

import pytest

from crm_sync.connectors.errors import CrmUncertain
from crm_sync.connectors.model import Edit
from tests.crm_sync.bitrix24.bitrix24_harness import NAMES, Bitrix24Harness
from tests.crm_sync.bitrix24.portal_contacts import BOSS
from tests.crm_sync.contract import a_record, read
from tests.crm_sync.faults import DropAnswer

PHONE = NAMES.phone
OURS, THEIRS, NEWER = "+84912345678", "+84987654321", "+84933333333"


async def with_two_phones(harness: Bitrix24Harness) -> str:
    """Ours, and one that a person has added."""
    record_id = await a_record(harness, phone=OURS)
    await harness.edit(record_id, {PHONE: THEIRS})
    return record_id


async def test_portal_adds_a_number_that_is_sent_without_its_row(harness: Bitrix24Harness) -> None:
    """What the connector must not do; else the tests below prove nothing."""
    record_id = await a_record(harness, phone=OURS)
    row = {"typeId": "PHONE", "valueType": "WORK", "value": OURS}

    for _ in range(2):
        harness.portal.write(harness.item(record_id), {"fm": {"n0": row}}, BOSS)

    assert [value for _, value in harness.rows(record_id, PHONE)] == [OURS] * 3


async def test_number_is_changed_in_its_row_however_often(harness: Bitrix24Harness) -> None:
    record_id = await with_two_phones(harness)
    before = harness.rows(record_id, PHONE)

    for _ in range(3):
        await harness.connector.update(record_id, Edit({PHONE: NEWER}))

    assert harness.rows(record_id, PHONE) == [(before[0][0], NEWER), before[1]]
    assert (await read(harness, record_id, PHONE))[PHONE] == NEWER


@pytest.mark.parametrize("name", [NAMES.phone, NAMES.email])
async def test_clearing_deletes_the_first_row_and_leaves_the_others(
    harness: Bitrix24Harness, name: str
) -> None:
    first, second = (OURS, THEIRS) if name == PHONE else ("lan@shop.vn", "kho@shop.vn")
    record_id = await a_record(harness, **{name: first})
    await harness.edit(record_id, {name: second})

    await harness.connector.update(record_id, Edit({name: None}))

    assert [value for _, value in harness.rows(record_id, name)] == [second]


async def test_number_that_another_row_has_changes_places_with_the_first(
    harness: Bitrix24Harness,
) -> None:
    record_id = await with_two_phones(harness)

    await harness.connector.update(record_id, Edit({PHONE: THEIRS}))

    assert [value for _, value in harness.rows(record_id, PHONE)] == [THEIRS, OURS]


async def test_number_that_people_spell_otherwise_is_left_as_it_is(
    harness: Bitrix24Harness,
) -> None:
    record_id = await a_record(harness)
    await harness.edit(record_id, {PHONE: "0912.345.678"})

    await harness.connector.update(record_id, Edit({PHONE: OURS}))

    assert [value for _, value in harness.rows(record_id, PHONE)] == ["0912.345.678"]


async def test_number_whose_answer_was_lost_is_not_added_again(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)
    harness.proxy.will(DropAnswer(), on=b'"n0"')
    with pytest.raises(CrmUncertain):
        await harness.connector.update(record_id, Edit({PHONE: OURS}))

    await harness.connector.update(record_id, Edit({PHONE: OURS}))

    assert [value for _, value in harness.rows(record_id, PHONE)] == [OURS]


async def test_phone_and_email_are_added_in_one_call(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit({PHONE: OURS, NAMES.email: "lan@shop.vn"}))

    found = await read(harness, record_id, PHONE, NAMES.email)
    assert found == {PHONE: OURS, NAMES.email: "lan@shop.vn"}


async def test_other_kinds_of_rows_are_nobodys(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness, phone=OURS)
    site = {"typeId": "WEB", "valueType": "WORK", "value": "https://shop.vn"}
    harness.portal.write(harness.item(record_id), {"fm": {"n0": site}}, BOSS)

    await harness.connector.update(record_id, Edit({PHONE: None, NAMES.email: None}))

    assert [row["value"] for row in harness.item(record_id)["fm"]] == ["https://shop.vn"]
