"""Tags as the options of a property of checkboxes, which only HubSpot's administrators own."""

import copy

import pytest

from crm_sync.connectors.errors import InvalidValue, MappingBroken
from crm_sync.connectors.model import Edit
from tests.crm_sync.contract import a_record, read
from tests.crm_sync.hubspot.hubspot_harness import NAMES, HubSpotHarness
from tests.crm_sync.hubspot.properties import option
from tests.crm_sync.hubspot.server import WRITE_SCHEMAS

TAGS = NAMES.tags


async def _tags(harness: HubSpotHarness, record_id: str) -> object:
    return (await read(harness, record_id, TAGS))[TAGS]


async def test_values_are_joined_and_options_are_made_once(harness: HubSpotHarness) -> None:
    first, second = await a_record(harness), await a_record(harness)

    await harness.connector.update(first, Edit(add_tags={TAGS: ("Nóng", "Mới")}))
    await harness.connector.update(second, Edit(add_tags={TAGS: ("Mới",)}))

    assert harness.portal.contact(first).properties[TAGS] == "Nóng;Mới"
    labels = [one["label"] for one in harness.portal.properties[TAGS]["options"]]
    assert labels == ["Nóng", "Mới"]


async def test_options_of_others_stay_as_they_are(harness: HubSpotHarness) -> None:
    theirs = {**option("Cũ", "old"), "hidden": True, "displayOrder": 7, "description": "x"}
    harness.portal.properties[TAGS]["options"].append(copy.deepcopy(theirs))
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit(add_tags={TAGS: ("Mới",)}))

    assert harness.portal.properties[TAGS]["options"][0] == theirs


@pytest.mark.parametrize("tag", ["nóng; gấp", "x" * 61, "đ" * 200, "; ;"])
async def test_odd_name_of_a_tag_comes_back_as_it_was(harness: HubSpotHarness, tag: str) -> None:
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit(add_tags={TAGS: (tag, "VIP")}))
    assert await _tags(harness, record_id) == (tag, "VIP")

    await harness.connector.update(record_id, Edit(remove_tags={TAGS: (tag,)}))
    assert await _tags(harness, record_id) == ("VIP",)


async def test_tag_that_differs_in_case_is_the_one_that_is_there(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    await harness.tag(record_id, "VIP")

    await harness.connector.update(record_id, Edit(add_tags={TAGS: (" vip ",)}))

    assert await _tags(harness, record_id) == ("VIP",)


async def test_without_the_right_to_make_options_those_that_are_there_are_used(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness)
    harness.portal.properties[TAGS]["options"].append(option("VIP", "vip"))
    harness.hubspot.scopes.remove(WRITE_SCHEMAS)

    await harness.connector.update(record_id, Edit(add_tags={TAGS: ("VIP",)}))
    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit(add_tags={TAGS: ("Mới",)}))

    assert refused.value.fields == {TAGS}
    assert await _tags(harness, record_id) == ("VIP",)


async def test_property_whose_options_are_hubspots_own_gets_no_new_ones(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness)
    harness.portal.properties[TAGS]["modificationMetadata"]["readOnlyDefinition"] = True

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit(add_tags={TAGS: ("Mới",)}))

    assert refused.value.fields == {TAGS}


async def test_option_that_another_list_has_overwritten_is_made_again(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness)
    harness.hubspot.overwritten_options = 2

    await harness.connector.update(record_id, Edit(add_tags={TAGS: ("Mới",)}))

    assert await _tags(harness, record_id) == ("Mới",)


async def test_option_that_was_deleted_does_not_hold_up_the_others(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    await harness.connector.update(record_id, Edit(add_tags={TAGS: ("Cũ", "VIP")}))
    del harness.portal.properties[TAGS]["options"][0]

    await harness.connector.update(record_id, Edit(add_tags={TAGS: ("Mới",)}))

    assert await _tags(harness, record_id) == ("VIP", "Mới")


async def test_property_that_was_deleted_is_named(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)
    await harness.connector.fields()
    del harness.portal.properties[TAGS]

    with pytest.raises(MappingBroken) as refused:
        await harness.connector.update(record_id, Edit(add_tags={TAGS: ("Mới",)}))

    assert refused.value.fields == {TAGS}
