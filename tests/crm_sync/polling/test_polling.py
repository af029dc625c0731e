"""Changes of the CRM are found: all of them, once, wherever a round is broken off."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from crm_sync.connections.pacing import Line
from crm_sync.connectors.errors import AuthRefused, CrmAway, CrmBusy, MappingBroken
from crm_sync.connectors.model import Changes, Place
from crm_sync.polling.looking import Looking
from crm_sync.polling.polling import OVERLAP, Polled, Polling
from crm_sync.polling.store import (
    HINTED_AFTER,
    LONGEST_ID,
    MOST_HINTS,
    UNKNOWN_AFTER,
    PollStore,
    hints_of,
)
from inbox.mongo.buckets import Buckets
from inbox.mongo.due import Pace
from tests.crm_sync.fake_crm import FakeCrm
from tests.crm_sync.two_way_shop import CRM, EVERY, PHONE, TwoWayShop
from tests.waiting import until


async def _linked(shop: TwoWayShop) -> None:
    await shop.welcome(phones=[PHONE], note="a")
    await shop.push()
    await shop.poll()
    shop.wait(600)


async def _place(shop: TwoWayShop) -> dict[str, Any]:
    found = await shop.mongo["crm_connections"].find_one({"_id": CRM})
    assert found is not None
    return found


async def test_change_that_was_committed_late_is_found(two_way: TwoWayShop) -> None:
    """Its time is that of the beginning of its transaction, before what was read meanwhile."""
    await _linked(two_way)
    two_way.crm.add("50", phone="x")
    await two_way.poll()
    late = two_way.clock.now() - OVERLAP + timedelta(seconds=1)
    two_way.crm.edit_as_person("1", note="muộn")
    two_way.crm.records["1"] = two_way.crm.dated("1", late)
    await two_way.poll()
    assert (await two_way.here())["note"] == "muộn"


async def test_nothing_is_asked_before_it_is_time(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    await two_way.poller.step()
    calls = two_way.crm.calls
    two_way.wait(EVERY.total_seconds() - 1)
    assert await two_way.poller.step() == 0
    two_way.wait(1)
    assert await two_way.poller.step() == 1
    assert two_way.crm.calls == calls + 1


async def test_place_survives_a_restart(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    two_way.crm.edit_as_person("1", note="khi đang tắt")
    two_way.wait(3600)
    await two_way.polls.begin(CRM)
    two_way.poller = two_way.a_poller()
    await two_way.poll()
    assert (await two_way.here())["note"] == "khi đang tắt"


async def test_thousands_of_changes_of_one_second_are_read_to_their_end_at_a_slow_rate(
    two_way: TwoWayShop,
) -> None:
    """The rate is used up again and again: each round goes on where the last one was."""
    await _linked(two_way)
    for number in range(2, 3002):
        two_way.crm.add(str(number), note="nhập từ tệp")
    two_way.crm.records["9999"] = replace(two_way.crm.records.pop("1"), id="9999")
    await two_way.mongo["customers"].update_one({}, {"$set": {"crm.crm.link.id": "9999"}})
    two_way.crm.edit_as_person("9999", note="người cuối")
    slow = Line(CRM, two_way.crm, Buckets(two_way.mongo, two_way.clock), 0.1)
    poller = two_way.a_poller(slow)

    rounds = 0
    while rounds == 0 or "page" in await _place(two_way):
        two_way.wait(30)
        rounds += await poller.step()
    await two_way.push()

    assert 3 < rounds < 100
    assert (await two_way.here())["note"] == "người cuối"


async def test_what_came_in_at_once_is_not_read_again_for_ever(two_way: TwoWayShop) -> None:
    """A file of 1,500 records, and nothing after it."""
    await _linked(two_way)
    for number in range(2, 1502):
        two_way.crm.add(str(number), note="nhập từ tệp")
    for _ in range(2):
        two_way.wait(900)
        await two_way.poll()
    calls = two_way.crm.calls
    two_way.wait(60)
    await two_way.poll()
    assert two_way.crm.calls == calls + 1


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(days=365)])
async def test_record_of_the_future_hides_no_change(two_way: TwoWayShop, ahead: timedelta) -> None:
    await _linked(two_way)
    two_way.crm.add("50", phone="x")
    two_way.crm.records["50"] = two_way.crm.dated("50", two_way.clock.now() + ahead)
    for note in ("một", "hai"):
        await two_way.poll()
        two_way.wait(60)
        two_way.crm.edit_as_person("1", note=note)
        await two_way.poll()
        assert (await two_way.here())["note"] == note


async def test_change_of_a_crm_whose_clock_is_behind_is_found_from_the_beginning(
    two_way: TwoWayShop,
) -> None:
    await two_way.welcome(phones=[PHONE], note="a")
    await two_way.push()
    two_way.crm.edit_as_person("1", note="đồng hồ chậm")
    behind = two_way.clock.now() - timedelta(minutes=9)
    two_way.crm.records["1"] = two_way.crm.dated("1", behind)
    await two_way.poll()
    assert (await two_way.here())["note"] == "đồng hồ chậm"


async def test_what_changes_while_a_round_is_broken_off_is_found(two_way: TwoWayShop) -> None:
    """Behind a record of the future nothing is read: the next round begins before this one."""
    await _linked(two_way)
    ahead = Place(two_way.clock.now() + timedelta(days=365), "7")
    (claimed,) = await two_way.polls.due.claim(1)
    await two_way.polls.advance(claimed, ahead, two_way.clock.now())
    two_way.wait(3600)
    two_way.crm.edit_as_person("1", note="lúc đó")
    two_way.wait(3600)
    await two_way.poll()
    await two_way.poll()
    assert (await two_way.here())["note"] == "lúc đó"


async def test_round_that_failed_half_way_goes_on_there(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    for number in range(2, 252):
        two_way.crm.add(str(number), note="x")
    asked: list[Place] = []
    whole = two_way.crm.changed_since

    async def failing(place: Place, fields: object, *, limit: int = 100) -> Changes:
        asked.append(place)
        if len(asked) == 2:
            raise CrmAway
        return await whole(place, [], limit=limit)

    two_way.crm.changed_since = failing  # type: ignore[method-assign]
    await two_way.look()
    two_way.wait(EVERY.total_seconds())
    await two_way.look()

    assert [one.record_id for one in asked] == ["", "100", "100", "200"]


async def test_worker_that_lost_its_lease_moves_nothing(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    await two_way.polls.hint(CRM, ["1"])
    (slow,) = await two_way.polls.due.claim(1)
    two_way.wait(31)
    (other,) = await two_way.polls.due.claim(1)
    later = Place(two_way.clock.now(), "7")
    now = two_way.clock.now()
    assert not await two_way.polls.advance(slow, later, now)
    assert not await two_way.polls.end(slow, now, now)
    assert hints_of(await _place(two_way)) == ["1"]
    assert await two_way.polls.advance(other, later, now)
    page = {"at": later.at, "record_id": "7", "begun_at": now}
    assert (await _place(two_way))["page"] == page


async def test_two_pollers_read_one_connection_once(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    calls = two_way.crm.calls
    await asyncio.gather(two_way.a_poller().step(), two_way.a_poller().step())
    assert two_way.crm.calls == calls + 1


async def test_hint_is_looked_at_now_and_forgotten(two_way: TwoWayShop) -> None:
    """A webhook says that a record was changed; it is read whatever time it has."""
    await _linked(two_way)
    await two_way.poll()
    two_way.crm.edit_as_person("1", note="báo ngay")
    two_way.crm.records["1"] = two_way.crm.dated("1", two_way.clock.now() - timedelta(days=2))
    two_way.wait(HINTED_AFTER.total_seconds())
    await two_way.polls.hint(CRM, ["1", "không có"])
    assert await two_way.poller.step() == 1
    await two_way.push()
    assert (await two_way.here())["note"] == "báo ngay"
    assert (await _place(two_way))["hints"] == []


async def test_record_that_is_told_of_again_during_a_round_is_looked_at_again(
    two_way: TwoWayShop,
) -> None:
    await _linked(two_way)
    await two_way.polls.hint(CRM, ["1", "2"])
    (claimed,) = await two_way.polls.due.claim(1)
    await two_way.polls.hint(CRM, ["1"])
    now = two_way.clock.now()
    assert await two_way.polls.end(claimed, now, now + EVERY)
    assert hints_of(await _place(two_way)) == ["1"]


async def test_many_hints_begin_no_more_rounds(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    await two_way.poll()
    calls = two_way.crm.calls
    for _ in range(30):
        two_way.wait(1)
        await two_way.polls.hint(CRM, ["7"])
        await two_way.poller.step()
    assert two_way.crm.calls == calls + 3


async def test_hint_does_not_hasten_what_a_busy_crm_asked_for(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    two_way.crm.down = CrmBusy(retry_after_s=300)
    await two_way.poller.step()
    two_way.wait(60)
    await two_way.polls.hint(CRM, ["1"])
    assert await two_way.poller.step() == 0


async def test_few_hints_are_kept_and_none_that_is_no_id(two_way: TwoWayShop) -> None:
    await two_way.polls.hint(CRM, ["", "x" * (LONGEST_ID + 1), "$hinted"])
    assert hints_of(await _place(two_way)) == ["$hinted"]
    for hundred in range(20):
        await two_way.polls.hint(CRM, [f"{hundred}-{number}" for number in range(100)])
    assert len(hints_of(await _place(two_way))) == MOST_HINTS


async def test_connection_that_is_not_polled_keeps_no_hints(two_way: TwoWayShop) -> None:
    await two_way.connections.note("pushed", ok=False)
    await two_way.polls.begin("old")
    await two_way.poller.step()
    for name in ("pushed", "old"):
        await two_way.polls.hint(name, ["1"])
    found = await two_way.mongo["crm_connections"].find({"hints": {"$exists": True}}).to_list()
    assert found == []


async def test_crm_that_is_away_is_left_alone(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    two_way.crm.down = CrmAway("down")
    calls = two_way.crm.calls
    two_way.crm.edit_as_person("1", note="trong lúc ngừng")
    for _ in range(60):
        await two_way.poller.step()
        two_way.wait(60)
    assert two_way.crm.calls - calls < 30
    two_way.crm.down = None
    for _ in range(6):
        await two_way.poller.step()
        two_way.wait(60)
    await two_way.push()
    assert (await two_way.here())["note"] == "trong lúc ngừng"


async def test_refused_credentials_pause_the_connection(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    two_way.crm.down = AuthRefused()
    calls = two_way.crm.calls
    for _ in range(5):
        await two_way.poller.step()
        two_way.wait(60)
    assert two_way.crm.calls == calls + 1
    two_way.crm.down = None
    two_way.crm.edit_as_person("1", note="sau đó")
    await two_way.connections.resume(CRM)
    await two_way.poller.step()
    await two_way.push()
    assert (await two_way.here())["note"] == "sau đó"


async def test_busy_crm_is_asked_no_sooner_than_it_says(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    two_way.crm.down = CrmBusy(retry_after_s=300)
    await two_way.poller.step()
    two_way.crm.down = None
    two_way.wait(299)
    assert await two_way.poller.step() == 0
    two_way.wait(1)
    assert await two_way.poller.step() == 1


async def test_field_that_is_gone_is_switched_off_and_the_others_are_read(
    two_way: TwoWayShop,
) -> None:
    await _linked(two_way)
    two_way.crm.edit_as_person("1", note="vẫn đọc được")
    two_way.crm.down = MappingBroken(fields=["email"])
    await two_way.poller.step()
    two_way.crm.down = None
    await two_way.poller.step()
    await two_way.push()
    found = await two_way.connections.get(CRM)
    assert (found.fields_off, found.failures) == ({"email": "crm_mapping_broken"}, 0)
    assert (await two_way.here())["note"] == "vẫn đọc được"


@pytest.mark.parametrize("fields", [["của ai khác"], []])
async def test_field_that_is_not_read_is_no_reason_to_ask_again_at_once(
    two_way: TwoWayShop, fields: list[str]
) -> None:
    await _linked(two_way)
    two_way.crm.down = MappingBroken(fields=fields)
    assert await two_way.poller.step() == 1
    assert await two_way.poller.step() == 0
    assert (await two_way.connections.get(CRM)).fields_off == {}
    two_way.crm.down = None
    two_way.wait(EVERY.total_seconds())
    assert await two_way.poller.step() == 1


async def test_failure_of_ours_is_tried_again(two_way: TwoWayShop) -> None:
    await _linked(two_way)
    two_way.crm.down = RuntimeError("a bug")  # type: ignore[assignment]
    assert await two_way.poller.step() == 1
    two_way.crm.down = None
    two_way.wait(EVERY.total_seconds())
    assert await two_way.poller.step() == 1


async def test_customer_who_waits_anyway_is_not_marked_again(two_way: TwoWayShop) -> None:
    """Marking begins the tries anew: a customer who fails would never be given up."""
    await _linked(two_way)
    two_way.crm.edit_as_person("1", note="b")
    await two_way.look()
    rev = (await two_way.known()).rev
    await two_way.look()
    assert (await two_way.known()).rev == rev


async def test_connection_that_is_not_known_here_waits_for_who_knows_it(
    two_way: TwoWayShop,
) -> None:
    """A process with the configuration of yesterday runs beside us while we roll out."""
    await _linked(two_way)
    two_way.crm.edit_as_person("1", note="cấu hình mới")
    old = Polling(two_way.polls, two_way.connections, {}, two_way.clock)
    before = (await _place(two_way))["read_to"]
    assert await old.step() == 1
    assert await old.step() == 0
    assert (await _place(two_way))["read_to"] == before
    two_way.clock.advance(UNKNOWN_AFTER)
    await two_way.poller.step()
    await two_way.push()
    assert (await two_way.here())["note"] == "cấu hình mới"


@pytest.mark.parametrize("ways", ["push then poll", "poll then push"])
async def test_change_that_is_seen_while_ours_is_on_its_way_is_taken(
    two_way: TwoWayShop, ways: str
) -> None:
    await _linked(two_way)
    two_way.crm.edit_as_person("1", note="của họ")
    await two_way.edit(phones=["+84987654321"])
    if ways == "push then poll":
        await two_way.push()
    await two_way.poll()
    here = await two_way.here()
    assert here["note"] == "của họ"
    assert two_way.crm.value("1", "phone") == "+84987654321"


class SlowCrm(FakeCrm):
    """Does not answer before it may."""

    asked: asyncio.Event
    may_answer: asyncio.Event

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        self.asked.set()
        await self.may_answer.wait()
        return await super().changed_since(place, fields, limit=limit)


def a_slow_crm(shop: TwoWayShop) -> SlowCrm:
    crm = SlowCrm(shop.clock)
    crm.asked, crm.may_answer = asyncio.Event(), asyncio.Event()
    return crm


def _polled(shop: TwoWayShop, name: str, crm: FakeCrm) -> Polled:
    line = Line(name, crm, Buckets(shop.mongo, shop.clock), 1000)
    return Polled(line, Looking(shop.store, shop.clock), shop.terms, EVERY)


async def test_slow_crm_holds_up_no_others(two_way: TwoWayShop) -> None:
    slow = a_slow_crm(two_way)
    polled = {CRM: _polled(two_way, CRM, two_way.crm), "slow": _polled(two_way, "slow", slow)}
    poller = Polling(two_way.polls, two_way.connections, polled, two_way.clock)
    stop = asyncio.Event()

    async def is_polled(calls: int) -> bool:
        return two_way.crm.calls >= calls and "token" not in (await _place(two_way))["poll"]

    async with asyncio.TaskGroup() as group:
        group.create_task(poller.run(stop))
        await asyncio.wait_for(slow.asked.wait(), 30)
        for calls in (1, 2, 3):
            await until(partial(is_polled, calls))
            two_way.wait(EVERY.total_seconds())
            two_way.polls.due.wake()
        stop.set()
        slow.may_answer.set()


async def test_lease_is_kept_while_the_crm_takes_long(two_way: TwoWayShop) -> None:
    lease = timedelta(milliseconds=150)
    polls = PollStore(two_way.mongo, two_way.clock, pace=Pace(lease=lease))
    slow = a_slow_crm(two_way)
    poller = Polling(polls, two_way.connections, {CRM: _polled(two_way, CRM, slow)}, two_way.clock)

    async def is_renewed() -> bool:
        held_until: datetime = (await _place(two_way))["poll"]["lease_until"]
        return held_until >= two_way.clock.now() + lease

    async with asyncio.TaskGroup() as group:
        group.create_task(poller.step())
        await asyncio.wait_for(slow.asked.wait(), 30)
        two_way.clock.advance(lease / 2)
        await until(is_renewed)
        slow.may_answer.set()
    assert "token" not in (await _place(two_way))["poll"]
