"""A CRM that is away is left alone by all processes, and looked after by one of them."""

import asyncio
from datetime import timedelta

from crm_sync.connections.model import FIRST_REST, LONGEST_REST, OPENS_AFTER
from crm_sync.connections.store import PROBE_WITHIN, ConnectionStore
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo

MOST = 10


async def _fail(store: ConnectionStore, times: int = OPENS_AFTER) -> None:
    for _ in range(times):
        await store.note("odoo", ok=False)


async def test_it_rests_after_failures_in_a_row_of_all_processes(
    mongo: Mongo, clock: FixedClock
) -> None:
    one, two = ConnectionStore(mongo, clock), ConnectionStore(mongo, clock)
    await asyncio.gather(*(store.note("odoo", ok=False) for store in (one, two, one, two)))
    assert await one.allowed("odoo", MOST)

    await two.note("odoo", ok=False)

    assert not await one.allowed("odoo", MOST)
    assert not await two.allowed("odoo", MOST)
    assert (await one.get("odoo")).failures == OPENS_AFTER
    assert await one.allowed("hubspot", MOST)  # has nothing to do with it


async def test_an_answer_between_makes_the_count_begin_anew(
    mongo: Mongo, clock: FixedClock
) -> None:
    store = ConnectionStore(mongo, clock)
    await _fail(store, OPENS_AFTER - 1)
    await store.note("odoo", ok=True)
    await _fail(store, OPENS_AFTER - 1)
    assert await store.allowed("odoo", MOST)


async def test_after_the_rest_one_process_finds_out_whether_it_is_back(
    mongo: Mongo, clock: FixedClock
) -> None:
    store = ConnectionStore(mongo, clock)
    await _fail(store)
    clock.advance(FIRST_REST)

    answers = await asyncio.gather(*(store.allowed("odoo", MOST) for _ in range(10)))
    assert sorted(answers) == [0] * 9 + [1]
    clock.advance(PROBE_WITHIN)  # it has died
    assert await store.allowed("odoo", MOST) == 1
    await store.note("odoo", ok=True)

    assert await store.allowed("odoo", MOST) == MOST
    assert await store.allowed("odoo", MOST) == MOST


async def test_every_probe_in_vain_makes_the_rest_longer_to_an_end(
    mongo: Mongo, clock: FixedClock
) -> None:
    store = ConnectionStore(mongo, clock)
    await _fail(store)
    rests = []
    for _ in range(10):
        connection = await store.get("odoo")
        assert connection.rests_until is not None
        rests.append(connection.rests_until - clock.now())
        clock.advance(rests[-1])
        assert await store.allowed("odoo", MOST)
        await store.note("odoo", ok=False)
    assert rests[:3] == [FIRST_REST, FIRST_REST * 2, FIRST_REST * 4]
    assert rests[-1] == LONGEST_REST


async def test_refused_credentials_pause_it_until_somebody_says_otherwise(
    mongo: Mongo, clock: FixedClock
) -> None:
    store = ConnectionStore(mongo, clock)
    answers = await asyncio.gather(*(store.pause("odoo", "crm_auth_refused") for _ in range(5)))
    assert sorted(answers) == [False] * 4 + [True]  # one alert
    clock.advance(timedelta(days=3))
    assert not await store.allowed("odoo", MOST)

    await store.resume("odoo")

    assert await store.allowed("odoo", MOST)
    assert await store.pause("odoo", "crm_auth_refused")


async def test_fields_are_switched_off_with_their_reasons(mongo: Mongo, clock: FixedClock) -> None:
    store = ConnectionStore(mongo, clock)
    await store.switch_off("odoo", {"x_studio.size": "unknown", "mobile": "read_only"})
    found = (await store.get("odoo")).fields_off
    assert found == {"x_studio.size": "unknown", "mobile": "read_only"}
    await store.switch_off("odoo", {})
    assert (await store.get("odoo")).fields_off == {}


async def test_only_the_probe_that_is_running_can_be_given_back(
    mongo: Mongo, clock: FixedClock
) -> None:
    store = ConnectionStore(mongo, clock)
    await _fail(store)
    clock.advance(FIRST_REST)
    first = await store.permit("odoo", MOST)
    await store.give_back("odoo", first)
    clock.advance(timedelta(seconds=1))
    assert (await store.permit("odoo", MOST)).most == 1

    await store.give_back("odoo", first)

    assert await store.allowed("odoo", MOST) == 0
