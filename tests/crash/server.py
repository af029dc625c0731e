"""The service wired as in production, in a process that kills itself where it is told to.

The kill needs no hook in the product: a listener of the driver hears of every database command
just before its bytes are sent, and just after the server has answered.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import uvloop
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from app.logging import configure_logging
from app.parts import Parts
from app.serving import listening_socket, running, until_told, url_of, with_platforms
from app.settings import Settings, load_settings
from inbox.clock import SystemClock, to_milliseconds
from inbox.mongo.client import Mongo
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.webhook_signing import SECRETS

APP_NAME = "crash-server"
"""By which fail points find the connections of these servers."""
_CONFIG = Path(__file__).parents[2] / "config.yaml"
_FIRST_WEBHOOK = "insert:webhook_journal"

Moment = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class KillPoint:
    """Before or after the `number`-th command of this `kind`, any kind when it is None.

    Counted from the first command of the kind `counted_from` on (which is number 1), or from the
    start.
    """

    moment: Moment
    number: int
    kind: str | None = None
    from_start: bool = False
    counted_from: str = _FIRST_WEBHOOK


@dataclass(frozen=True, slots=True)
class Start:
    """How a server is started.

    `ahead` moves its clock, so that leases of the dead have ended; `batch` is the number of
    bodies per transaction. `sends_to` is the file in which what Facebook customers get is kept,
    `besides` are further settings.
    """

    uri: str
    database: str
    data: Path
    lease: timedelta = timedelta(seconds=15)
    poll: timedelta = timedelta(seconds=1)
    ahead: timedelta = timedelta(0)
    batch: int = 128
    kill: KillPoint | None = None
    sends_to: Path | None = None
    against: "Against | None" = None
    besides: Mapping[str, Any] = field(default_factory=dict)

    def parts(self) -> Parts:
        if self.against is not None:
            return Parts(clock=self.against.clock(self.ahead))
        clock = AheadClock(self.ahead)
        if self.sends_to is None:
            return Parts(clock=clock)
        messenger = FakeMessenger(FakePlatform(file=self.sends_to))
        return Parts(clock=clock, messengers={"facebook": messenger})

    def settings(self) -> Settings:
        against = self.against
        return load_settings(
            _CONFIG,
            against.environment if against is not None else SECRETS,
            {
                **(against.settings if against is not None else {}),
                **self.besides,
                "app.data": self.data,
                "app.http.port": 0,
                "app.log.level": "error",
                "inbox.mongo.database": self.database,
                "inbox.journal.lease": self.lease,
                "inbox.receiving.batch": self.batch,
                "inbox.receiving.lease": self.lease,
                "inbox.receiving.poll": self.poll,
                "inbox.receiving.pause_when_away": timedelta(milliseconds=50),
            },
        )


@dataclass(frozen=True, slots=True)
class Against:
    """Real clients against simulated platforms, on a clock that is `speed` times as fast.

    `since` is when it began to be; `settings` say where the platforms are.
    """

    environment: Mapping[str, str]
    settings: Mapping[str, Any]
    since: datetime
    speed: float

    def clock(self, ahead: timedelta = timedelta(0)) -> "FastClock":
        return FastClock(self.since, self.speed, ahead)


class FastClock:
    """As this machine's clock at `since`, and `speed` times as fast from then on."""

    def __init__(self, since: datetime, speed: float, ahead: timedelta = timedelta(0)) -> None:
        self._clock = SystemClock()
        self._since = since
        self._speed = speed
        self.ahead = ahead

    def now(self) -> datetime:
        passed = (self._clock.now() - self._since) * self._speed
        return to_milliseconds(self._since + passed + self.ahead)


class AheadClock:
    """The clock of this machine, moved by a fixed amount."""

    def __init__(self, ahead: timedelta) -> None:
        self._clock = SystemClock()
        self._ahead = ahead

    def now(self) -> datetime:
        return to_milliseconds(self._clock.now() + self._ahead)


class Killer(CommandListener):
    """Counts database commands, tells their kinds, and kills this process at the kill point."""

    def __init__(self, kill: KillPoint | None) -> None:
        self._kill = kill
        self._counting = kill is not None and kill.from_start
        self._counted_from = kill.counted_from if kill is not None else _FIRST_WEBHOOK
        self._count = 0
        self._fatal: int | None = None
        self.kinds: list[str] = []
        """Of the commands since the first webhook, in their order."""

    def started(self, event: CommandStartedEvent) -> None:
        kind = kind_of(event)
        self._counting = self._counting or kind == self._counted_from
        if not self._counting:
            return
        self.kinds.append(kind)
        if self._kill is None or self._kill.kind not in (None, kind):
            return
        self._count += 1
        if self._count != self._kill.number:
            return
        if self._kill.moment == "before":
            die()
        self._fatal = event.request_id

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.request_id == self._fatal:
            die()

    def failed(self, event: CommandFailedEvent) -> None:
        """The server answered all the same."""
        if event.request_id == self._fatal:
            die()


def kind_of(event: CommandStartedEvent) -> str:
    """A command by what it does to which collection, such as `update:conversations in txn`."""
    name, command = event.command_name, event.command
    target = command.get("collection") if name == "getMore" else command.get(name)
    kind = f"{name}:{target}" if isinstance(target, str) else name
    in_transaction = command.get("autocommit") is False and name != "commitTransaction"
    return f"{kind} in txn" if in_transaction else kind


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(start: Start, parent: Connection) -> None:
    """Serve until SIGTERM: sends the URL when ready, and the kinds of commands at the end."""
    uvloop.run(_serve(start, parent.send))


async def _serve(start: Start, tell: Callable[[Any], None]) -> None:
    settings = start.settings()
    configure_logging(settings.app.log)
    killer = Killer(start.kill)
    mongo = Mongo.connect(start.uri, start.database, event_listeners=[killer], appname=APP_NAME)
    listening = listening_socket("127.0.0.1", 0)
    parts = start.parts()
    if start.against is not None:
        parts = with_platforms(settings, mongo, parts)
    async with running(settings, mongo, listening, parts):
        tell(url_of(listening))
        await until_told()
    tell(killer.kinds)
