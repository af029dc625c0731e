"""New contacts: our own unique property, and people's contacts with the same e-mail address."""

import orjson
import pytest

from crm_sync.connectors.errors import AuthRefused, InvalidValue, MappingBroken, RecordGone
from crm_sync.connectors.hubspot.metadata import KEY
from crm_sync.connectors.model import Asked, Edit
from tests.crm_sync.contract import NOON, a_record, named, read
from tests.crm_sync.faults import Refuse
from tests.crm_sync.hubspot.hubspot_harness import NAMES, HubSpotHarness
from tests.crm_sync.hubspot.properties import made
from tests.crm_sync.hubspot.refusals import taken
from tests.crm_sync.hubspot.server import WRITE, WRITE_SCHEMAS

LAN = "lan@shop.vn"


@pytest.mark.parametrize("in_part", [False, True], ids=["409", "207"])
async def test_contact_that_people_made_with_the_same_email_becomes_the_customers(
    harness: HubSpotHarness, in_part: bool
) -> None:
    harness.hubspot.tells_conflicts_apart = in_part
    theirs = harness.portal.make_contact({"firstname": "Chị Lan", "email": LAN, "lastname": "Ng."})
    edit = Edit({"firstname": "lan_1987", "email": LAN.upper(), NAMES.text: "hỏi giá"})

    written = await harness.connector.create("c1", edit)

    assert written.record_id == str(theirs.id)
    assert len(harness.portal.contacts) == 1
    found = (await harness.connector.find(Asked("c1"), ["firstname", "lastname", NAMES.text]))[0]
    assert found.values == {"firstname": "Chị Lan", "lastname": "Ng.", NAMES.text: "hỏi giá"}


async def test_tags_that_people_gave_such_a_contact_stay(harness: HubSpotHarness) -> None:
    theirs = harness.portal.make_contact({"email": LAN})
    await harness.tag(str(theirs.id), "Của sale")

    await harness.connector.create("c1", Edit({"email": LAN}, add_tags={NAMES.tags: ("Mới",)}))

    assert (await read(harness, str(theirs.id), NAMES.tags))[NAMES.tags] == ("Của sale", "Mới")


async def test_email_of_another_customer_takes_nothing_from_him(harness: HubSpotHarness) -> None:
    first = await harness.connector.create("c1", Edit({"email": LAN, NAMES.text: "của c1"}))

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.create("c2", Edit({"email": LAN, NAMES.text: "của c2"}))

    assert refused.value.fields == {"email"}
    assert (await read(harness, first.record_id, NAMES.text))[NAMES.text] == "của c1"
    assert list(await harness.connector.find(Asked("c2"), ())) == []


async def test_edit_to_the_email_of_another_contact_names_the_field(
    harness: HubSpotHarness,
) -> None:
    await a_record(harness, email=LAN)
    record_id = await a_record(harness, email="hoa@shop.vn")

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({"email": LAN}))

    assert refused.value.fields == {"email"}
    assert LAN not in str(refused.value)


async def test_who_loses_a_race_for_the_key_finds_the_contact(harness: HubSpotHarness) -> None:
    body = orjson.dumps(taken(KEY, 7, "x").body())
    harness.proxy.will(Refuse(400, {"Content-Type": "application/json"}, body), on=b'"inputs"')

    written = await harness.connector.create("c1", named(harness, "c1"))

    found = await harness.connector.find(Asked("c1"), ())
    assert [one.id for one in found] == [written.record_id]


async def test_two_inboxes_in_one_account_do_not_share_customers(harness: HubSpotHarness) -> None:
    other = harness.connect(instance="another inbox")
    ours = await harness.connector.create("c1", named(harness, "c1"))

    theirs = await other.create("c1", named(harness, "c1"))

    assert theirs.record_id != ours.record_id
    assert [one.id for one in await other.find(Asked("c1"), ())] == [theirs.record_id]
    assert (await other.get(ours.record_id, ())).external_id is None


