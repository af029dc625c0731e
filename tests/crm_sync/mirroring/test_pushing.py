"""Edits reach the CRM: once, the last value last, and each failure has its own end."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from crm_sync.connections.model import LONGEST_REST, OPENS_AFTER
from crm_sync.connections.pacing import Line, NotYet
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import AuthRefused, CrmAway, CrmBusy, MappingBroken
from crm_sync.connectors.model import Asked, RemoteRecord
from crm_sync.forgetting.store import ForgettingStore
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.pairing import Names
from crm_sync.mapping.presets import default_fields
from crm_sync.mirroring.marking import mark, mark_record
from crm_sync.mirroring.pushing import MOST_TRIES, Pushing
from crm_sync.mirroring.store import LostLease, MirrorStore
from crm_sync.mirroring.syncing import Syncing
from crm_sync.mirroring.terms import Terms
from inbox.clock import FixedClock
from inbox.errors import InvalidInput, VersionClash
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from tests.crm_sync.adopting import adopting
from tests.crm_sync.fake_crm import FIELDS, REFUSED, TAGS, FakeCrm

PAIRS = check(FieldMapping(fields=default_fields("webhook")), FIELDS).pairs
MAPPED = frozenset(one.map.ours for one in PAIRS)
PHONE = "+84912345678"
NAMES = Names({"vip": "VIP", "moi": "Mới"}, {})


class Shop:
    """Customers whose edits are marked as the inbox does it, and one CRM."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.crm = FakeCrm(clock)
        self.store = MirrorStore(mongo, "crm", clock)
        self.connections = ConnectionStore(mongo, clock)
        self.switched_off: set[str] = set()
        self.worker = self.another_worker()

    def another_worker(self) -> Pushing:
        async def terms() -> Terms:
            off = (await self.connections.get("crm")).fields_off
            return Terms(tuple(one for one in PAIRS if one.theirs not in off), NAMES)

        line = Line("crm", self.crm, Buckets(self.mongo, self.clock), 1000)
        forgetting = ForgettingStore(self.mongo, self.clock, ["crm"])
        syncing = Syncing(self.store, adopting(self.mongo, self.clock), forgetting, self.clock)
        connections, clock = self.connections, self.clock
        return Pushing(line, syncing, connections, terms, self.wanted_of, clock)

    async def wanted_of(self, customer_ids: Collection[str]) -> set[str]:
        return set(customer_ids) - self.switched_off

    async def edit(self, customer_id: str = "hoa", **fields: Any) -> None:
        customers = self.mongo["customers"]
        before = await customers.find_one({"_id": customer_id}) or {"_id": customer_id}
        marks = mark("crm", MAPPED, before, list(fields), self.clock.now())
        await customers.update_one({"_id": customer_id}, {"$set": fields | marks}, upsert=True)

    async def known(self, customer_id: str = "hoa") -> Any:
        return self.store.of(await self.mongo["customers"].find_one({"_id": customer_id}) or {})

    async def settle(self, *, within: timedelta = timedelta(hours=3)) -> None:
        """Let the time pass until nothing is to be pushed any more."""
        ends = self.clock.now() + within
        waiting = {"crm.crm.work.due_at": {"$exists": True}}
        while await self.mongo["customers"].find_one(waiting):
            assert self.clock.now() < ends, "still something to push"
            if not await self.worker.step():
                self.clock.advance(await self._until_next())

    async def _until_next(self) -> timedelta:
        """Until something is due, and may be tried."""
        due_at = await self.store.next_due()
        rests_until = (await self.connections.get("crm")).rests_until
        now = self.clock.now()
        return max([timedelta(milliseconds=1), *(at - now for at in (due_at, rests_until) if at)])

    def only(self) -> Mapping[str, Any]:
        """The values of the only record."""
        (record,) = self.crm.records.values()
        return record.values


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> Shop:
    made = Shop(mongo, clock)
    await made.store.ensure_indexes()
    return made


