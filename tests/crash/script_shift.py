"""A worker of timed scripts in a process of its own, which kills itself where it is told to.

Its clock stands still while it works, and goes from one due moment to the next: a script of some
days takes a second, and the same commands come in the same order every time.
"""

import logging
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
import uvloop
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from inbox.clock import FixedClock
from inbox.conversations.changes import KeepMessage
from inbox.conversations.model import Author, IdentityRef, MessageRef, ThreadRef, Window
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.ports import Outgoing, Sent
from tests.crash.fleet import Server
from tests.crash.server import Moment, die, kind_of
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.scheduler.script_world import BOT, PAGES, ScriptWorld
from tests.waiting import until

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.crash.server", "tests.crash.script_shift"])
_READS = ("find", "aggregate", "getMore")


@dataclass(frozen=True, slots=True)
class Point:
    """Before or after the `number`-th database command or outgoing request.

    Reads outside of a transaction leave nothing behind, so that a death at one of them is the
    same as at what comes next; they count if `reads`.
    """

    moment: Moment
    number: int
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """How a worker works: from `since` to `until`, by its own clock.

    `taken` is the file in which what customers get is kept. `hears` is what a customer has said and
    when, which the worker takes in first.
    """

    uri: str
    database: str
    folder: Path
    taken: Path
    since: datetime
    until: datetime
    kill: Point | None = None
    hears: tuple[str, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """Whether it has killed itself, and when that was by its clock."""

    killed: bool
    at: datetime


class Fate(CommandListener):
    """Counts commands and requests, and kills this process at the point that it is told."""

    def __init__(self, point: Point | None) -> None:
        self._point = point
        self._count = 0
        self._fatal: int | None = None
        self.is_watching = True

    def meets(self) -> bool:
        """One more has begun. True when its end is the end of this process."""
        self._count += 1
        if self._point is None or self._count != self._point.number:
            return False
        if self._point.moment == "before":
            die()
        return True

    def started(self, event: CommandStartedEvent) -> None:
        if self._is_counted(event) and self.meets():
            self._fatal = event.request_id

    def _is_counted(self, event: CommandStartedEvent) -> bool:
        if not self.is_watching or self._point is None:
            return False
        lasts = event.command_name not in _READS or kind_of(event).endswith(" in txn")
        return lasts or self._point.reads

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.request_id == self._fatal:
            die()

    def failed(self, event: CommandFailedEvent) -> None:
        """The server answered all the same."""
        if event.request_id == self._fatal:
            die()


class MortalMessenger(FakeMessenger):
    """Its requests are points at which the process may die."""

    def __init__(self, platform: FakePlatform, fate: Fate) -> None:
        super().__init__(platform)
        self._fate = fate

    async def send(self, outgoing: Outgoing) -> Sent:
        is_last = self._fate.meets()
        sent = await super().send(outgoing)
        if is_last:
            die()
        return sent


class TellingClock(FixedClock):
    """Tells what it shows, so that somebody else can go on from there."""

    def __init__(self, now: datetime, tell: Callable[[datetime], None]) -> None:
        super().__init__(now)
        self._tell = tell

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        self._tell(self.now())


class ShiftWorld(ScriptWorld):
    """What customers get outlives the process; only what the product does counts."""

    def __init__(
        self, mongo: Mongo, clock: FixedClock, folder: Path, *, taken: Path, fate: Fate
    ) -> None:
        super().__init__(mongo, clock, folder)
        self.platform = FakePlatform(file=taken)
        messenger = MortalMessenger(self.platform, fate)
        self.messengers |= {"facebook": messenger, "zalo": messenger}
        self.triggering.add(BOT)
        self._fate = fate

    async def hears(self, text: str, at: datetime) -> None:
        """Hoa writes; the platform delivers it again to whoever asks, and it is the same."""
        page = PAGES["facebook"]
        change = KeepMessage(
            message=MessageRef("facebook", page, "heard"),
            at=at,
            thread=ThreadRef("facebook", page, "inbox", "hoa"),
            customer=IdentityRef("facebook", page, "hoa"),
            direction="in",
            author=Author("customer"),
            text=text,
            window=Window(at + timedelta(hours=24), "standard"),
        )
        await self.applier.apply([change], bots={account_key("facebook", page): BOT})

    async def _next_due(self) -> datetime | None:
        self._fate.is_watching = False
        try:
            return await super()._next_due()
        finally:
            self._fate.is_watching = True


def run(shift: Shift, parent: Connection) -> None:
    only_errors = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=only_errors)
    uvloop.run(_work(shift, parent.send))


async def _work(shift: Shift, tell: Callable[[datetime], None]) -> None:
    fate = Fate(shift.kill)
    mongo = Mongo.connect(shift.uri, shift.database, event_listeners=[fate])
    clock = TellingClock(shift.since, tell)
    world = ShiftWorld(mongo, clock, shift.folder, taken=shift.taken, fate=fate)
    if shift.hears is not None:
        await world.hears(*shift.hears)
    await world.pass_time(until=shift.until)
    await mongo.close()


async def worked(shift: Shift) -> Ended:
    """Let a worker work until it is done, or dead."""
    ours, theirs = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=run, args=(shift, theirs), daemon=True)
    process.start()
    theirs.close()
    worker, at = Server(process, ours), shift.since

    def has_ended() -> bool:
        nonlocal at
        is_over = not worker.alive
        try:
            while ours.poll():
                at = ours.recv()
        except EOFError:
            return not worker.alive
        return is_over

    try:
        await until(has_ended, within_s=60)
        code = process.exitcode
        assert code in (0, -9), f"the worker has failed: {code}"
        return Ended(code == -9, at)
    finally:
        worker.kill()
        process.join()
        process.close()
        ours.close()
