"""What is Getfly's own: codes, deleted accounts, groups, options, managers, links, the feed."""

from datetime import UTC, datetime, timedelta

import pytest

from app.demo.getfly.crm import SimulatedGetfly
from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmError,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.getfly.client import GetflyAccount
from crm_sync.connectors.getfly.connector import GetflyConnector
from crm_sync.connectors.model import Asked, Edit, Place
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.presets import default_fields
from inbox.clock import FixedClock
from tests.crm_sync.contract import NOON, a_record, named, read
from tests.crm_sync.faults import DropAnswer, Refuse
from tests.crm_sync.getfly.getfly_harness import NAMES, SELLER, GetflyHarness

_BEGINNING = Place(datetime(2000, 1, 1, tzinfo=UTC))


async def test_default_mapping_fits_a_getfly_as_it_is(harness: GetflyHarness) -> None:
    checked = check(FieldMapping(fields=default_fields("getfly")), await harness.connector.fields())

    assert not checked.off


async def test_code_tells_whose_account_it_is(harness: GetflyHarness) -> None:
    made = await harness.connector.create("c1", named(harness, "c1"))

    code = f"INBOX-{harness.instance}-c1"
    assert harness.crm.account(int(made.record_id)).code == code
    assert (await harness.connector.get(made.record_id, ())).external_id == "c1"
    assert (await read(harness, made.record_id, "account_code"))["account_code"] == code
    with pytest.raises(MappingBroken):
        await harness.connector.update(made.record_id, Edit({"account_code": "x"}))


@pytest.mark.parametrize("external_id", ["A1", "khách 1", "a.2", "x" * 200, "%"])
async def test_odd_id_is_found_again(harness: GetflyHarness, external_id: str) -> None:
    made = await harness.connector.create(external_id, named(harness, "c1"))
    await harness.connector.create(external_id.lower() + "y", named(harness, "c2"))

    found = await harness.connector.find(Asked(external_id), ())

    assert [(one.id, one.external_id) for one in found] == [(made.record_id, external_id)]


async def test_two_inboxes_in_one_getfly_do_not_share_customers(harness: GetflyHarness) -> None:
    other = harness.connect(instance="khác")
    ours = await harness.connector.create("c1", named(harness, "c1"))

    theirs = await other.create("c1", named(harness, "c1"))

    assert theirs.record_id != ours.record_id
    assert [one.id for one in await other.find(Asked("c1"), ())] == [theirs.record_id]
    assert (await other.get(ours.record_id, ())).external_id is None


async def test_customer_made_after_the_account_was_deleted_is_a_new_one(
    harness: GetflyHarness,
) -> None:
    """Its code stays taken, as people may restore it; we never do."""
    first = await harness.connector.create("c1", named(harness, "c1"))
    harness.crm.delete(int(first.record_id))
    harness.proxy.will(DropAnswer(), on=b'"INBOX-' + harness.instance.encode() + b'-c1.2"')
    with pytest.raises(CrmUncertain):
        await harness.connector.create("c1", named(harness, "c1"))

    second = await harness.connector.create("c1", named(harness, "c1"))
    again = await harness.connector.create("c1", named(harness, "c1"))

    assert second.record_id == again.record_id != first.record_id
    assert await harness.records_named("Khách c1") == 1
    found = await harness.connector.find(Asked("c1"), ())
    assert [(one.id, one.external_id) for one in found] == [(second.record_id, "c1")]
    with pytest.raises(RecordGone):
        await harness.connector.get(first.record_id, ())


async def test_refusal_for_another_reason_makes_no_next_generation(harness: GetflyHarness) -> None:
    edit = named(harness, "c1", email="không phải e-mail")

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.create("c1", edit)

    assert refused.value.fields == {"email"}
    assert not harness.crm.accounts()


async def test_record_without_a_name_is_refused_and_not_made(harness: GetflyHarness) -> None:
    with pytest.raises(InvalidValue) as refused:
        await harness.connector.create("c1", Edit({NAMES.phone: harness.new_phone()}))

    assert refused.value.fields == {"account_name"}
    assert list(await harness.connector.find(Asked("c1"), ())) == []


