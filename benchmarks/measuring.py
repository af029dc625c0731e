"""What benchmarks/ingest.py measures with: servers as processes, wrk, and what /proc says."""

import base64
import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pymongo import MongoClient

HERE = Path(__file__).parent
APP_SECRET = "perf-app-secret"
"""What wrk_fb.lua signs with."""
PAGES = 20
FIRST_PAGE = 100_000_000_000_000
_PASSWORD = secrets.token_urlsafe(12)
_EMAIL = "bench@shop.example"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_START_WITHIN_S = 30.0
_DRAIN_WITHIN_S = 600.0
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}

Yardstick = Literal["bare", "hmac", "naive"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. Times in ms, CPU in seconds per 1,000 webhooks, memory in MB (peak).

    `applied_per_s` counts from the first request until the last webhook was applied;
    `backlog` is what waited when the load ended.
    """

    server: str
    connections: int
    per_s: float
    p50: float
    p99: float
    errors: int
    cpu: float
    cpu_mongod: float
    rss: float
    kept: int = 0
    applied_per_s: float | None = None
    backlog: int = 0

    def json(self) -> dict[str, Any]:
        return asdict(self)


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used so far, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def rss_mb(pid: int) -> float:
    return _memory_mb(pid, "VmRSS")


def peak_rss_mb(pid: int) -> float:
    return _memory_mb(pid, "VmHWM")


def _memory_mb(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Http:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, bytes]:
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def process(arguments: list[str], environment: Mapping[str, str] = {}) -> Iterator[int]:
    """A child of ours, stopped by SIGTERM at the end; its pid."""
    child = subprocess.Popen(
        arguments, env=_ENVIRONMENT | dict(environment), cwd=HERE.parent, stdout=subprocess.DEVNULL
    )
    try:
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(60)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def until_answered(port: int, path: str) -> None:
    """Return when a GET is answered with less than 500."""
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if Http(port).ask("GET", path)[0] < http.client.INTERNAL_SERVER_ERROR:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk is to send; see wrk_fb.lua and shaped.lua. `senders`: from so many customers."""

    connections: int
    seconds: float
    rate: float | None = None
    seed: str | None = None
    repeat: int | None = None
    senders: int | None = None

    def environment(self, path: str) -> dict[str, str]:
        given = {"FB_SECRET": APP_SECRET, "FB_PATH": path, "FB_PAGES": str(PAGES)}
        if self.rate is not None:
            given["FB_RATE"] = f"{self.rate:.3f}"
        if self.seed is not None:
            given |= {"FB_SEED": self.seed, "FB_EPOCH": "1795000000"}
        if self.senders is not None:
            given["FB_SENDERS"] = str(self.senders)
        if self.repeat is not None:
            given["FB_REPEAT"] = str(self.repeat)
        return given


def start_wrk(port: int, path: str, load: Load) -> "subprocess.Popen[str]":
    shaped = load.rate is not None or load.seed is not None
    return subprocess.Popen(
        [
            "wrk",
            "-t1",
            f"-c{load.connections}",
            f"-d{load.seconds:.0f}s",
            "-s",
            "shaped.lua" if shaped else "load/wrk_fb.lua",
            "--latency",
            f"http://127.0.0.1:{port}{path}",
        ],
        env=_ENVIRONMENT | load.environment(path),
        cwd=HERE,
        stdout=subprocess.PIPE,
        text=True,
    )


def result_of(wrk: "subprocess.Popen[str]") -> dict[str, Any]:
    """What wrk printed at its end."""
    output, _ = wrk.communicate(timeout=600)
    found = re.search(r"^RESULT (\{.*\})$", output, re.MULTILINE)
    if found is None:
        raise SystemExit(f"wrk failed:\n{output}")
    result: dict[str, Any] = json.loads(found[1])
    return result


def measure_yardstick(mode: Yardstick, uri: str, mongod: int, load: Load) -> Row:
    """One run of one of the given servers, on a fresh database."""
    port = free_port()
    command = [sys.executable, "benchmarks/load/yardsticks.py", mode, "--port", str(port)]
    with process([*command, "--mongo", uri, "--secret", APP_SECRET]) as pid:
        until_answered(port, "/")
        web, database = cpu_s(pid), cpu_s(mongod)
        result = result_of(start_wrk(port, "/webhook", load))
        thousands = result["requests"] / 1000
        return Row(
            mode,
            load.connections,
            result["rps"],
            result["p50_ms"],
            result["p99_ms"],
            result["err_status"] + result["err_other"],
            (cpu_s(pid) - web) / thousands,
            (cpu_s(mongod) - database) / thousands,
            peak_rss_mb(pid),
        )


class OurServer:
    """The service as `python -m app serve` runs it, with the generator's pages in one bot."""

    PATH = "/webhooks/facebook"

    def __init__(self, port: int, pid: int, mongod: int, database: Any) -> None:
        self.port = port
        self.pid = pid
        self._mongod = mongod
        self.database: str = database.name
        self._messages = database["messages"]
        self._http = Http(port)
        self.cookies: dict[str, str] = {}
        self.bot_id = ""
        self._csrf = ""

    def connect_pages(self) -> None:
        """Sign in as the first owner and make a bot of all pages."""
        body = json.dumps({"email": _EMAIL, "password": _PASSWORD}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        self._csrf = json.loads(answer.read())["csrf_token"]
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        self.cookies = {"Cookie": cookie}
        accounts = [
            {"channel": "facebook", "account_id": str(FIRST_PAGE + n), "name": f"Trang {n}"}
            for n in range(PAGES)
        ]
        status, text = self.post("/api/v1/bots", {"name": "Bench", "accounts": accounts})
        if status != http.client.CREATED:
            raise SystemExit(f"the bot was not made: {text.decode()}")
        self.bot_id = json.loads(text)["id"]

    def post(self, path: str, body: Any) -> tuple[int, bytes]:
        """As the owner; status and body of the answer."""
        headers = self.cookies | {"Content-Type": "application/json", "X-CSRF-Token": self._csrf}
        return self._http.ask("POST", path, json.dumps(body).encode(), headers)

    def number(self, name: str) -> float:
        """The value of a counter or gauge of /metrics; 0 while it was never touched."""
        text = self._http.ask("GET", "/metrics")[1].decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def metric(self, name: str) -> int:
        return int(self.number(name))

    def kept(self) -> int:
        return self.metric('inbox_webhooks_total{channel="facebook",outcome="kept"}')

    def applied(self) -> int:
        return self.metric("inbox_entries_applied_total")

    def stored(self) -> int:
        """Messages in the database."""
        count: int = self._messages.estimated_document_count()
        return count

    def until_applied(self) -> None:
        """Return when everything that was kept is applied."""
        deadline = time.monotonic() + _DRAIN_WITHIN_S
        while self.applied() < self.kept():
            if time.monotonic() > deadline:
                raise SystemExit("the backlog does not drain")
            time.sleep(0.1)

    def measure(self, name: str, load: Load) -> Row:
        """One run: the load, then the rest of the backlog; every webhook must be a message."""
        kept, web, database = self.kept(), cpu_s(self.pid), cpu_s(self._mongod)
        began = time.monotonic()
        result = result_of(start_wrk(self.port, self.PATH, load))
        kept_by_then = self.kept()
        backlog = kept_by_then - self.applied()
        self.until_applied()
        took = time.monotonic() - began
        received = self.kept() - kept
        return Row(
            name,
            load.connections,
            result["rps"],
            result["p50_ms"],
            result["p99_ms"],
            result["err_status"] + result["err_other"],
            (cpu_s(self.pid) - web) / received * 1000,
            (cpu_s(self._mongod) - database) / received * 1000,
            peak_rss_mb(self.pid),
            received,
            received / took,
            backlog,
        )


@contextmanager
def our_server(uri: str, mongod: int, folder: Path, inbox: str = "") -> Iterator[OurServer]:
    """A new server process on a new database, which is dropped afterwards.

    `inbox`: more of that section of the configuration, as YAML.
    """
    port, database = free_port(), f"bench_{secrets.token_hex(4)}"
    config = folder / f"{database}.yaml"
    config.write_text(
        f"app:\n  data: {folder}\n  log:\n    level: warning\n"
        f"inbox:\n  mongo:\n    database: {database}\n{inbox}"
    )
    arguments = [sys.executable, "-m", "app", "serve", "--processes", "1", "--port", str(port)]
    environment = {
        "INBOX__MONGO__URI": uri,
        "INBOX__SECRET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "INBOX__ADMIN__EMAIL": _EMAIL,
        "INBOX__ADMIN__PASSWORD": _PASSWORD,
        "CHANNELS__FACEBOOK__APP_SECRETS": APP_SECRET,
    }
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    try:
        with process([*arguments, "--config", str(config)], environment) as pid:
            until_answered(port, "/readyz")
            server = OurServer(port, pid, mongod, client[database])
            server.connect_pages()
            yield server
    finally:
        client.drop_database(database)
        client.close()
