"""Steps that fail for reasons nobody foresaw: tried again, given up, and no harm to the others."""

from collections.abc import Awaitable, Callable

import pytest

from inbox.clock import FixedClock
from inbox.conversations.replying.errors import (
    ChannelCannotSend,
    EmptyMessage,
    RefusedByChannel,
)
from inbox.media.uploads import UploadNotFound
from inbox.mongo.client import Mongo
from inbox.signals.store import SignalStore
from scheduler.enrolments.running import MOST_TRIES, Running
from scheduler.enrolments.sending import Record, ReplySender, Saying
from scheduler.enrolments.surroundings import AroundReader
from scheduler.enrolments.turns import following_of
from scheduler.scripts.documents import enrolment_from
from scheduler.scripts.wording import REASONS
from tests.scheduler.script_world import ScriptWorld, step


class BrokenSender:
    """Says what it is asked to, but for one text, at which something breaks."""

    def __init__(self, world: ScriptWorld, broken: str) -> None:
        self._sender = ReplySender(world.mongo, world.replies, world.clock)
        self._broken = broken
        self.before: Callable[[], Awaitable[object]] | None = None

    async def send(self, saying: Saying, record: Record) -> bool:
        if saying.text() == self._broken:
            if self.before is not None:
                await self.before()
            raise RuntimeError("broken")
        return await self._sender.send(saying, record)

    async def hand_over(self, saying: Saying, record: Record) -> bool:
        return await self._sender.hand_over(saying, record)


def _running(world: ScriptWorld, sender: BrokenSender) -> Running:
    mongo, clock = world.mongo, world.clock
    signals = SignalStore(mongo, clock)
    return Running(world.store, AroundReader(mongo), signals, sender, clock)


async def test_a_step_that_breaks_is_given_up_and_the_next_one_goes_out(
    world: ScriptWorld,
) -> None:
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    script = await world.script(step(1, text="hỏng"), step(1, text="hai"))
    await world.attached(hoa, script)
    await world.attached(mai, await world.script(step(1, text="khác")))
    running = _running(world, BrokenSender(world, "hỏng"))
    world.scripts.running = running

    await world.pass_time(hours=4)

    one = await world.enrolment(hoa)
    assert [(e["result"], (e["reason"] or {}).get("code")) for e in one["log"]] == [
        ("failed", "internal"),
        ("sent", None),
    ]
    assert world.got() == ["khác", "hai"]


async def test_one_that_is_lost_while_it_is_given_up_does_not_disturb_the_batch(
    world: ScriptWorld, mongo: Mongo
) -> None:
    hoa, mai = await world.writes("hoa"), await world.writes("mai")
    enrolment = await world.attached(hoa, await world.script(step(0, "second", text="hỏng")))
    await world.attached(mai, await world.script(step(0, "second", text="khác")))
    await mongo["enrolments"].update_one(
        {"_id": enrolment}, {"$set": {"work.attempts": MOST_TRIES}}
    )
    sender = BrokenSender(world, "hỏng")
    sender.before = lambda: world.detach(hoa, enrolment)

    assert await _running(world, sender).step() == 2

    assert [text for text, _ in await world.said_at()] == ["khác"]
    assert (await world.enrolment(hoa))["reason"]["code"] == "detached"


async def test_what_is_paused_while_a_script_is_timed_anew_stays_paused(
    world: ScriptWorld, clock: FixedClock
) -> None:
    hoa = await world.writes("hoa")
    script_id = await world.script(step(1))
    enrolment = await world.attached(hoa, script_id)
    read = await world.store.get(enrolment)
    assert read is not None
    assert (await world.change(hoa, enrolment, "pause")).status == 200
    around = await AroundReader(world.mongo).read([read])
    script = around.scripts[script_id]
    following = following_of(enrolment_from(read), script, around.facts("bot1", hoa))

    await world.store.retime([(read, following, script.version + 1)])

    stored = await world.store.get(enrolment)
    assert stored is not None
    assert stored["status"] == "paused"
    assert "work" not in stored


@pytest.mark.parametrize(
    "error",
    [UploadNotFound, EmptyMessage, RefusedByChannel, ChannelCannotSend],
)
def test_whatever_a_step_fails_by_has_a_sentence(error: type[Exception]) -> None:
    code: str = error.code  # type: ignore[attr-defined]
    assert all(REASONS[code])