async def test_phone_is_written_as_people_in_vietnam_write_it(harness: GetflyHarness) -> None:
    record_id = await a_record(harness, phone_office="+84912345678")
    abroad = await a_record(harness, phone_office="+12025550123")

    assert harness.crm.account(int(record_id)).texts["phone_office"] == "0912345678"
    assert (await read(harness, abroad, "phone_office"))["phone_office"] == "+12025550123"
    harness.crm.edit(int(record_id), {"phone_office": "0912 345 678 / 0987654321"})
    told = (await read(harness, record_id, "phone_office"))["phone_office"]
    assert told == "0912 345 678 / 0987654321"


async def test_select_is_written_by_its_id_and_told_by_its_label(harness: GetflyHarness) -> None:
    record_id = await a_record(harness, hang_khach="Bạc")
    raw = harness.crm.account(int(record_id)).custom["hang_khach"]

    assert isinstance(raw, int)
    harness.crm.add_option("hang_khach", "Đồng")  # taken without a restart
    await harness.connector.update(record_id, Edit({"hang_khach": "Đồng"}))
    assert (await read(harness, record_id, "hang_khach"))["hang_khach"] == "Đồng"


async def test_option_that_nobody_can_choose_any_more_is_still_told(harness: GetflyHarness) -> None:
    record_id = await a_record(harness, hang_khach="Bạc")
    harness.crm.book.fields["hang_khach"].options[1].valid = False

    fresh = harness.connect()

    assert (await fresh.get(record_id, ["hang_khach"])).values == {"hang_khach": "Bạc"}
    with pytest.raises(InvalidValue):
        await fresh.update(record_id, Edit({"hang_khach": "Bạc"}))


async def test_checkbox_date_and_number_come_back_as_they_were(harness: GetflyHarness) -> None:
    harness.crm.add_field("zalo", "Có Zalo", "checkbox")
    harness.crm.add_field("ngay_cuoi", "Ngày cưới", "date")
    harness.crm.add_field("chieu_cao", "Chiều cao", "number")
    harness.crm.add_field("chu_ky", "Chữ ký", "signature")
    values = {"zalo": "1", "ngay_cuoi": "2026-11-22", "chieu_cao": "1.6", "birthday": "1990-02-01"}

    record_id = await a_record(harness, **values)

    assert await read(harness, record_id, *values) == values
    harness.crm.edit(int(record_id), {"ngay_cuoi": "5/1/2027", "birthday": "0000-00-00"})
    found = await read(harness, record_id, "ngay_cuoi", "birthday")
    assert found == {"ngay_cuoi": "2027-01-05", "birthday": None}
    assert "chu_ky" not in await harness.connector.fields()
    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({"chieu_cao": "cao"}))
    assert refused.value.fields == {"chieu_cao"}


async def test_field_removed_while_we_write_is_told_as_dropped(harness: GetflyHarness) -> None:
    harness.crm.add_field("tam", "Tạm")
    record_id = await a_record(harness, tam="còn")
    harness.crm.remove_field("tam")

    written = await harness.connector.update(record_id, Edit({"tam": "mất", NAMES.text: "giữ"}))

    assert written.dropped == ("tam",)
    assert (await read(harness, record_id, NAMES.text))[NAMES.text] == "giữ"
    assert "tam" not in await harness.connector.fields()


async def test_manager_is_found_by_address_and_told_by_it(harness: GetflyHarness) -> None:
    record_id = await a_record(harness, account_manager=SELLER.upper())

    assert await read(harness, record_id, "account_manager") == {"account_manager": SELLER}
    await harness.connector.update(record_id, Edit({"account_manager": None}))
    assert await read(harness, record_id, "account_manager") == {"account_manager": None}


@pytest.mark.parametrize("email", ["ai.do@shop.vn", "%", "lan_sale@shop.vn", "nghi@shop.vn"])
async def test_person_without_a_user_manages_nothing(harness: GetflyHarness, email: str) -> None:
    harness.crm.add_user("Đã nghỉ", "nghi@shop.vn", valid=False)
    record_id = await a_record(harness)

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({"account_manager": email}))

    assert refused.value.fields == {"account_manager"}


