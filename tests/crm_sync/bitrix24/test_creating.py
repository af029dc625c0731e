"""Bitrix24 keeps nothing unique: how two records of one customer become one."""

import pytest

from crm_sync.connectors.errors import CrmUncertain, InvalidValue
from crm_sync.connectors.model import Asked, Edit
from tests.crm_sync.bitrix24.bitrix24_harness import NAMES, Bitrix24Harness
from tests.crm_sync.bitrix24.portal_contacts import BOSS, BOT
from tests.crm_sync.contract import named, read
from tests.crm_sync.faults import DropAnswer

ORIGIN = {"originatorId": "inbox-shop", "originId": "c1"}


def twin(harness: Bitrix24Harness, user: int = BOT) -> int:
    """Another worker's record of the same customer."""
    return int(harness.portal.make({"name": "Khách c1", **ORIGIN}, user)["id"])


async def test_worker_who_was_later_deletes_its_own_and_writes_into_the_other(
    harness: Bitrix24Harness,
) -> None:
    made: list[int] = []
    harness.server.before["crm.item.add"] = lambda: made.append(twin(harness))

    written = await harness.connector.create("c1", named(harness, "c1", comments="mới"))

    assert written.record_id == str(made[0])
    assert list(harness.portal.items) == made
    assert (await read(harness, written.record_id, NAMES.text))[NAMES.text] == "mới"


async def test_worker_who_was_first_keeps_its_own(harness: Bitrix24Harness) -> None:
    before = harness.server.before

    def just_after_ours() -> None:
        before["crm.item.list"] = lambda: twin(harness)

    before["crm.item.add"] = just_after_ours

    written = await harness.connector.create("c1", named(harness, "c1"))

    assert list(harness.portal.items) == [int(written.record_id)]


async def test_two_that_a_crash_left_are_one_after_the_next_call(harness: Bitrix24Harness) -> None:
    oldest, _ = twin(harness), twin(harness)

    written = await harness.connector.create("c1", named(harness, "c1"))

    assert written.record_id == str(oldest)
    assert list(harness.portal.items) == [oldest]


async def test_answer_lost_while_another_worker_was_first_leaves_one(
    harness: Bitrix24Harness,
) -> None:
    harness.server.before["crm.item.add"] = lambda: twin(harness)
    harness.proxy.will(DropAnswer(), on=harness.making)
    with pytest.raises(CrmUncertain):
        await harness.connector.create("c1", named(harness, "c1"))
    assert len(harness.portal.items) == 2

    await harness.connector.create("c1", named(harness, "c1"))

    assert len(harness.portal.items) == 1


async def test_copy_that_a_person_has_edited_is_left_to_people(harness: Bitrix24Harness) -> None:
    oldest, theirs = twin(harness), twin(harness)
    harness.portal.write(harness.item(str(theirs)), {"post": "Giám đốc"}, BOSS)

    written = await harness.connector.create("c1", named(harness, "c1"))

    assert written.record_id == str(oldest)
    assert set(harness.portal.items) == {oldest, theirs}
    assert len(await harness.connector.find(Asked("c1"), ())) == 2


async def test_two_inboxes_in_one_portal_do_not_share_customers(harness: Bitrix24Harness) -> None:
    other = harness.connect(instance="chi-nhanh")
    ours = await harness.connector.create("c1", named(harness, "c1"))

    theirs = await other.create("c1", named(harness, "c1"))

    assert theirs.record_id != ours.record_id
    assert [one.id for one in await other.find(Asked("c1"), ())] == [theirs.record_id]
    assert (await other.get(ours.record_id, ())).external_id is None
    assert (await other.get(theirs.record_id, ())).external_id == "c1"


async def test_record_without_a_name_is_refused_and_not_made(harness: Bitrix24Harness) -> None:
    with pytest.raises(InvalidValue) as refused:
        await harness.connector.create("c1", Edit({NAMES.phone: harness.new_phone()}))

    assert refused.value.fields == {NAMES.name}
    assert not harness.portal.items


async def test_new_record_without_a_salesperson_is_of_the_webhooks_user(
    harness: Bitrix24Harness,
) -> None:
    made = await harness.connector.create("c1", named(harness, "c1", assignedById=None))

    assert harness.item(made.record_id)["assignedById"] == BOT


async def test_name_that_is_too_long_for_bitrix24_is_cut(harness: Bitrix24Harness) -> None:
    made = await harness.connector.create("c1", Edit({NAMES.name: "Công ty " * 20}))

    assert harness.item(made.record_id)["name"] == ("Công ty " * 20)[:50]


async def test_link_leads_a_person_to_the_contact(harness: Bitrix24Harness) -> None:
    made = await harness.connector.create("c1", named(harness, "c1"))

    assert made.url == f"{harness.proxy.url}/crm/contact/details/{made.record_id}/"
