"""Properties: their kinds, the preset, owners, numbers, and texts that are too long."""

import pytest

from crm_sync.connectors.errors import InvalidValue, MappingBroken
from crm_sync.connectors.model import Asked, Edit
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.presets import default_fields
from tests.crm_sync.contract import a_record, read
from tests.crm_sync.hubspot.hubspot_harness import NAMES, HubSpotHarness
from tests.crm_sync.hubspot.server import READ_OWNERS

OWNER = "hubspot_owner_id"


def _hire(harness: HubSpotHarness, id_: str, email: str, *, left: bool = False) -> None:
    harness.portal.owners.append({"id": id_, "email": email, "type": "PERSON", "archived": left})


async def test_the_preset_fits(harness: HubSpotHarness) -> None:
    mapping = FieldMapping(fields=default_fields("hubspot"))

    assert check(mapping, await harness.connector.fields()).off == ()


async def test_properties_have_the_kinds_of_what_they_hold(harness: HubSpotHarness) -> None:
    fields = await harness.connector.fields()

    assert {name: one.kind for name, one in fields.items() if not one.read_only} == {
        "firstname": "text",
        "lastname": "text",
        "email": "email",
        "work_email": "email",
        "phone": "phone",
        "mobilephone": "phone",
        "birthday": "date",
        "annual_points": "number",
        OWNER: "user",
        NAMES.text: "text",
        NAMES.choice: "choice",
        NAMES.tags: "tags",
    }
    assert fields[NAMES.choice].choices == ("gold", "silver")


async def test_owner_is_found_by_email_and_told_by_it(harness: HubSpotHarness) -> None:
    _hire(harness, "31", "mai@shop.vn")
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit({OWNER: "Mai@Shop.vn"}))
    assert harness.portal.contact(record_id).properties[OWNER] == "31"
    assert (await read(harness, record_id, OWNER))[OWNER] == "mai@shop.vn"

    await harness.connector.update(record_id, Edit({OWNER: None}))
    assert (await read(harness, record_id, OWNER))[OWNER] is None


async def test_owner_who_has_left_is_told_but_gets_nothing(harness: HubSpotHarness) -> None:
    for number in range(501):
        _hire(harness, str(1000 + number), f"{number}@shop.vn")
    _hire(harness, "31", "mai@shop.vn", left=True)
    record_id = await a_record(harness)
    harness.portal.person_writes(record_id, {OWNER: "31"})

    assert (await read(harness, record_id, OWNER))[OWNER] == "mai@shop.vn"
    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({OWNER: "mai@shop.vn"}))

    assert refused.value.fields == {OWNER}
    harness.portal.person_writes(record_id, {OWNER: "1500"})
    assert (await read(harness, record_id, OWNER))[OWNER] == "500@shop.vn"


async def test_owners_that_we_may_not_see_switch_off_their_field(harness: HubSpotHarness) -> None:
    harness.hubspot.scopes.remove(READ_OWNERS)
    record_id = await a_record(harness)

    with pytest.raises(MappingBroken) as refused:
        await harness.connector.update(record_id, Edit({OWNER: "mai@shop.vn"}))

    assert refused.value.fields == {OWNER}


@pytest.mark.parametrize("number", ["0", "-3", "12.5", "15000000", "0.1"])
async def test_number_comes_back_as_it_was(harness: HubSpotHarness, number: str) -> None:
    record_id = await a_record(harness, annual_points=number, birthday="1987-11-22")

    found = await read(harness, record_id, "annual_points", "birthday")

    assert found == {"annual_points": number, "birthday": "1987-11-22"}


async def test_large_number_is_told_without_an_exponent(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    harness.portal.person_writes(record_id, {"annual_points": "1.5E7"})

    assert (await read(harness, record_id, "annual_points"))["annual_points"] == "15000000"


@pytest.mark.parametrize(
    ("name", "value"),
    [("annual_points", "đỏ"), ("email", "không phải email"), ("birthday", "hôm qua")],
)
async def test_value_that_is_no_such_thing_names_its_field(
    harness: HubSpotHarness, name: str, value: str
) -> None:
    record_id = await a_record(harness)

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({name: value}))

    assert refused.value.fields == {name}
    assert value not in str(refused.value)
    assert refused.value.reference is not None


async def test_text_of_65536_characters_is_taken_and_a_longer_one_names_its_field(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness, **{NAMES.text: "đ" * 65_536})

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({NAMES.text: "đ" * 65_537}))

    assert refused.value.fields == {NAMES.text}
    assert (await read(harness, record_id, NAMES.text))[NAMES.text] == "đ" * 65_536


async def test_email_is_found_at_once_though_searches_are_late(harness: HubSpotHarness) -> None:
    harness.portal.is_indexing = False
    phone = harness.new_phone()
    record_id = await a_record(harness, email="lan@shop.vn", phone=phone)

    by_email = await harness.connector.find(Asked(emails=("lan@shop.vn",)), ())
    by_phone = await harness.connector.find(Asked(phones=(phone,)), ())
    harness.portal.reindex()
    later = await harness.connector.find(Asked(phones=(phone,)), ())

    assert [one.id for one in by_email] == [record_id]
    assert [one.id for one in by_phone] == []
    assert [one.id for one in later] == [record_id]


async def test_second_address_of_a_contact_finds_it_too(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness, email="lan@shop.vn")
    more = {"hs_additional_emails": "lan.cu@shop.vn;l@shop.vn"}
    harness.portal.person_writes(record_id, more)

    found = await harness.connector.find(Asked(emails=("lan.cu@shop.vn",)), ())

    assert [one.id for one in found] == [record_id]


async def test_several_phones_are_looked_for_within_the_limits_of_a_search(
    harness: HubSpotHarness,
) -> None:
    phones = [harness.new_phone() for _ in range(4)]
    made = [await a_record(harness, mobilephone=one) for one in phones]

    found = await harness.connector.find(Asked(phones=tuple(phones)), ["firstname"])

    assert [one.id for one in found] == sorted(made, key=int)
