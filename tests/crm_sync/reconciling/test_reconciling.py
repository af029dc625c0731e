"""What has come apart unnoticed is found, and mended as long as it is little."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from crm_sync.connections.pacing import Line
from crm_sync.connectors.errors import AuthRefused, CrmAway
from crm_sync.mapping.model import FieldMap
from crm_sync.mapping.presets import default_fields
from crm_sync.mapping.reasons import NOT_KEPT
from crm_sync.reconciling.asking import MOST_TRIES
from crm_sync.reconciling.model import Reconciled, Repairs, Report
from crm_sync.reconciling.reconciling import MOST_ASKED, Reconciling
from crm_sync.reconciling.store import ReconciledStore
from inbox.clock import FixedClock
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from tests.crm_sync.fake_crm import TAGS
from tests.crm_sync.linked_shop import PHONE, LinkedShop

OTHER = "+84900000001"


class Comparing(LinkedShop):
    """With a reconciliation whose waits let the time pass."""

    def __init__(
        self,
        mongo: Mongo,
        clock: FixedClock,
        fields: Sequence[FieldMap] = default_fields("webhook"),
    ) -> None:
        super().__init__(mongo, clock, fields)
        self.reports = ReconciledStore(mongo)
        self.waited: list[float] = []

    async def reconcile(self, **repairs: Any) -> Report:
        reconciled = Reconciled(
            self.line, self.store, self.terms, self.is_wanted, Repairs(**repairs)
        )
        job = Reconciling(reconciled, self.reports, self.connections, self.clock, wait=self._wait)
        return await job.run()

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> Comparing:
    made = Comparing(mongo, clock)
    await made.open()
    return made


async def test_three_records_that_differ_are_written_again(shop: Comparing) -> None:
    ids = await shop.add_linked(10)
    for id_ in ids[:3]:
        shop.crm.edit_as_person(f"r{id_}", phone=OTHER)

    report = await shop.reconcile()

    assert (report.compared, report.differing, report.repaired) == (10, 3, 3)
    assert (report.fields, report.examples) == ({"phone": 3}, tuple(ids[:3]))
    await shop.settle()
    assert shop.crm.written == [{"phone"}] * 3
    phones = [shop.crm.value(f"r{id_}", "phone") for id_ in ids]
    assert phones == [(await shop.customer(id_))["phones"][0] for id_ in ids]


async def test_half_of_all_records_is_too_much_and_nothing_is_touched(shop: Comparing) -> None:
    ids = await shop.add_linked(10)
    for id_ in ids[:5]:
        shop.crm.edit_as_person(f"r{id_}", phone=OTHER)
    before = [await shop.customer(id_) for id_ in ids]

    with capture_logs() as logs:
        report = await shop.reconcile()

    assert (report.differing, report.repaired, report.stopped) == (5, 0, True)
    assert [await shop.customer(id_) for id_ in ids] == before
    assert shop.crm.written == []
    (said,) = [one for one in logs if one["log_level"] == "error"]
    assert (said["connection"], said["differing"], said["compared"]) == ("crm", 5, 10)
    assert OTHER not in str(said)


async def test_the_report_is_kept(shop: Comparing) -> None:
    ids = await shop.add_linked(4)
    shop.crm.edit_as_person(f"r{ids[0]}", phone=OTHER)
    assert await shop.reports.last("crm") is None

    report = await shop.reconcile()

    assert await shop.reports.last("crm") == report
    assert (await shop.connections.get("crm")).is_well


async def test_how_much_may_be_mended_is_a_share_of_all(shop: Comparing) -> None:
    assert Repairs().most(50) == 3
    assert Repairs().most(100_000) == 1000
    ids = await shop.add_linked(10)
    for id_ in ids[:5]:
        shop.crm.edit_as_person(f"r{id_}", phone=OTHER)

    assert (await shop.reconcile(share=0.5)).repaired == 5


async def test_where_nothing_differs_nothing_is_done(shop: Comparing) -> None:
    ids = await shop.add_linked(5, note="quen", tag_ids=["vip"], emails=["a@b.vn"])
    before = [await shop.customer(id_) for id_ in ids]

    report = await shop.reconcile()

    assert (report.compared, report.differing, report.missing) == (5, 0, 0)
    assert [await shop.customer(id_) for id_ in ids] == before


async def test_another_spelling_of_the_same_is_no_difference(shop: Comparing) -> None:
    await shop.add_linked(1, note="dòng một\ndòng hai", tag_ids=["vip"])
    shop.crm.edit_as_person("rc00000", phone="0912 000 000", note=" dòng một \r\n\r\ndòng  hai ")
    shop.crm.edit_as_person("rc00000", **{TAGS: ("vip", "Của họ")})

    assert (await shop.reconcile()).differing == 0


async def test_a_value_that_we_emptied_and_that_is_there_again_is_emptied(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1, note="cũ")
    await shop.edit(id_, note="")
    await shop.settle()
    shop.crm.edit_as_person(f"r{id_}", note="cũ")

    assert (await shop.reconcile()).fields == {"note": 1}
    await shop.settle()

    assert shop.crm.value(f"r{id_}", "note") is None


async def test_a_value_of_ours_that_was_emptied_there_comes_back(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1, note="quen")
    shop.crm.edit_as_person(f"r{id_}", note=None)

    assert (await shop.reconcile()).fields == {"note": 1}
    await shop.settle()

    assert shop.crm.value(f"r{id_}", "note") == "quen"


async def test_what_never_was_ours_stays_as_people_there_have_it(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1)
    await shop.edit(id_, tag_ids=["vip"])
    await shop.settle()
    shop.crm.edit_as_person(f"r{id_}", note="của người bán", email="x@y.vn", name="Tên khác")

    report = await shop.reconcile()

    assert (report.differing, report.repaired) == (0, 0)


async def test_what_was_empty_on_both_sides_when_they_met_is_the_people_s(
    shop: Comparing,
) -> None:
    """The note was read as empty, and never written."""
    shop.crm.add("77", phone=PHONE, note=None)
    await shop.add({"_id": "hoa", "name": "Hoa", "phones": [PHONE], "note": ""})
    await shop.edit("hoa", tag_ids=["vip"])
    await shop.settle()
    assert (await shop.known("hoa")).link
    shop.crm.edit_as_person("77", note="của người bán")

    assert (await shop.reconcile()).differing == 0
    assert shop.crm.value("77", "note") == "của người bán"


async def test_what_stands_in_a_record_that_was_found_again_stays(shop: Comparing) -> None:
    """What was agreed on with the deleted one says nothing of it."""
    (id_,) = await shop.add_linked(1, phones=[PHONE], note="quen")
    del shop.crm.records[f"r{id_}"]
    shop.crm.add("90", phone=PHONE, note="của người bán")
    await shop.reconcile()
    await shop.settle()
    link = (await shop.known(id_)).link
    assert link is not None
    assert link.record_id == "90"

    assert (await shop.reconcile()).differing == 0
    assert shop.crm.value("90", "note") == "của người bán"


async def test_tags_of_ours_come_back_and_those_of_people_stay(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1, tag_ids=["vip", "moi"])
    shop.crm.edit_as_person(f"r{id_}", **{TAGS: ("Mới", "Của họ")})

    assert (await shop.reconcile()).fields == {TAGS: 1}
    await shop.settle()

    assert shop.crm.value(f"r{id_}", TAGS) == ("Của họ", "Mới", "VIP")


async def test_a_tag_that_we_took_away_is_taken_away_again(shop: Comparing) -> None:
    """Ours was pushed while nobody looked: the switch of the bot was off, say."""
    (id_,) = await shop.add_linked(1, tag_ids=["vip", "moi"])
    await shop.mongo["customers"].update_one({"_id": id_}, {"$set": {"tag_ids": ["moi"]}})

    assert (await shop.reconcile()).differing == 1
    await shop.settle()

    assert shop.crm.value(f"r{id_}", TAGS) == ("Mới",)
    assert (await shop.reconcile()).differing == 0


async def test_deleted_records_are_found_and_not_made_anew(shop: Comparing) -> None:
    ids = await shop.add_linked(10)
    for id_ in ids[:2]:
        del shop.crm.records[f"r{id_}"]

    report = await shop.reconcile()

    assert (report.compared, report.missing, report.repaired) == (8, 2, 2)
    await shop.settle()
    assert len(shop.crm.records) == 8
    assert [one.kind for one in (await shop.known(ids[0])).parked] == ["gone"]
    again = await shop.reconcile()
    assert (again.missing, again.repaired) == (0, 0)  # a person knows, and decides


async def test_many_deleted_records_are_too_much(shop: Comparing) -> None:
    ids = await shop.add_linked(30)
    for id_ in ids[:20]:
        del shop.crm.records[f"r{id_}"]

    report = await shop.reconcile()

    assert (report.missing, report.stopped, report.repaired) == (20, True, 0)
    assert shop.crm.calls < 10  # four deletions are proof enough
    assert (await shop.known(ids[0])).dirty == {}


async def test_a_record_that_was_not_listed_is_asked_for_before_it_is_missing(
    shop: Comparing,
) -> None:
    ids = await shop.add_linked(10)
    shop.crm.unlisted = frozenset(f"r{id_}" for id_ in ids[:5])

    report = await shop.reconcile()

    assert (report.missing, report.stopped) == (0, False)


async def test_a_crm_that_lists_nothing_is_not_asked_for_everything(shop: Comparing) -> None:
    await shop.add_linked(MOST_ASKED + 50)
    shop.crm.unlisted = frozenset(shop.crm.records)

    report = await shop.reconcile()

    assert (report.compared, report.missing, report.stopped) == (0, 0, False)
    assert shop.crm.calls == MOST_ASKED + shop.crm.pages


async def test_two_customers_of_one_record_are_told_and_left_alone(shop: Comparing) -> None:
    ids = await shop.add_linked(3)
    await shop.mongo["customers"].update_one(
        {"_id": ids[1]}, {"$set": {"crm.crm.link.id": f"r{ids[0]}"}}
    )
    shop.crm.edit_as_person(f"r{ids[0]}", phone=OTHER)

    report = await shop.reconcile()

    assert (report.linked_twice, report.compared, report.differing) == (1, 1, 0)
    assert report.examples == (ids[0], ids[1])


async def test_customers_without_a_record_are_counted(shop: Comparing) -> None:
    await shop.add_linked(2)
    await shop.add({"_id": "chưa"}, {"_id": "chờ"}, {"_id": "đỗ"})
    await shop.add({"_id": "không"}, bot_id="off")
    await shop.edit("chờ", note="x")
    parked = {"kind": "ambiguous", "at": shop.clock.now(), "fields": []}
    await shop.mongo["customers"].update_one({"_id": "đỗ"}, {"$set": {"crm.crm.parked": [parked]}})

    report = await shop.reconcile()

    assert report.unlinked == 1
    assert (await shop.known("chưa")).dirty == {}


async def test_two_thousand_records_are_read_page_by_page(shop: Comparing) -> None:
    ids = await shop.add_linked(2000)
    for number in range(150):
        shop.crm.add(f"x{number}", phone=OTHER)
    for id_ in ids[::100]:
        shop.crm.edit_as_person(f"r{id_}", phone=OTHER)

    report = await shop.reconcile()

    assert (report.compared, report.differing, report.repaired) == (2000, 20, 20)
    assert shop.crm.pages == 22
    assert len(report.examples) == 20
    await shop.settle()
    assert (await shop.reconcile()).differing == 0


async def test_running_twice_marks_once(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1)
    shop.crm.edit_as_person(f"r{id_}", phone=OTHER)
    await shop.reconcile()
    marked = await shop.customer(id_)

    again = await shop.reconcile()

    assert (again.compared, again.differing, again.repaired) == (0, 0, 0)
    assert await shop.customer(id_) == marked


async def test_edits_go_on_meanwhile_and_win(shop: Comparing) -> None:
    """Some are pushed between the pages, some wait; the last value is in the CRM in the end."""
    ids = await shop.add_linked(350)
    for id_ in (ids[0], ids[349]):
        shop.crm.edit_as_person(f"r{id_}", phone=OTHER)
    edited = iter(ids)

    async def an_edit() -> None:
        shop.clock.advance(timedelta(seconds=1))
        id_ = next(edited)
        await shop.edit(id_, phones=[PHONE], note=f"sửa {id_}")
        await shop.settle()
        await shop.edit(ids[349], note="chưa gửi")

    shop.crm.between = an_edit
    report = await shop.reconcile()
    await shop.settle()

    assert report.stopped is False
    assert shop.crm.value(f"r{ids[0]}", "note") == f"sửa {ids[0]}"
    assert shop.crm.value(f"r{ids[0]}", "phone") == PHONE
    assert shop.crm.value(f"r{ids[349]}", "note") == "chưa gửi"
    shop.crm.between = None
    assert (await shop.reconcile()).missing == 0


async def test_an_edit_between_the_looking_and_the_mark_is_not_undone(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1, note="cũ")
    shop.crm.edit_as_person(f"r{id_}", note="khác")
    terms = shop.terms

    async def terms_with_an_edit() -> Any:
        if shop.crm.pages:
            await shop.mongo["customers"].update_one({"_id": id_}, {"$set": {"note": "mới"}})
        return await terms()

    shop.terms = terms_with_an_edit  # type: ignore[method-assign]
    await shop.reconcile()
    await shop.settle()

    assert shop.crm.value(f"r{id_}", "note") == "mới"


async def test_who_is_being_pushed_is_left_alone(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1)
    await shop.edit(id_, note="x")
    assert await shop.store.due.claim(1)
    shop.crm.edit_as_person(f"r{id_}", phone=OTHER)

    assert (await shop.reconcile()).compared == 0


async def test_whose_bots_are_all_off_is_left_alone(shop: Comparing) -> None:
    ids = await shop.add_linked(2)
    await shop.mongo["bots"].update_one({"_id": "on"}, {"$set": {"crm_sync": False}})
    shop.crm.edit_as_person(f"r{ids[0]}", phone=OTHER)
    del shop.crm.records[f"r{ids[1]}"]

    report = await shop.reconcile()

    assert (report.differing, report.missing, report.repaired) == (0, 0, 0)


async def test_a_value_that_the_crm_hides_from_us_is_not_compared(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1)
    shop.crm.edit_as_person(f"r{id_}", phone="0912***000")
    assert (await shop.reconcile()).differing == 0


async def test_a_parked_field_waits_for_its_person(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1)
    row = {"kind": "invalid", "at": shop.clock.now(), "fields": ["phones"]}
    await shop.mongo["customers"].update_one({"_id": id_}, {"$set": {"crm.crm.parked": [row]}})
    shop.crm.edit_as_person(f"r{id_}", phone=OTHER)

    assert (await shop.reconcile()).differing == 0
    assert len((await shop.known(id_)).parked) == 1


async def test_what_may_come_from_there_is_read_by_the_worker(
    mongo: Mongo, clock: FixedClock
) -> None:
    fields = [
        FieldMap(ours="phones", theirs="phone", direction="both"),
        FieldMap(ours="note", theirs="note"),
    ]
    shop = Comparing(mongo, clock, fields)
    await shop.open()
    (id_,) = await shop.add_linked(1, note="quen", version=1)
    shop.clock.advance(timedelta(minutes=1))
    shop.crm.edit_as_person(f"r{id_}", phone=OTHER, note="khác")

    assert (await shop.reconcile()).fields == {"phone": 1, "note": 1}
    await shop.settle()

    assert (await shop.customer(id_))["phones"] == [OTHER]
    assert shop.crm.value(f"r{id_}", "note") == "quen"
    assert (await shop.reconcile()).differing == 0


async def test_it_waits_for_its_turn_and_for_a_crm_that_stumbles(shop: Comparing) -> None:
    await shop.add_linked(250)
    shop.line = Line("crm", shop.crm, Buckets(shop.mongo, shop.clock), 0.05)
    stumbles = iter([CrmAway("locked"), CrmAway("locked")])

    async def stumble() -> None:
        if error := next(stumbles, None):
            raise error

    shop.crm.between = stumble
    report = await shop.reconcile()

    assert report.compared == 250
    assert len(shop.waited) > 2


async def test_a_run_that_dies_half_way_has_touched_nothing_and_begins_anew(
    shop: Comparing,
) -> None:
    ids = await shop.add_linked(150)
    shop.crm.edit_as_person(f"r{ids[0]}", phone=OTHER)

    async def die() -> None:
        raise CrmAway("down")

    shop.crm.between = die
    with pytest.raises(CrmAway):
        await shop.reconcile()
    assert len(shop.waited) == MOST_TRIES - 1
    assert await shop.store.next_due() is None

    shop.crm.between = None
    assert (await shop.reconcile()).repaired == 1


async def test_refused_credentials_pause_the_connection(shop: Comparing) -> None:
    shop.crm.down = AuthRefused()
    with pytest.raises(AuthRefused):
        await shop.reconcile()
    assert (await shop.connections.get("crm")).paused

    calls = shop.crm.calls
    with pytest.raises(CrmAway):
        await shop.reconcile()
    assert shop.crm.calls == calls


async def test_a_value_that_the_crm_does_not_keep_is_not_written_every_night(
    shop: Comparing,
) -> None:
    (id_,) = await shop.add_linked(1, note="một ghi chú dài", tag_ids=["vip"])
    for _ in range(4):
        shop.crm.edit_as_person(f"r{id_}", note="một ghi")
        await shop.reconcile()
        await shop.settle()
        shop.clock.advance(timedelta(days=1))

    assert shop.crm.written == [{"note"}]
    (row,) = (await shop.known(id_)).parked
    assert (row.kind, row.fields, row.detail) == ("invalid", ("note",), NOT_KEPT)
    shop.crm.edit_as_person(f"r{id_}", phone=OTHER)  # other fields go on
    assert (await shop.reconcile()).repaired == 1


async def test_another_change_of_the_same_field_is_mended_again(shop: Comparing) -> None:
    (id_,) = await shop.add_linked(1, note="quen")
    for note in ("khác", "khác nữa"):
        shop.crm.edit_as_person(f"r{id_}", note=note)
        await shop.reconcile()
        await shop.settle()
    shop.clock.advance(timedelta(days=8))
    shop.crm.edit_as_person(f"r{id_}", note="khác")
    await shop.reconcile()
    await shop.settle()

    assert len(shop.crm.written) == 3
    assert shop.crm.value(f"r{id_}", "note") == "quen"
