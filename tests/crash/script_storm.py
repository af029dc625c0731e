"""Workers of timed scripts whose clocks are fast, differ, and jump by an hour now and then."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.parts import Parts
from inbox.clock import to_milliseconds
from tests.crash.server import FastClock, Start
from tests.fake_messenger import FakeMessenger, FakePlatform

_JUMPS = (timedelta(hours=-1), timedelta(hours=1), *[timedelta()] * 6)
_JUMPS_EVERY = timedelta(seconds=30)
"""Of the fast time: half a second of ours at the speed of a minute per second."""


class JumpyClock:
    """As `clock`, and now and then for a while an hour before or behind it.

    The same `seed` jumps at the same moments.
    """

    def __init__(self, clock: FastClock, since: datetime, seed: int) -> None:
        self._clock = clock
        self._since = since
        self._seed = seed

    def now(self) -> datetime:
        moment = self._clock.now()
        turn = (moment - self._since) // _JUMPS_EVERY
        chance = random.Random(f"{self._seed}:{turn}")
        return to_milliseconds(moment + chance.choice(_JUMPS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStart(Start):
    """A worker that sends to the file `taken`; its clock jumps if it has a `seed`."""

    taken: Path
    since: datetime
    speed: float
    seed: int | None = None

    def parts(self) -> Parts:
        messenger = FakeMessenger(FakePlatform(file=self.taken))
        fast = FastClock(self.since, self.speed, self.ahead)
        clock = fast if self.seed is None else JumpyClock(fast, self.since, self.seed)
        return Parts(clock=clock, roles=frozenset({"workers"}), messengers={"facebook": messenger})
