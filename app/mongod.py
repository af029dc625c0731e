"""One mongod process on one data directory: start it, find it again, end it cleanly."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from app.data_lock import write_private
from inbox.errors import Unavailable

log = structlog.get_logger(__name__)

_PAUSE_S = 0.02
_LOG_MAX_BYTES = 10 * 1024 * 1024
_LISTENS = '"id":23016,'
"""The log line "Waiting for connections"."""


class MongodMissing(Unavailable):
    """There is no mongod to start."""

    code = "mongod_missing"
    vi = 'Không tìm thấy mongod: cài MongoDB, hoặc "pip install .[embedded]", hoặc đặt --mongo-uri.'
    en = 'No mongod found: install MongoDB, or "pip install .[embedded]", or set --mongo-uri.'


class MongodFailed(Unavailable):
    """The server ended right after its start."""

    code = "mongod_failed"
    vi = "MongoDB nhúng không khởi động được (xem {log}): {reason}"
    en = "The embedded MongoDB did not start (see {log}): {reason}"


class Mongod:
    """The process that serves `directory/db`; its pid file and log stand beside the data.

    Args:
        directory: absolute.
        stop_within: how long a clean shutdown may take before the process is killed; the
            journal then brings everything acknowledged back at the next start.
    """

    def __init__(self, directory: Path, *, stop_within: timedelta) -> None:
        self.data = directory / "db"
        self.log = directory / "mongod.log"
        self._pid_file = directory / "mongod.pid"
        self._stop_within = stop_within
        self._pid: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The process id while it is ours."""
        return self._pid

    def alive(self) -> bool:
        """A child is asked directly: for a moment after exec its command line is still empty."""
        if self._child is not None:
            return self._child.poll() is None
        return self._pid is not None and self._is_ours(self._pid)

    def find_running(self, arguments: Sequence[str]) -> bool | None:
        """Look for a mongod that an earlier service left on this data, and take hold of it.

        Returns:
            None when there is none; else whether it was started with these very arguments.
        """
        for path in (self._pid_file, self.data / "mongod.lock"):  # the second is mongod's own
            with contextlib.suppress(FileNotFoundError, ValueError):
                pid = int(path.read_text())
                if self._is_ours(pid):
                    self._pid = pid
                    return _command_of(pid) == " ".join(arguments)
        return None

    def _is_ours(self, pid: int) -> bool:
        """Pids are used again: only the data path on the command line tells."""
        return f"--dbpath {self.data} " in _command_of(pid)

    def start(self, arguments: Sequence[str], *, within: timedelta) -> bool:
        """Start it in a process session of its own; False when it ended or never listened."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        self._rotate_log()
        self._child = subprocess.Popen(  # noqa: S603 - our own list of words, no shell
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._pid = self._child.pid
        write_private(self._pid_file, str(self._pid))
        return self._listens(within)

    def _rotate_log(self) -> None:
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        if self._log_start > _LOG_MAX_BYTES:
            self.log.rename(self.log.with_suffix(".log.1"))
            self._log_start = 0

    def _listens(self, within: timedelta) -> bool:
        """Wait until its log says so: the port alone could be answered by somebody else."""
        deadline = time.monotonic() + within.total_seconds()
        while self.alive() and time.monotonic() < deadline:
            if _LISTENS in self._log_of_this_start():
                return True
            time.sleep(_PAUSE_S)
        return False

    def end(self) -> None:
        """Shut it down cleanly and wait for its end. Safe to repeat."""
        for request in (signal.SIGTERM, signal.SIGKILL):
            if self._pid is None or not self.alive():
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, request)
            if not self._wait_for_end():
                log.error("mongod did not stop in time", pid=self._pid, signal=request.name)
        self._pid_file.unlink(missing_ok=True)
        self._pid = self._child = None

    def _wait_for_end(self) -> bool:
        deadline = time.monotonic() + self._stop_within.total_seconds()
        while self.alive() and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)
        return not self.alive()

    def port_was_taken(self) -> bool:
        """Whether the last start failed because somebody else had the port."""
        return "address already in use" in self._log_of_this_start().lower()

    def why_it_ended(self) -> str:
        """The server's own last error; its log is one JSON object per line."""
        lines = self._log_of_this_start().splitlines()
        errors = [line for line in lines if '"s":"E"' in line or '"s":"F"' in line]
        code = self._child.poll() if self._child else None
        return errors[-1][:500] if errors else f"exit code {code}"

    def _log_of_this_start(self) -> str:
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode("utf-8", "replace")
        return ""


def find_mongod() -> Path:
    """The mongod on PATH, else the one in the wheel of the extra `embedded`.

    Raises:
        MongodMissing: there is neither.
    """
    if found := shutil.which("mongod"):
        return Path(found)
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or []) if package else []:
        binary = Path(folder) / "db" / "bin" / "mongod"
        if binary.is_file():
            return binary
    raise MongodMissing


def _command_of(pid: int) -> str:
    """The words of a running process, joined by blanks; empty when it is gone."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            return os.fsdecode(b" ".join(words))
        return ""
    ps = ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - a fixed list of words
