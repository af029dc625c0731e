"""A shop in processes of its own: its settings, its commands, its service."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from bson import Binary, ObjectId
from pymongo.database import Database

from tests.ingest import FACEBOOK_PAGE

ROOT = Path(__file__).parents[2]
EMAIL = "owner@shop.vn"
SECRETS = {
    "INBOX__SECRET_KEY": secrets.token_urlsafe(32),
    "INBOX__ADMIN__EMAIL": EMAIL,
    "INBOX__ADMIN__PASSWORD": "mật khẩu dài 123",
}
READY = re.compile(r"\bready\b.*\bprocess=(\S+) url=(\S+)")
DEADLINE_S = 30.0

Document = dict[str, Any]


class Shop:
    """A config.yaml of its own, whose database is on the mongod of the tests.

    `variables` are of the environment, beside what every shop has.
    """

    def __init__(self, folder: Path, uri: str) -> None:
        self.folder = folder
        self.uri = uri
        self.database = f"test_{secrets.token_hex(8)}"
        self.config = folder / "config.yaml"
        self.variables: dict[str, str] = {}
        self.config.write_text(f"inbox:\n  mongo:\n    database: {self.database}\n")

    def command(self, name: str, *words: str, uri: str | None = None) -> list[str]:
        place = [f"--config={self.config}"]
        if name != "check-config":
            place += [f"--mongo-uri={uri or self.uri}", f"--data={self.folder / 'data'}"]
        return [sys.executable, "-m", "app", *name.split(), *place, *words]

    def run(self, name: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(name, *words, **options),
            env=environment(**self.variables),
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=60,
        )


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/"), **SECRETS, **more}  # noqa: TID251 - of the children


class Serving:
    """`serve` in a process of its own; its log is read from a file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def ready(self, count: int = 1) -> list[tuple[str, str]]:
        """(process, URL) of every "ready" line, once there are so many."""
        wait_until(lambda: len(READY.findall(self.log)) >= count or self.ended)
        lines = READY.findall(self.log)
        assert len(lines) >= count, self.log
        return lines

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> int:
        """Ask it to stop as systemd and Docker do; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=DEADLINE_S)

    def children(self) -> list[int]:
        """Process ids of the processes that it supervises."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in path.read_text().split()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what a failed test left."""
        left = [] if self.ended else self.children()
        self.process.kill()
        self.process.wait()
        for pid in left:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def serving(shop: Shop, *words: str, **variables: str) -> Iterator[Serving]:
    log = shop.folder / f"{secrets.token_hex(4)}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            shop.command("serve", *words),
            env=environment(**variables),
            stdout=output,
            stderr=output,
            cwd=ROOT,
        )
    with Serving(process, log) as started:
        yield started


def is_running(pid: int) -> bool:
    """Whether there is such a process; one that ended and was not waited for is none."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)  # between looks, not instead of one


def get(url: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def park(database: "Database[Document]", **fields: Any) -> ObjectId:
    """A webhook body that waits in the journal as parked; its id."""
    entry = {
        "_id": ObjectId(),
        "channel": "facebook",
        "body": Binary(b"not json"),
        "received_at": datetime(2026, 11, 1, 3, tzinfo=UTC),
        "parked": {
            "at": datetime(2026, 11, 1, 3, tzinfo=UTC),
            "reason": "unknown_account",
            "events": [{"index": 0, "reason": "unknown_account"}],
            "account": ["key"],
            "accounts": [{"key": "key", "channel": "facebook", "account_id": FACEBOOK_PAGE}],
        },
        **fields,
    }
    database["webhook_journal"].insert_one(entry)
    id_: ObjectId = entry["_id"]
    return id_
