"""What else is Bitrix24's own: emptied lists, options, salespeople, pages, times, spellings."""

from datetime import timedelta

import pytest

from crm_sync.connectors.bitrix24.finding import dialled
from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.model import Asked, Edit, Place
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.presets import default_fields
from tests.crm_sync.bitrix24.bitrix24_harness import (
    LABELS,
    NAMES,
    POINTS,
    Bitrix24Harness,
)
from tests.crm_sync.bitrix24.portal_contacts import PAGE
from tests.crm_sync.contract import a_record, named, read

TAGS = NAMES.tags


async def test_default_mapping_is_of_fields_that_are_there(harness: Bitrix24Harness) -> None:
    mapping = FieldMapping(fields=default_fields("bitrix24"))

    checked = check(mapping, await harness.connector.fields())

    assert not checked.off
    assert len(checked.pairs) == 5


async def test_last_tag_that_goes_leaves_none(harness: Bitrix24Harness) -> None:
    """`crm.item.update` says that the list is empty, and keeps it."""
    record_id = await a_record(harness)
    await harness.connector.update(record_id, Edit(add_tags={TAGS: ("VIP",)}))
    harness.portal.update({"id": record_id, "fields": {TAGS: []}})
    assert harness.item(record_id)[TAGS], "the portal keeps it"

    await harness.connector.update(record_id, Edit(remove_tags={TAGS: ("VIP",)}))

    assert (await read(harness, record_id, TAGS))[TAGS] == ()


async def test_tags_may_be_texts_instead_of_options(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit(add_tags={LABELS: ("Nóng", "Mới")}))
    await harness.connector.update(
        record_id, Edit(add_tags={LABELS: ("Nóng", "VIP")}, remove_tags={LABELS: ("Mới",)})
    )

    assert (await read(harness, record_id, LABELS))[LABELS] == ("Nóng", "VIP")


async def test_tag_that_only_an_administrator_could_add_names_its_field(
    harness: Bitrix24Harness,
) -> None:
    harness.portal.is_admin = False
    record_id = await a_record(harness, comments="trước")

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(
            record_id, Edit({NAMES.text: "sau"}, add_tags={TAGS: ("Mới",)})
        )

    assert refused.value.fields == {TAGS}
    assert (await read(harness, record_id, NAMES.text))[NAMES.text] == "trước"


async def test_tags_that_change_nothing_are_not_written(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)
    await harness.connector.update(record_id, Edit(add_tags={TAGS: ("VIP",)}))
    harness.portal.calls.clear()

    await harness.connector.update(
        record_id, Edit(add_tags={TAGS: ("VIP",)}, remove_tags={TAGS: ("không có",)})
    )

    assert "crm.item.update" not in harness.portal.calls
    assert "crm.contact.userfield.update" not in harness.portal.calls


async def test_salesperson_is_found_by_address_and_told_by_it(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit({"assignedById": "LAN@shop.vn"}))

    assert harness.item(record_id)["assignedById"] == 1
    assert await read(harness, record_id, "assignedById") == {"assignedById": "lan@shop.vn"}


@pytest.mark.parametrize("email", ["ai.do@shop.vn", "%", "%shop.vn", "nghi-viec@shop.vn", None])
async def test_person_without_a_user_is_no_salesperson(
    harness: Bitrix24Harness, email: str | None
) -> None:
    record_id = await a_record(harness)

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({"assignedById": email}))

    assert refused.value.fields == {"assignedById"}


async def test_webhook_that_may_not_read_users_still_syncs_the_rest(
    harness: Bitrix24Harness,
) -> None:
    record_id = await a_record(harness, comments="còn")
    harness.server.forbidden = frozenset({"user.get"})

    assert await read(harness, record_id, "assignedById", NAMES.text) == {NAMES.text: "còn"}
    with pytest.raises(InvalidValue):
        await harness.connector.update(record_id, Edit({"assignedById": "lan@shop.vn"}))


@pytest.mark.parametrize("number", ["0", "-3", "12.5", "15000000", "0.1"])
async def test_number_comes_back_as_it_was(harness: Bitrix24Harness, number: str) -> None:
    record_id = await a_record(harness, **{POINTS: number})

    assert await read(harness, record_id, POINTS) == {POINTS: number}


async def test_number_that_is_none_names_its_field(harness: Bitrix24Harness) -> None:
    with pytest.raises(InvalidValue) as refused:
        await harness.connector.create("c1", named(harness, "c1", **{POINTS: "nhiều"}))

    assert refused.value.fields == {POINTS}


async def test_date_is_told_as_a_day_though_bitrix24_gives_it_a_time(
    harness: Bitrix24Harness,
) -> None:
    record_id = await a_record(harness)
    harness.item(record_id)["birthdate"] = "2000-01-01T03:00:00+03:00"

    assert await read(harness, record_id, "birthdate") == {"birthdate": "2000-01-01"}


async def test_field_removed_while_we_write_is_told_as_dropped(harness: Bitrix24Harness) -> None:
    record_id = await a_record(harness, **{POINTS: "1"})
    harness.portal.user_fields = [one for one in harness.portal.user_fields if one.name != POINTS]
    for item in harness.portal.items.values():
        item.pop(POINTS)

    written = await harness.connector.update(record_id, Edit({POINTS: "2", NAMES.text: "giữ"}))

    assert written.dropped == (POINTS,)
    assert POINTS not in await harness.connector.fields()


async def test_option_added_by_an_administrator_is_taken_without_a_restart(
    harness: Bitrix24Harness,
) -> None:
    record_id = await a_record(harness, ufCrmLoyalty="Vàng")
    harness.portal.user_fields[0].options[46] = "Đồng"

    await harness.connector.update(record_id, Edit({NAMES.choice: "Đồng"}))

    assert await read(harness, record_id, NAMES.choice) == {NAMES.choice: "Đồng"}


async def test_more_than_a_page_of_one_second_is_told_once_each(harness: Bitrix24Harness) -> None:
    made = await harness.make_at_once(2 * PAGE + 5)
    at = (await harness.connector.get(made[0], ())).changed_at
    assert at is not None
    told: list[str] = []
    place, more = Place(at), True

    while more:
        page = await harness.connector.changed_since(place, ())
        told += [one.id for one in page.records]
        place, more = page.place, page.more

    assert told == made


async def test_change_before_the_place_is_not_told(harness: Bitrix24Harness) -> None:
    early = await a_record(harness)
    harness.portal.clock.now += timedelta(minutes=5)
    late = await a_record(harness)
    at = (await harness.connector.get(late, ())).changed_at
    assert at is not None

    page = await harness.connector.changed_since(Place(at), [NAMES.name])

    assert early not in [one.id for one in page.records]
    assert [one.id for one in page.records] == [late]


async def test_many_numbers_are_looked_for_in_parts(harness: Bitrix24Harness) -> None:
    numbers = [f"+8491234{n:04}" for n in range(25)]
    made = await a_record(harness, phone=numbers[-1])

    found = await harness.connector.find(Asked(phones=tuple(numbers)), ())

    assert [one.id for one in found] == [made]
    assert harness.portal.calls.count("crm.duplicate.findbycomm") == 3


@pytest.mark.parametrize(
    ("phone", "spelled"),
    [
        ("+84912345678", ["+84912345678", "0912345678"]),
        ("+12025550123", ["+12025550123", "2025550123"]),
    ],
)
def test_number_is_asked_for_as_it_is_dialled(phone: str, spelled: list[str]) -> None:
    assert dialled(phone) == spelled