async def test_group_whose_answer_was_lost_is_one(harness: GetflyHarness) -> None:
    record_id = await a_record(harness)
    edit = Edit(add_tags={NAMES.tags: ("VIP",)})
    harness.proxy.will(DropAnswer(), on=b'"account_type_name"')
    with pytest.raises(CrmUncertain):
        await harness.connector.update(record_id, edit)

    await harness.connector.update(record_id, edit)

    assert [one.name for one in harness.crm.book.types.values()] == ["VIP"]
    assert (await read(harness, record_id, NAMES.tags))[NAMES.tags] == ("VIP",)


async def test_group_that_people_made_is_used_and_not_made_again(harness: GetflyHarness) -> None:
    made = harness.crm.add_type("Khách sỉ")
    record_id = await a_record(harness)

    await harness.connector.update(record_id, Edit(add_tags={NAMES.tags: ("Khách sỉ",)}))

    assert harness.crm.account(int(record_id)).type_ids == [made.id]


async def test_tags_that_are_so_already_change_nothing(
    harness: GetflyHarness, clock: FixedClock
) -> None:
    record_id = await a_record(harness)
    await harness.connector.update(record_id, Edit(add_tags={NAMES.tags: ("VIP",)}))
    before = harness.crm.account(int(record_id)).updated_at
    clock.advance(timedelta(minutes=1))

    await harness.connector.update(record_id, Edit(add_tags={NAMES.tags: ("VIP",)}))

    assert harness.crm.account(int(record_id)).updated_at == before


async def test_link_leads_to_the_page_of_the_tenant(
    harness: GetflyHarness, getfly: SimulatedGetfly
) -> None:
    record_id = await a_record(harness)
    plain = GetflyConnector(GetflyAccount(f"{harness.proxy.url}/", getfly.key), harness.instance)

    url = (await plain.get(record_id, ())).url
    await plain.close()

    assert url == f"{harness.proxy.url}/#/crm/view_account/{record_id}"
    told = (await harness.connector.get(record_id, ())).url
    assert told == f"{harness.proxy.url}/crm/account/{record_id}"


async def test_time_is_that_of_vietnam(harness: GetflyHarness, clock: FixedClock) -> None:
    record_id = await a_record(harness)

    found = await harness.connector.get(record_id, ())

    assert found.changed_at == clock.now().replace(microsecond=0)


@pytest.mark.parametrize("limit", [1, 4, 100])
async def test_feed_is_told_in_order_though_it_has_none(
    harness: GetflyHarness, clock: FixedClock, limit: int
) -> None:
    harness.crm.api.most_per_page = 3
    made = [harness.crm.add_account(f"Khách {number}").id for number in range(10)]
    for id_ in reversed(made):
        clock.advance(timedelta(seconds=1))
        harness.crm.edit(id_, {"description": "sửa"})

    told: list[str] = []
    place, more = _BEGINNING, True
    while more:
        page = await harness.connector.changed_since(place, ["description"], limit=limit)
        told += [one.id for one in page.records]
        place, more = page.place, page.more

    assert told == [str(id_) for id_ in reversed(made)]


async def test_reading_goes_on_in_the_middle_after_a_restart(
    harness: GetflyHarness, clock: FixedClock
) -> None:
    for number in range(5):
        harness.crm.add_account(f"Khách {number}")
        clock.advance(timedelta(seconds=1))
    first = await harness.connector.changed_since(_BEGINNING, (), limit=2)

    rest = await harness.connect().changed_since(first.place, (), limit=10)

    told = [*first.records, *rest.records]
    assert [one.id for one in told] == [str(one.id) for one in reversed(harness.crm.accounts())]