async def test_an_edit_reaches_the_crm_and_the_same_value_does_not_again(shop: Shop) -> None:
    """S0.04: a new phone is received by the CRM; the same value again makes no call."""
    await shop.edit(name="Hoa", phones=[PHONE])
    await shop.settle()
    assert shop.only() == {"name": "Hoa", "phone": PHONE}
    link = (await shop.known()).link
    assert (link.record_id, link.url) == ("1", "https://crm.example/1")
    calls = shop.crm.calls

    await shop.edit(phones=[PHONE])
    await shop.settle()

    assert shop.crm.calls == calls


async def test_many_edits_are_one_write_of_the_last_value(shop: Shop) -> None:
    """X.SYN.02: 10 quick edits, and the final value is in the CRM."""
    for number in range(10):
        await shop.edit(note=f"lần {number}")
    await shop.settle()
    assert shop.only()["note"] == "lần 9"
    assert len(shop.crm.written) == 1


async def test_clearing_reaches_the_crm_too(shop: Shop) -> None:
    """S0.06: clearing the note also reaches the CRM."""
    await shop.edit(note="quen")
    await shop.settle()
    await shop.edit(note="")
    await shop.settle()
    assert shop.only()["note"] is None


async def test_only_tags_of_ours_come_and_go(shop: Shop) -> None:
    """S0.15: the CRM's other tags stay untouched."""
    await shop.edit(tag_ids=["vip", "moi"])
    await shop.settle()
    values = {**shop.crm.records["1"].values, TAGS: ("Của họ", "Mới", "VIP")}
    shop.crm.add("1", **values)
    await shop.edit(tag_ids=["vip"])
    await shop.settle()
    assert shop.only()[TAGS] == ("Của họ", "VIP")


async def test_only_mapped_fields_are_ever_written(shop: Shop) -> None:
    """X.SYN.04: phone, e-mail, note and chat tags; the name when a record is made."""
    await shop.edit(name="Hoa", phones=[PHONE], emails=["a@b.vn"], note="x", tag_ids=["vip"])
    await shop.settle()
    await shop.edit(name="Hoa Mới", note="y", owner_id="lan")
    await shop.settle()
    assert shop.crm.written == [{"name", "phone", "email", "note", TAGS}, {"note"}]


async def test_two_customers_with_one_phone_are_one_record_or_nobody_s(shop: Shop) -> None:
    """X.SYN.03: never two records; the second of ours waits for somebody to merge the two."""
    await shop.edit("hoa", phones=[PHONE])
    await shop.settle()
    await shop.edit("lan", phones=[PHONE])
    await shop.settle()
    assert len(shop.crm.records) == 1
    (parked,) = (await shop.known("lan")).parked
    assert (parked.kind, parked.record_ids, parked.detail) == ("ambiguous", ("1",), "hoa")


@pytest.mark.parametrize("by", [{"phones": [PHONE]}, {"emails": ["a@b.vn"]}])
async def test_a_record_that_is_there_is_found_and_written(shop: Shop, by: dict[str, Any]) -> None:
    """X.SYN.03: found by phone or e-mail, else created."""
    shop.crm.add("77", phone=PHONE, email="a@b.vn", owner="sale@crm.vn")
    await shop.edit(**by, note="quen")
    await shop.settle()
    assert (await shop.known()).link.record_id == "77"
    assert shop.only()["note"] == "quen"
    assert shop.only()["owner"] == "sale@crm.vn"


async def test_two_records_that_fit_are_never_guessed_at(shop: Shop) -> None:
    shop.crm.add("77", phone=PHONE)
    shop.crm.add("78", phone=PHONE)
    await shop.edit(phones=[PHONE])
    await shop.settle()
    (parked,) = (await shop.known()).parked
    assert (parked.kind, parked.record_ids) == ("ambiguous", ("77", "78"))
    assert shop.crm.written == []