@pytest.mark.parametrize("external_id", ["Khách số 1", "A1", "a/b?c#d", "x" * 200])
async def test_odd_ids_of_customers_are_told_apart(
    harness: HubSpotHarness, external_id: str
) -> None:
    first = await harness.connector.create(external_id, named(harness, "1"))
    second = await harness.connector.create(external_id.swapcase(), named(harness, "2"))

    found = await harness.connector.find(Asked(external_id), ())

    assert [(one.id, one.external_id) for one in found] == [(first.record_id, external_id)]
    assert second.record_id != first.record_id


async def test_check_makes_our_property_once(harness: HubSpotHarness) -> None:
    await harness.connector.check()
    await harness.connect().check()

    assert harness.portal.properties[KEY]["hasUniqueValue"]
    assert KEY not in await harness.connector.fields(), "nobody is to map it"


async def test_property_is_made_without_a_check_and_again_when_it_was_deleted(
    harness: HubSpotHarness,
) -> None:
    await harness.connector.create("c1", named(harness, "c1"))
    del harness.portal.properties[KEY]

    await harness.connector.create("c2", named(harness, "c2"))

    assert [one.external_id for one in await harness.connector.find(Asked("c2"), ())] == ["c2"]


async def test_missing_property_that_may_not_be_made_waits_for_a_person(
    harness: HubSpotHarness,
) -> None:
    harness.hubspot.scopes.remove(WRITE_SCHEMAS)

    with pytest.raises(AuthRefused) as refused:
        await harness.connector.check()
    with pytest.raises(AuthRefused):
        await harness.connector.create("c1", named(harness, "c1"))

    assert refused.value.detail == f"may_not_create_property_{KEY}"


async def test_property_that_is_not_unique_is_not_used(harness: HubSpotHarness) -> None:
    harness.portal.properties[KEY] = made(KEY, "string", "text")

    with pytest.raises(AuthRefused) as refused:
        await harness.connector.check()

    assert refused.value.detail == f"property_{KEY}_is_not_unique"


async def test_token_that_may_only_read_is_refused_when_it_writes(harness: HubSpotHarness) -> None:
    harness.hubspot.scopes.remove(WRITE)

    with pytest.raises(AuthRefused) as refused:
        await harness.connector.create("c1", named(harness, "c1"))

    assert refused.value.reference is not None


async def test_merged_contact_is_gone_into_the_one_that_is_left(harness: HubSpotHarness) -> None:
    kept, gone = await a_record(harness), await a_record(harness)
    harness.portal.merge(kept, gone)

    with pytest.raises(RecordGone) as by_get:
        await harness.connector.get(gone, ())
    with pytest.raises(RecordGone) as by_update:
        await harness.connector.update(gone, Edit({NAMES.text: "x"}))
    with pytest.raises(RecordGone) as by_note:
        await harness.connector.note(gone, "n1", "x", NOON)

    assert {one.value.into for one in (by_get, by_update, by_note)} == {kept}
    assert await harness.notes(kept) == []


async def test_property_deleted_since_we_looked_is_named_and_nothing_is_written(
    harness: HubSpotHarness,
) -> None:
    record_id = await a_record(harness, **{NAMES.text: "trước", "annual_points": "1"})
    del harness.portal.properties["annual_points"]

    with pytest.raises(MappingBroken) as refused:
        await harness.connector.update(record_id, Edit({NAMES.text: "sau", "annual_points": "2"}))

    assert refused.value.fields == {"annual_points"}
    assert (await read(harness, record_id, NAMES.text))[NAMES.text] == "trước"


async def test_read_only_property_is_not_for_us(harness: HubSpotHarness) -> None:
    record_id = await a_record(harness)

    with pytest.raises(MappingBroken) as refused:
        await harness.connector.update(record_id, Edit({"hs_object_id": "1"}))

    assert refused.value.fields == {"hs_object_id"}


async def test_link_is_the_one_that_hubspot_tells(harness: HubSpotHarness) -> None:
    made_now = await harness.connector.create("c1", named(harness, "c1"))

    assert made_now.url == f"https://app.hubspot.com/contacts/24680/record/0-1/{made_now.record_id}"