async def test_account_changed_in_the_second_that_was_told_in_part_is_told(
    harness: GetflyHarness, clock: FixedClock
) -> None:
    """Getfly tells whole seconds: what was changed after `place` in its second looks earlier."""
    clock.advance(timedelta(milliseconds=700))
    record_id = await a_record(harness)

    page = await harness.connector.changed_since(Place(clock.now()), ())

    assert [one.id for one in page.records] == [record_id]


async def test_key_that_is_changed_stops_us_until_it_is_told(harness: GetflyHarness) -> None:
    record_id = await a_record(harness)
    harness.crm.change_key("khoa-moi")

    with pytest.raises(AuthRefused):
        await harness.connector.update(record_id, Edit({NAMES.text: "x"}))
    with pytest.raises(AuthRefused):
        await harness.connector.check()
    await harness.connect(secret=" khoa-moi\n").check()


async def test_key_that_would_be_two_headers_is_refused(harness: GetflyHarness) -> None:
    with pytest.raises(AuthRefused):
        await harness.connect(secret="a\r\nX-Other: b").check()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(Refuse(403, {}, b'{"message": "Forbidden"}'), AuthRefused, id="forbidden"),
        pytest.param(Refuse(404, {}, b'{"message": "?"}'), CrmAway, id="another API"),
        pytest.param(Refuse(404), CrmAway, id="another site"),
        pytest.param(Refuse(200, {}, b'{"data": {}}'), CrmAway, id="no list"),
        pytest.param(Refuse(200, {}, b"[]"), None, id="list without an envelope"),
        pytest.param(Refuse(500, {}, b'{"message": "x"}'), CrmAway, id="broken"),
    ],
)
async def test_check_tells_a_getfly_from_something_else(
    harness: GetflyHarness, fault: Refuse, error: type[CrmError] | None
) -> None:
    harness.proxy.will(fault)

    if error is None:
        await harness.connector.check()
        return
    with pytest.raises(error):
        await harness.connector.check()


async def test_error_in_the_middle_of_a_write_is_uncertain(harness: GetflyHarness) -> None:
    record_id = await a_record(harness)
    harness.proxy.will(Refuse(500, {}, b'{"message": "Server Error"}'))

    with pytest.raises(CrmUncertain):
        await harness.connector.update(record_id, Edit({NAMES.text: "x"}))


async def test_refusal_told_as_a_success_is_a_refusal(harness: GetflyHarness) -> None:
    record_id = await a_record(harness)
    body = '{"error": "Số điện thoại 0912345678 đã có ở Nguyễn Lan"}'.encode()
    harness.proxy.will(Refuse(200, {}, body))

    with pytest.raises(InvalidValue) as refused:
        await harness.connector.update(record_id, Edit({NAMES.phone: "+84912345678"}))

    assert refused.value.fields == {"phone_office"}
    assert "0912" not in str(refused.value)
    assert "Lan" not in str(refused.value)


async def test_note_of_another_inbox_is_not_ours(harness: GetflyHarness) -> None:
    record_id = await a_record(harness)
    await harness.connector.note(record_id, "n1", "của ta", NOON)

    await harness.connect(instance="other").note(record_id, "n1", "của họ", NOON)

    texts = [one.text for one in harness.crm.account(int(record_id)).comments]
    assert len(texts) == 2
    assert not any("thay bản trước" in one for one in texts)


async def test_note_is_found_on_a_later_page(harness: GetflyHarness) -> None:
    record_id = await a_record(harness)
    note = await harness.connector.note(record_id, "n1", "gọi lại", NOON)
    harness.crm.api.most_per_page = 2
    for number in range(7):
        harness.crm.comment(int(record_id), f"người viết {number}")

    assert await harness.connector.note(record_id, "n1", "gọi lại", NOON) == note


async def test_note_that_goes_back_to_what_it_was_says_so(harness: GetflyHarness) -> None:
    record_id = await a_record(harness)
    for text in ("một", "hai", "một"):
        await harness.connector.note(record_id, "n1", text, NOON)

    assert await harness.notes(record_id) == ["một", "hai", "một"]


def test_key_is_not_shown() -> None:
    assert "bi-mat" not in repr(GetflyAccount("https://shop.getflycrm.com", "bi-mat"))
