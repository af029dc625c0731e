"""Presence: kept alive by open inboxes of any process, ended by time; breaks, chosen or not."""

import asyncio
from datetime import datetime, timedelta

import pytest

from inbox.clock import FixedClock
from inbox.config import PresenceConfig
from inbox.mongo.client import Mongo
from inbox.splitting.presence.keeping import PresenceEnding, PresenceKeeping
from inbox.splitting.presence.model import Connected
from inbox.splitting.presence.store import PresenceStore

CONFIG = PresenceConfig()
LAN, MINH = "lan", "minh"


class Office:
    """One database, two processes with open inboxes, and the worker that ends presence."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.store = PresenceStore(mongo, clock)
        self.open: list[list[Connected]] = [[], []]
        self.processes = [self._process(place) for place in (0, 1)]
        self.idle_after: dict[str, timedelta] = {}
        self.ending = PresenceEnding(self.store, clock, self._idle)

    def _process(self, place: int) -> PresenceKeeping:
        store = PresenceStore(self.mongo, self.clock)
        return PresenceKeeping(store, lambda: self.open[place], self.clock, CONFIG)

    async def _idle(self, now: datetime) -> dict[str, datetime]:
        return {bot: now - after for bot, after in self.idle_after.items()}

    async def pass_time(self, delta: timedelta) -> None:
        """The time goes by in rounds, as the loops would make them."""
        ends = self.clock.now() + delta
        while self.clock.now() < ends:
            self.clock.advance(min(ends - self.clock.now(), CONFIG.extend_every))
            for process in self.processes:
                await process.extend()
            await self.ending.step()

    async def state(self, staff_id: str = LAN) -> str:
        return (await self.store.of([staff_id]))[staff_id].state

    async def told(self) -> list[str]:
        found = self.mongo["live_events"].find({"type": "presence_changed"}).sort("_id", 1)
        return [event["data"]["state"] async for event in found]


@pytest.fixture
async def office(mongo: Mongo, clock: FixedClock) -> Office:
    await mongo["bots"].insert_one({"_id": "bot", "name": "Hoa", "member_ids": [LAN, MINH]})
    return Office(mongo, clock)


async def test_an_open_inbox_keeps_a_person_online_and_a_cut_line_ends_it(office: Office) -> None:
    """X.SPL.11: no heartbeat for the TTL means offline, without any logout."""
    office.open[0] = [Connected(LAN, by_phone=False)]
    await office.pass_time(timedelta(minutes=10))
    assert await office.state() == "online"
    assert await office.told() == ["online"]

    office.open[0] = []
    await office.pass_time(CONFIG.lasts + CONFIG.extend_every)
    assert await office.state() == "offline"
    assert await office.told() == ["online", "offline"]


async def test_a_restart_leaves_no_ghost_online(office: Office) -> None:
    """X.SPL.11: the process died with the connection; nobody is left to say so."""
    office.open[0] = [Connected(LAN, by_phone=False)]
    await office.processes[0].extend()
    office.processes.clear()

    office.clock.advance(CONFIG.lasts)
    assert await office.state() == "offline", "reading does not wait for the worker"
    await office.ending.step()
    assert await office.told() == ["online", "offline"]


async def test_a_second_tab_in_another_process_keeps_the_person_online(office: Office) -> None:
    office.open[0] = office.open[1] = [Connected(LAN, by_phone=False)]
    await office.pass_time(timedelta(minutes=1))
    office.open[0] = []
    await office.pass_time(timedelta(minutes=5))
    assert await office.state() == "online"
    assert await office.told() == ["online"], "arriving is told once, whatever the number of tabs"


async def test_a_phone_may_sleep_in_a_pocket_for_a_while(office: Office) -> None:
    office.open[0] = [Connected(LAN, by_phone=True), Connected(MINH, by_phone=False)]
    await office.pass_time(timedelta(seconds=15))
    office.open[0] = []
    await office.pass_time(timedelta(minutes=3))
    assert (await office.state(LAN), await office.state(MINH)) == ("online", "offline")
    await office.pass_time(timedelta(minutes=3))
    assert await office.state(LAN) == "offline"


async def test_a_break_lasts_until_the_person_ends_it(office: Office) -> None:
    """X.SPL.11: "Tạm nghỉ" outlives the connection."""
    office.open[0] = [Connected(LAN, by_phone=False)]
    await office.pass_time(timedelta(seconds=15))
    assert await office.store.take_break(LAN, "self")
    assert not await office.store.take_break(LAN, "self"), "a repeat changes nothing"
    office.open[0] = []
    await office.pass_time(timedelta(hours=1))
    office.open[0] = [Connected(LAN, by_phone=False)]
    await office.pass_time(timedelta(seconds=15))
    assert await office.state() == "away"

    assert await office.store.end_break(LAN)
    assert await office.state() == "online"
    assert await office.told() == ["online", "away", "offline", "away", "online"]


async def test_a_break_may_be_chosen_before_coming_and_ended_before_coming(office: Office) -> None:
    assert not await office.store.take_break(LAN, "self")
    office.open[0] = [Connected(LAN, by_phone=False)]
    await office.processes[0].extend()
    assert await office.state() == "away"
    await office.store.leave(LAN)
    assert not await office.store.end_break(LAN)
    await office.processes[0].extend()
    assert await office.state() == "online"


async def test_whoever_lets_customers_wait_is_sent_to_a_break(office: Office) -> None:
    """X.SPL.11: away by itself after N minutes without a reply; a reply brings them back."""
    office.open[0] = [Connected(LAN, by_phone=False), Connected(MINH, by_phone=False)]
    office.idle_after["bot"] = timedelta(minutes=10)
    await office.pass_time(timedelta(minutes=1))
    waits = {"bot_id": "bot", "status": "open", "waiting_since": office.clock.now()}
    await office.mongo["conversations"].insert_many(
        [{"_id": "c1", "assignee_id": LAN, **waits}, {"_id": "c2", "assignee_id": MINH, **waits}]
    )
    await office.pass_time(timedelta(minutes=8))
    await office.store.note_reply(MINH, office.clock.now())
    assert await office.state(LAN) == "online"
    await office.pass_time(timedelta(minutes=3))
    assert (await office.state(LAN), await office.state(MINH)) == ("away", "online")

    await office.store.note_reply(LAN, office.clock.now())
    assert await office.state(LAN) == "online"
    await office.pass_time(timedelta(minutes=1))
    assert await office.state(LAN) == "online", "the reply counts, though the customer still waits"


async def test_a_break_by_idleness_ends_with_going_home(office: Office) -> None:
    office.open[0] = [Connected(LAN, by_phone=False)]
    await office.pass_time(timedelta(seconds=15))
    await office.store.take_break(LAN, "auto")
    await office.store.leave(LAN)
    await office.pass_time(timedelta(seconds=15))
    assert await office.state() == "online"


async def test_an_extension_between_claim_and_expiry_wins(office: Office) -> None:
    await office.store.extend({LAN: office.clock.now() + CONFIG.lasts})
    office.clock.advance(CONFIG.lasts)
    (claimed,) = await office.store.due.claim(10)
    await office.store.extend({LAN: office.clock.now() + CONFIG.lasts})
    assert not await office.store.expire(claimed)
    assert await office.state() == "online"
    await office.pass_time(CONFIG.lasts + timedelta(minutes=1))
    assert await office.state() == "offline", "its expiry is due again"


async def test_two_processes_that_see_somebody_arrive_tell_it_once(office: Office) -> None:
    until = {LAN: office.clock.now() + CONFIG.lasts}
    arrived = await asyncio.gather(
        *(PresenceStore(office.mongo, office.clock).extend(until) for _ in range(8))
    )
    assert [one for found in arrived for one in found] == [LAN]
    assert await office.told() == ["online"]