async def test_answers_that_are_lost_make_no_second_record(shop: Shop) -> None:
    shop.crm.faults += ["lost"] * 4
    await shop.edit(phones=[PHONE], note="quen")
    await shop.settle()
    assert shop.only() == {"phone": PHONE, "note": "quen"}
    assert (await shop.known()).link.record_id == "1"


async def test_an_hour_of_outage_loses_nothing_and_the_crm_is_left_alone(shop: Shop) -> None:
    """X.SYN.01: with the CRM down for an hour all edits arrive once it is back."""
    shop.crm.down = CrmAway("down")
    for number in range(20):
        await shop.edit(f"khách {number}", phones=[f"+8491234{number:04}"])
    ends = shop.clock.now() + timedelta(hours=1)
    while shop.clock.now() < ends:
        await shop.worker.step()
        shop.clock.advance(timedelta(seconds=5))
    assert shop.crm.calls < 60
    await shop.edit("khách 3", note="sửa trong lúc CRM ngừng")

    shop.crm.down = None
    await shop.settle()

    assert len(shop.crm.records) == 20
    notes = [one.values.get("note") for one in shop.crm.records.values()]
    assert notes.count("sửa trong lúc CRM ngừng") == 1


async def test_a_lonely_customer_is_not_given_up_in_a_long_outage(shop: Shop) -> None:
    shop.crm.down = CrmAway("down")
    await shop.edit(phones=[PHONE])
    for _ in range(500):
        await shop.worker.step()
        shop.clock.advance(timedelta(minutes=1))
    shop.crm.down = None
    await shop.settle()
    assert shop.only() == {"phone": PHONE}


async def test_refused_credentials_pause_the_connection_and_use_up_no_try(shop: Shop) -> None:
    shop.crm.down = AuthRefused()
    await shop.edit(phones=[PHONE])
    for _ in range(MOST_TRIES * 2):
        await shop.worker.step()
        shop.clock.advance(timedelta(minutes=1))
    assert shop.crm.calls == 2  # the second looks whether it is the credentials
    shop.crm.down = None
    await shop.connections.resume("crm")
    await shop.settle()
    assert shop.only() == {"phone": PHONE}


async def test_a_value_that_is_refused_waits_for_an_edit_and_the_others_go(shop: Shop) -> None:
    await shop.edit(note="a")
    await shop.settle()
    await shop.edit(phones=[REFUSED], note="b")
    await shop.settle()
    (parked,) = (await shop.known()).parked
    assert (parked.kind, parked.fields, parked.reference) == ("refused", ("phones",), "ref-1")
    assert shop.only() == {"note": "b"}

    await shop.edit(phones=[PHONE])
    await shop.settle()

    assert shop.only() == {"note": "b", "phone": PHONE}
    assert (await shop.known()).parked == ()


async def test_a_field_that_the_crm_has_no_more_is_switched_off_alone(shop: Shop) -> None:
    shop.crm.faults.append(MappingBroken(fields=["email"]))
    await shop.edit(emails=["a@b.vn"], note="quen")
    await shop.settle()
    assert shop.only() == {"note": "quen"}
    assert (await shop.connections.get("crm")).fields_off == {"email": "crm_mapping_broken"}


async def test_a_deleted_record_is_not_made_anew(shop: Shop) -> None:
    await shop.edit(phones=[PHONE])
    await shop.settle()
    shop.crm.records.clear()
    await shop.edit(note="quen")
    await shop.settle()
    assert shop.crm.records == {}
    (parked,) = (await shop.known()).parked
    assert (parked.kind, parked.record_ids) == ("gone", ("1",))


async def test_a_record_that_was_made_again_by_people_is_found(shop: Shop) -> None:
    await shop.edit(phones=[PHONE])
    await shop.settle()
    shop.crm.records.clear()
    shop.crm.add("90", phone=PHONE)
    await shop.edit(note="quen")
    await shop.settle()
    assert (await shop.known()).link.record_id == "90"
    assert shop.only()["note"] == "quen"


