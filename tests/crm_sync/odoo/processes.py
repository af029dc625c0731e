"""Servers that a test session starts, each under its own user, none of which outlives it."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class DidNotStart(Exception):
    """With the end of what it said."""


@dataclass(frozen=True, slots=True)
class Child:
    """A server that was started; `log` is where it writes, from this start on."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, ready: Callable[[], bool], seconds: float = 120) -> None:
        """Raises DidNotStart: it ended, or took too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise DidNotStart(self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.05)  # between two looks

    def stop(self, with_signal: signal.Signals = signal.SIGTERM, seconds: float = 20) -> None:
        """Ask it to end, then insist."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(command: Sequence[str], log: Path, *, user: str | None = None) -> Child:
    """Start a server that ends when this process does, however that one is killed.

    From the main thread only: for the kernel it is the calling thread that must not end.
    """
    assert threading.current_thread() is threading.main_thread()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_bound_to_us(user), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for pytest, which then stops its servers in order
        )
    return Child(process, log)


def run(command: Sequence[str], *, user: str | None = None) -> None:
    """Run to the end. Raises DidNotStart, with what it said, if it fails."""
    done = subprocess.run(
        [*_bound_to_us(user), *command], capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode:
        raise DidNotStart(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-4000:]}")


def _bound_to_us(user: str | None) -> list[str]:
    """What stands before a command: the kernel interrupts it when we die. (On SIGQUIT, Odoo only
    says where it is.)
    """
    if shutil.which("setpriv") is None:  # not Linux
        assert user is None, "nobody is root there"
        return []
    words = ["setpriv", "--pdeathsig", "INT"]
    if user is not None:
        words += ["--reuid", user, "--regid", user, "--clear-groups"]
    return [*words, "--"]


def unprivileged(user: str) -> str | None:
    """The user to run as what refuses to run as root: nobody else if we are not root."""
    return user if os.geteuid() == 0 else None
