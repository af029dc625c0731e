"""The embedded MongoDB: a private mongod for a first run, the demo and the tests.

It lives in its own process session, so Ctrl-C reaches the service only, which then drains into
a database that is still there. Killing the service with -9 leaves mongod running; the next
start finds it by its pid file and command line and takes it over. Files in `DATA/mongo`:

    db/            the data files              keyfile      members' key, 0600
    user.json      user and password, 0600     port         chosen once, kept
    mongod.pid     the running server          mongod.log   its log, the last start at the end
    service.lock   held (flock) by the one service that owns this directory
"""

import json
import random
import secrets
import shutil
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import structlog

from app.data_lock import DataLock, write_private
from app.mongod import Mongod, MongodFailed, find_mongod
from inbox.mongo.replica_set import Server, replica_set_name

log = structlog.get_logger(__name__)

_HOST = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below Linux's ephemeral ports, so that an outgoing connection never sits on ours."""
_MAX_STARTS = 5
_OPLOG_MB = 1024
"""How far back a change stream can resume."""
_PARAMETERS = {
    "diagnosticDataCollectionEnabled": "false",
    # What a killed process left open blocks its conversations until then; the default is 60.
    "transactionLifetimeLimitSeconds": "10",
}


class EmbeddedMongo:
    """One mongod, a replica set of one on loopback. Methods block: call them before the event
    loop runs or in a thread.

    Args:
        directory: `DATA/mongo`; made when missing.
        cache_gb: WiredTiger's cache, in GB; 0.25 is the smallest that mongod takes.
        parameters: further `--setParameter` values, such as enableTestCommands for tests.
        start_within: how long mongod may take to become writable, recovery included.
        stop_within: how long a clean shutdown may take before mongod is killed.
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
        self._parameters = _PARAMETERS | dict(parameters or {})
        self._start_within = start_within
        self._lock = DataLock(self._directory)
        self._mongod = Mongod(self._directory, stop_within=stop_within)

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
            if not self._take_over():
                self._start_new()
            self._server().make_writable(within=self._start_within)
        except BaseException:
            self.stop()
            raise
        return self.uri

    def stop(self) -> None:
        """Shut mongod down cleanly and let go of the directory. Safe to repeat."""
        if self._lock.held:
            self._mongod.end()
            self._lock.release()

    def discard(self) -> None:
        """Stop, and delete the directory with all data: for tests and throw-away demos."""
        if self._lock.held:
            self._mongod.end()
            gone = self._directory.with_name(f"{self._directory.name}.{secrets.token_hex(4)}")
            self._directory.rename(gone)  # whoever looks for a free one makes files in it
            shutil.rmtree(gone)
            self._lock.release()

    def alive(self) -> bool:
        """Whether our mongod runs; when it does not, `start` brings it back."""
        return self._mongod.alive()

    @property
    def uri(self) -> str:
        """Holds the password: never log it."""
        return self._server().uri

    @property
    def port(self) -> int:
        return int(self._path("port").read_text())

    @property
    def pid(self) -> int | None:
        """The process id of mongod while it is ours."""
        return self._mongod.pid

    def _path(self, name: str) -> Path:
        return self._directory / name

    def _write_secrets(self) -> None:
        """Make what is missing; what is there stays as long as the data."""
        if not self._path("keyfile").exists():
            write_private(self._path("keyfile"), secrets.token_hex(256))
        if not self._path("user.json").exists():
            user = {"user": "inbox", "password": secrets.token_urlsafe(32)}
            write_private(self._path("user.json"), json.dumps(user))
        if not self._path("port").exists():
            self._choose_port()

    def _server(self) -> Server:
        return Server(port=self.port, **json.loads(self._path("user.json").read_text()))

    def _choose_port(self) -> None:
        shuffled = random.sample(_PORTS, len(_PORTS))
        write_private(self._path("port"), str(next(filter(_is_free, shuffled))))

    def _arguments(self) -> list[str]:
        return [
            str(find_mongod()),
            *("--dbpath", str(self._mongod.data)),
            *("--port", str(self.port), "--bind_ip", _HOST, "--nounixsocket"),
            *("--replSet", replica_set_name(), "--oplogSize", str(_OPLOG_MB)),
            *("--keyFile", str(self._path("keyfile"))),
            *("--wiredTigerCacheSizeGB", str(self._cache_gb)),
            *("--logpath", str(self._mongod.log), "--logappend", "--quiet"),
            *(f"--setParameter={name}={value}" for name, value in self._parameters.items()),
        ]

    def _take_over(self) -> bool:
        """Keep a running mongod of this data if it was started alike and is healthy."""
        alike = self._mongod.find_running(self._arguments())
        if alike is None:
            return False
        if alike and self._server().is_writable():
            log.info("embedded MongoDB taken over", pid=self.pid, port=self.port)
            return True
        log.warning("embedded MongoDB of an earlier service is restarted", pid=self.pid)
        self._mongod.end()
        return False

    def _start_new(self) -> None:
        """Start mongod; choose another port when the kept one is taken by somebody else.

        The set then knows itself under the old port: `make_writable` reconfigures it. If the
        program on the old port accepts connections but never answers, mongod first asks it for
        30 seconds whether it is itself.
        """
        for _ in range(_MAX_STARTS):
            if not _is_free(self.port):
                taken = self.port
                self._choose_port()
                log.warning("port taken, embedded MongoDB moves", taken=taken, port=self.port)
            if self._mongod.start(self._arguments(), within=self._start_within):
                log.info("embedded MongoDB started", pid=self.pid, port=self.port)
                return
            if not self._mongod.port_was_taken():
                break
        raise MongodFailed(log=self._mongod.log, reason=self._mongod.why_it_ended())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True