async def test_a_busy_crm_is_asked_again_no_sooner_than_it_says(shop: Shop) -> None:
    shop.crm.faults.append(CrmBusy(retry_after_s=120))
    await shop.edit(note="quen")
    await shop.worker.step()
    calls = shop.crm.calls
    shop.clock.advance(timedelta(seconds=119))
    await shop.worker.step()
    assert shop.crm.calls == calls
    shop.clock.advance(timedelta(seconds=1))
    await shop.settle()
    assert shop.only() == {"note": "quen"}


async def test_what_fails_again_and_again_while_others_pass_is_parked(shop: Shop) -> None:
    """X.SYN.01: it gives up to "failed"."""
    await shop.edit("hoa", note="quen")
    for _ in range(MOST_TRIES):
        shop.crm.faults.append(CrmAway("locked"))
        assert await shop.worker.step() == 1
        shop.clock.advance(timedelta(minutes=16))
        await shop.connections.note("crm", ok=True)  # another customer was pushed
    (parked,) = (await shop.known("hoa")).parked
    assert (parked.kind, parked.detail) == ("exhausted", "crm_away")
    await shop.edit("hoa", note="lần nữa")
    await shop.settle()
    assert (await shop.known("hoa")).parked == ()


def _never_answer_about(shop: Shop, phone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = shop.crm.find

    async def asked(about: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        if phone in about.phones:
            raise CrmAway("timed out")
        return await find(about, fields)

    monkeypatch.setattr(shop.crm, "find", asked)


async def test_one_customer_by_whom_it_always_fails_does_not_keep_the_others_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who failed as the probe is due after all others."""
    _never_answer_about(shop, PHONE, monkeypatch)
    await shop.edit("sick", phones=[PHONE])
    while (await shop.connections.get("crm")).is_well:
        shop.clock.advance(timedelta(seconds=30))
        await shop.worker.step()
    shop.clock.advance(timedelta(seconds=1))
    for number in range(3):
        await shop.edit(f"well {number}", phones=[f"+8491234000{number}"])

    for _ in range(2):
        shop.clock.advance(LONGEST_REST)
        await shop.worker.step()

    assert [(await shop.known(f"well {number}")).dirty for number in range(3)] == [{}, {}, {}]


async def test_who_always_fails_while_others_pass_now_and_then_is_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _never_answer_about(shop, PHONE, monkeypatch)
    await shop.edit("sick", phones=[PHONE])
    for hour in range(MOST_TRIES):
        await shop.edit("well", note=f"{hour} giờ")
        for _ in range(30):
            await shop.worker.step()
            shop.clock.advance(timedelta(minutes=2))

    assert [one.kind for one in (await shop.known("sick")).parked] == ["exhausted"]
    assert (await shop.known("well")).dirty == {}


async def _rest_is_over(shop: Shop) -> None:
    for _ in range(OPENS_AFTER):
        await shop.connections.note("crm", ok=False)
    shop.clock.advance(LONGEST_REST)


async def test_probe_for_somebody_who_is_switched_off_is_given_back(shop: Shop) -> None:
    await shop.edit("off", phones=[PHONE])
    shop.switched_off.add("off")
    shop.clock.advance(timedelta(seconds=1))
    await shop.edit("hoa", note="quen")
    await _rest_is_over(shop)

    assert [await shop.worker.step() for _ in range(2)] == [0, 1]

    assert shop.only() == {"note": "quen"}


@pytest.mark.parametrize(
    "end", [NotYet(300), VersionClash(fields=[], current={}), LostLease(), InvalidInput()]
)
async def test_probe_that_finds_nothing_out_is_given_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, end: Exception
) -> None:
    await shop.edit(note="quen")
    await _rest_is_over(shop)

    async def ends(*_: Any) -> None:
        raise end

    monkeypatch.setattr(shop.crm, "find", ends)
    await shop.worker.step()

    assert await shop.connections.allowed("crm", 5) == 1


async def test_limit_of_the_rate_is_met_by_all_together_and_uses_up_no_try(shop: Shop) -> None:
    for number in range(5):
        await shop.edit(f"khách {number}", phones=[f"+8491234000{number}"])
    assert await shop.worker._line.workers._take() == 0  # the bucket was in use before
    shop.crm.down = CrmBusy(retry_after_s=300)
    for one in await shop.store.due.claim(1):
        await shop.worker._try(one, await shop.worker._terms(), shop.worker._line.workers)
    calls = shop.crm.calls

    await shop.worker.step()
    await shop.another_worker().sync_now("khách 0")

    assert shop.crm.calls == calls
    shop.crm.down = None
    await shop.settle()
    assert len(shop.crm.records) == 5


async def test_nobody_is_given_up_for_the_limit_of_the_rate(shop: Shop) -> None:
    shop.crm.down = CrmBusy()
    await shop.edit(note="quen")
    pauses = []
    for _ in range(MOST_TRIES * 2):
        assert await shop.worker.step() == 1
        due_at = await shop.store.next_due()
        assert due_at is not None, "it was given up"
        pauses.append(due_at - shop.clock.now())
        shop.clock.advance(pauses[-1] + timedelta(milliseconds=1))
    assert max(pauses[:3]) <= timedelta(seconds=4)
    assert max(pauses) > timedelta(seconds=10)  # it doubles

    shop.crm.down = None
    await shop.settle()

    assert shop.only() == {"note": "quen"}


@pytest.mark.parametrize("is_full", [False, True])
async def test_who_is_cancelled_leaves_nobody_at_work(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, *, is_full: bool
) -> None:
    at_work, begun = set[object](), asyncio.Event()

    async def never(*_: Any) -> None:
        at_work.add(asyncio.current_task())
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            at_work.discard(asyncio.current_task())

    monkeypatch.setattr(shop.crm, "find", never)
    if is_full:
        monkeypatch.setattr(shop.worker, "_at_once", 1)
    await shop.edit(note="quen")
    running = asyncio.create_task(shop.worker.run(asyncio.Event()))
    await asyncio.wait_for(begun.wait(), 5)
    assert len(at_work) == 1

    running.cancel()
    await asyncio.wait([running])

    assert at_work == set()


async def test_one_record_that_is_refused_does_not_pause_the_connection(shop: Shop) -> None:
    await shop.edit("hoa", phones=[PHONE], note="quen")
    shop.crm.faults.append(AuthRefused("not your record"))
    await shop.worker.step()
    assert (await shop.connections.get("crm")).is_well
    await shop.edit("lan", note="mới")
    await shop.settle()

    (parked,) = (await shop.known("hoa")).parked
    assert (parked.kind, parked.fields) == ("refused", ("note", "phones"))
    assert parked.detail == "not your record"
    assert shop.only() == {"note": "mới"}

    await shop.edit("hoa", phones=[PHONE], note="lần nữa")
    await shop.settle()

    assert (await shop.known("hoa")).parked == ()


async def test_record_that_may_not_be_read_is_left_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.edit(note="quen")
    await shop.settle()
    await shop.edit(note="lần hai")
    here = await shop.store.get("hoa") or {}
    marks = mark_record("crm", here, shop.clock.now())
    await shop.mongo["customers"].update_one({"_id": "hoa"}, {"$set": marks})

    async def refused(*_: Any) -> None:
        raise AuthRefused

    monkeypatch.setattr(shop.crm, "get", refused)
    for _ in range(2):
        await shop.worker.step()

    assert (await shop.connections.get("crm")).is_well
    assert [one.fields for one in (await shop.known()).parked] == [("note",), ()]
