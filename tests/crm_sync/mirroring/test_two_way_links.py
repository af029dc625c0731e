"""Whose record is whose while records and customers are merged, deleted, erased, linked at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from crm_sync.connectors.errors import InvalidValue
from crm_sync.mirroring.marking import mark_again
from crm_sync.mirroring.model import RECORD
from inbox.customers.merging.store import MergeStore
from tests.crm_sync.two_way_shop import LAN, OTHER, PHONE, TwoWayShop


async def test_record_that_was_merged_into_another_is_followed(two_way: TwoWayShop) -> None:
    """Acceptance 8."""
    await two_way.welcome(phones=[PHONE], note="a")
    await two_way.push()
    for number in ("8", "9"):
        two_way.crm.add(number, phone=OTHER)
    two_way.crm.merge("1", into="8")
    two_way.crm.merge("8", into="9")
    await two_way.edit(note="b")
    await two_way.poll()
    link = (await two_way.known()).link
    assert link is not None
    assert link.record_id == "9"
    assert two_way.crm.value("9", "note") == "b"
    assert two_way.crm.value("9", "phone") == OTHER  # nobody edited either: both stay
    assert (await two_way.here())["phones"] == [PHONE]


async def test_record_that_was_merged_into_one_that_is_gone_is_told(two_way: TwoWayShop) -> None:
    await two_way.welcome(phones=[PHONE], note="a")
    await two_way.push()
    two_way.crm.add("8", phone=OTHER)
    two_way.crm.merge("1", into="8")
    two_way.crm.merge("8", into="1")
    await two_way.edit(note="b")
    await two_way.push()
    assert two_way.crm.records == {}
    assert [kind for kind, _, _ in await two_way.parked()] == ["gone"]


async def test_record_that_another_customer_has_is_not_taken_over(two_way: TwoWayShop) -> None:
    await two_way.welcome("lan", phones=[PHONE])
    await two_way.push()
    await two_way.welcome("hoa", phones=[OTHER])
    await two_way.push()
    two_way.crm.merge("2", into="1")
    await two_way.edit("hoa", note="b")
    await two_way.push()
    assert await two_way.parked() == [("ambiguous", (), "lan")]
    assert two_way.crm.value("1", "note") is None


@pytest.mark.parametrize("_", range(5))
async def test_two_customers_who_find_one_record_at_once_are_not_both_linked(
    two_way: TwoWayShop, _: int
) -> None:
    """X.SYN.03: exactly one of them keeps it."""
    two_way.crm.add("7", phone=PHONE, email="a@b.vn")
    await two_way.welcome("hoa", phones=[PHONE])
    await two_way.welcome("lan", emails=["a@b.vn"])
    workers = [two_way.a_worker() for _ in range(2)]
    await asyncio.gather(*(worker.step() for worker in workers))
    await two_way.push()
    links = [(await two_way.known(one)).link for one in ("hoa", "lan")]
    assert [one.record_id for one in links if one is not None] == ["7"]
    parked = [*await two_way.parked("hoa"), *await two_way.parked("lan")]
    assert [kind for kind, _, _ in parked] == ["ambiguous"]


async def test_two_new_customers_of_one_phone_make_one_record(two_way: TwoWayShop) -> None:
    """X.SYN.03: never two, though both are mirrored at once; people merge the customers."""
    await two_way.welcome("hoa", phones=[PHONE])
    await two_way.welcome("lan", phones=[OTHER, PHONE])
    await two_way.push()
    assert list(two_way.crm.records) == ["1"]
    assert await two_way.parked("lan") == [("ambiguous", (), "hoa")]


async def test_edit_during_a_push_that_is_given_up_is_not_forgotten(two_way: TwoWayShop) -> None:
    """An agent mends the phone while the worker finds that it is ambiguous."""
    two_way.crm.add("7", phone=PHONE)
    two_way.crm.add("8", phone=PHONE)
    await two_way.welcome(phones=[PHONE])
    (claimed,) = await two_way.store.due.claim(1)
    await two_way.edit(phones=[OTHER])
    ambiguous = two_way.worker._syncing.finder.taken("7", "lan").parked

    assert not await two_way.store.park(claimed, ambiguous)

    await two_way.push()
    assert (await two_way.known()).parked == ()
    assert two_way.crm.value("1", "phone") == OTHER


async def test_value_that_is_not_what_fails_is_not_tried_for_ever(two_way: TwoWayShop) -> None:
    await two_way.welcome(phones=[PHONE])
    await two_way.push()
    two_way.crm.faults += [InvalidValue("a rule", fields=["phone"])] * 3
    await two_way.edit(note="a")
    await two_way.push()
    kinds = [(kind, fields) for kind, fields, _ in await two_way.parked()]
    assert kinds == [("refused", ("phones",)), ("refused", ("phones",))]
    assert len(two_way.crm.faults) == 1


@pytest.mark.parametrize("call", ["get", "update"])
async def test_customer_who_is_erased_during_a_push_is_missed_by_nobody(
    two_way: TwoWayShop, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_way.welcome(phones=[PHONE])
    await two_way.push()
    two_way.wait()
    two_way.crm.edit_as_person("1", note="mới")
    await two_way.edit(emails=["a@b.vn"])
    asked = getattr(two_way.crm, call)

    async def erased_meanwhile(*args: Any) -> Any:
        await two_way.mongo["customers"].delete_one({"_id": "hoa"})
        return await asked(*args)

    monkeypatch.setattr(two_way.crm, call, erased_meanwhile)
    with capture_logs() as logs:
        assert await two_way.worker.step() == 1

    assert [one["log_level"] for one in logs] == ["info"]
    assert await two_way.mongo["customers"].find_one({}) is None


async def test_customer_who_is_merged_during_a_push_loses_nothing(two_way: TwoWayShop) -> None:
    await two_way.welcome("hoa", phones=[PHONE])
    await two_way.welcome("lan", emails=["a@b.vn"])
    await two_way.push()
    await two_way.edit("lan", note="của Lan")
    claimed = await two_way.store.due.claim(1)
    merges = MergeStore(two_way.mongo, two_way.customers, two_way.clock)
    await merges.merge("hoa", "lan", LAN)

    for one in claimed:
        await two_way.worker._sync_anyhow(one, await two_way.terms(), two_way.crm)
    await two_way.poll()

    here = await two_way.here("hoa")
    assert (here["note"], here["emails"]) == ("của Lan", ["a@b.vn"])
    assert two_way.crm.value("1", "note") == "của Lan"
    assert two_way.crm.value("1", "email") == "a@b.vn"


def _meanwhile(
    two_way: TwoWayShop, monkeypatch: pytest.MonkeyPatch, call: str, does: Callable[[], Any]
) -> None:
    """Something happens once, while a call is on its way."""
    asked: Callable[..., Awaitable[Any]] = getattr(two_way.crm, call)

    async def slow(*args: Any) -> Any:
        monkeypatch.setattr(two_way.crm, call, asked)
        await does()
        return await asked(*args)

    monkeypatch.setattr(two_way.crm, call, slow)


async def _records(two_way: TwoWayShop, customer_id: str = "hoa") -> tuple[str, list[str]]:
    """The record that a customer has, and those that they have besides."""
    part = (await two_way.here(customer_id))["crm"]["crm"]
    return part["link"]["id"], [one["id"] for one in part.get("merged") or ()]


async def _choose(two_way: TwoWayShop, record_id: str) -> None:
    """As a person does it at the customer's card."""
    here, path = await two_way.here(), two_way.store.path
    marks = mark_again("crm", [], here, two_way.clock.now())
    gone = {f"{path}.synced": "", f"{path}.wrote": ""}
    sets = {**marks, f"{path}.link": {"id": record_id}}
    await two_way.mongo["customers"].update_one({"_id": "hoa"}, {"$set": sets, "$unset": gone})


