"""Several processes on one port: the parent starts them, replaces those that die, stops them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import structlog

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 0.2
_RESTART_PAUSE_S = 1.0
"""A child that dies at once must not be started in a busy loop."""


class Supervisor:
    """Runs `count` children of one command until SIGINT or SIGTERM."""

    def __init__(self, command: Sequence[str], count: int, variables: dict[str, str]) -> None:
        """`variables` are added to the environment of the children: the database's URI."""
        self._command = command
        self._count = count
        # NAME_FILE would be a second source of the same secret, which the settings refuse
        theirs = {f"{name}_FILE" for name in variables}
        ours = {name: one for name, one in os.environ.items() if name not in theirs}  # noqa: TID251 - handed on, not read
        self._environment = ours | variables
        self._stopping = False

    def run(self) -> None:
        """Return when told to stop and every child has drained."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        children = [self._start() for _ in range(self._count)]
        while not self._stopping:
            time.sleep(_LOOK_EVERY_S)
            for place, child in enumerate(children):
                if child.poll() is not None and not self._stopping:
                    log.error("a process died and is replaced", exit_code=child.returncode)
                    time.sleep(_RESTART_PAUSE_S)
                    children[place] = self._start()
        for child in children:
            child.terminate()
        for child in children:
            child.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        # a session of its own: Ctrl-C reaches the parent, which tells the children once
        return subprocess.Popen(  # noqa: S603 - our own command line
            self._command,
            env=self._environment,
            start_new_session=True,
        )

    def _stop(self, *_: object) -> None:
        self._stopping = True


def this_program(*arguments: str) -> list[str]:
    """The command that runs `python -m app` with these arguments."""
    return [sys.executable, "-m", "app", *arguments]
