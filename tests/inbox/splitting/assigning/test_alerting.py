"""Customers who wait for too long: chosen staff are told, once each time."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Document, Mongo
from tests.inbox.splitting.assigning.split_desk import BOT, SplitDesk

ALERT = {"after_min": 15, "staff_ids": ["boss", "lead"]}


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> SplitDesk:
    return SplitDesk(mongo, clock)


async def _open(desk: SplitDesk, **settings: Any) -> None:
    await desk.open("a", "b", **{"alert": ALERT, **settings})
    await desk.mongo["staff"].insert_many(
        [
            {"_id": one, "name": one, "email": one, "role": role, "active": True}
            for one, role in (("boss", "owner"), ("lead", "manager"))
        ]
    )


async def _notices(desk: SplitDesk, kind: str = "uncared") -> list[Document]:
    found = desk.mongo["notices"].find({"kind": kind})
    return sorted(await found.to_list(), key=lambda one: (one["at"], one["staff_id"]))


@pytest.mark.parametrize("enabled", [True, False])
async def test_each_waiting_period_is_told_once(desk: SplitDesk, enabled: bool) -> None:
    """X.SPL.23: exactly one alert per waiting period, whether or not the bot splits."""
    await _open(desk, enabled=enabled)
    if not enabled:
        desk.splitting.clear()
    thread = await desk.message("hoa")
    await desk.pass_time(14)
    assert await _notices(desk) == []
    await desk.pass_time(2)
    told = await _notices(desk)
    assert [(one["staff_id"], one["conversation_id"]) for one in told] == [
        ("boss", thread),
        ("lead", thread),
    ]
    await desk.message("hoa", "Alo?")
    await desk.pass_time(60)
    assert len(await _notices(desk)) == 2
    frames = [one async for one in desk.mongo["live_events"].find({"type": "notice"})]
    assert sorted(one["staff_ids"][0] for one in frames) == ["boss", "lead"]

    await desk.reply(thread, "a")
    await desk.pass_time(1)
    await desk.message("hoa", "Thế còn size L?")
    await desk.pass_time(60)
    assert len(await _notices(desk)) == 4


async def test_an_answer_in_time_is_no_alert(desk: SplitDesk) -> None:
    """X.SPL.23."""
    await _open(desk)
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(10)
    await desk.reply(thread, "a")
    await desk.pass_time(30)
    assert await _notices(desk) == []


async def test_a_message_that_comes_late_alarms_nobody(desk: SplitDesk) -> None:
    """X.SPL.23: back-filled, two hours old; and one of the same period that comes late."""
    await _open(desk)
    desk.clock.advance(timedelta(hours=3))
    await desk.message("cu", ago=timedelta(hours=2))
    await desk.pass_time(30)
    assert await _notices(desk) == []
    await desk.message("hoa")
    await desk.pass_time(16)
    assert len(await _notices(desk)) == 2
    await desk.message("hoa", "Gửi trước, đến sau", ago=timedelta(minutes=30))
    await desk.pass_time(30)
    assert len(await _notices(desk)) == 2, "it is the same waiting period"


async def test_two_processes_tell_once(desk: SplitDesk) -> None:
    """X.SPL.23."""
    await _open(desk)
    await desk.messages(f"k{number}" for number in range(20))
    desk.clock.advance(timedelta(minutes=16))
    second = desk.another("second")
    alerts = [one._alerts for one in (desk.assigner, second)]

    async def held(_: Any) -> None:
        """Both believe that the bot is theirs."""

    told = await asyncio.gather(*(one.tell(BOT, held) for one in alerts))
    assert sum(told) == 20
    assert len(await _notices(desk)) == 40


async def test_whoever_has_left_is_not_told(desk: SplitDesk) -> None:
    await _open(desk)
    await desk.mongo["staff"].update_one({"_id": "lead"}, {"$set": {"active": False}})
    await desk.message("hoa")
    await desk.pass_time(16)
    assert [one["staff_id"] for one in await _notices(desk)] == ["boss"]


@pytest.mark.parametrize(
    ("alert", "told"), [(None, ["boss"]), ({"after_min": 999, "staff_ids": ["lead"]}, ["lead"])]
)
async def test_leaders_are_told_when_nobody_answered_in_any_round(
    desk: SplitDesk, alert: Any, told: list[str]
) -> None:
    """X.SPL.13: after max rounds it is nobody's, and a leader is told."""
    await _open(desk, alert=alert)
    await desk.rule(resplit={"after_min": 10, "max_rounds": 1, "working_hours_only": False})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(60)
    assert (await desk.conversation(thread))["split"]["state"] == "released"
    notices = await _notices(desk, "unassigned")
    assert [one["staff_id"] for one in notices] == told
    assert notices[0]["data"] == {"round": 1}