@pytest.mark.parametrize("call", ["find", "create"])
async def test_record_of_a_merge_is_not_lost_when_one_is_being_made(
    two_way: TwoWayShop, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    await two_way.welcome("lan", emails=["a@b.vn"])
    await two_way.push()
    await two_way.welcome("hoa", phones=[PHONE], note="a")
    merges = MergeStore(two_way.mongo, two_way.customers, two_way.clock)
    _meanwhile(two_way, monkeypatch, call, lambda: merges.merge("hoa", "lan", LAN))

    await two_way.push()

    assert await _records(two_way) == ("1", ["2"])
    assert two_way.crm.value("1", "note") == "a"
    assert two_way.crm.value("1", "phone") == PHONE


@pytest.mark.parametrize("call", ["get", "update"])
async def test_record_that_a_person_chooses_during_a_push_stays(
    two_way: TwoWayShop, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    await two_way.welcome(phones=[PHONE], note="a")
    await two_way.push()
    two_way.wait()
    two_way.crm.add("77", phone=PHONE, note="của họ")
    two_way.crm.edit_as_person("1", email="a@b.vn")
    await two_way.edit(note="b")
    _meanwhile(two_way, monkeypatch, call, lambda: _choose(two_way, "77"))

    assert await two_way.worker.step() == 1

    known = await two_way.known()
    assert (known.link and known.link.record_id, known.synced) == ("77", {})
    assert {"note", RECORD} <= known.dirty.keys()
    await two_way.push()
    assert two_way.crm.value("77", "note") == "b"
    link, others = await _records(two_way)
    assert link == "77"
    assert set(others) <= {"1"}


async def test_record_that_is_found_does_not_replace_one_that_was_chosen_meanwhile(
    two_way: TwoWayShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_way.crm.add("7", phone=PHONE)
    two_way.crm.add("77", phone=OTHER)
    await two_way.welcome(phones=[PHONE], note="a")
    _meanwhile(two_way, monkeypatch, "find", lambda: _choose(two_way, "77"))

    await two_way.push()

    assert await _records(two_way) == ("77", [])
    assert two_way.crm.value("7", "note") is None


@pytest.mark.parametrize("waited", [True, False])
async def test_customer_who_comes_while_a_record_is_made_for_their_phone_waits(
    two_way: TwoWayShop, monkeypatch: pytest.MonkeyPatch, *, waited: bool
) -> None:
    """X.SYN.03: whoever a worker is at already is first, whatever the order of the ids."""
    if waited:  # for longer, though with another phone
        await two_way.welcome("hoa", phones=[OTHER])
        two_way.wait()
    await two_way.welcome("lan", phones=[PHONE])

    async def comes() -> None:
        two_way.wait()
        if waited:
            await two_way.edit("hoa", phones=[PHONE])
        else:
            await two_way.welcome("hoa", phones=[PHONE])
        await two_way.a_worker().sync_now("hoa")

    _meanwhile(two_way, monkeypatch, "create", comes)
    await two_way.worker.sync_now("lan")
    await two_way.push()

    assert list(two_way.crm.records) == ["1"]
    assert await two_way.parked("hoa") == [("ambiguous", (), "lan")]
