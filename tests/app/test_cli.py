"""The command line in processes of its own: what it prints, its exit codes, how serving ends."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from bson import Binary, ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from app.data_lock import DataLock
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
    """A config.yaml of its own, whose database is on the mongod of the tests."""

    def __init__(self, folder: Path, uri: str) -> None:
        self.folder = folder
        self.uri = uri
        self.database = f"test_{secrets.token_hex(8)}"
        self.config = folder / "config.yaml"
        self.config.write_text(f"inbox:\n  mongo:\n    database: {self.database}\n")

    def command(self, name: str, *words: str, uri: str | None = None) -> list[str]:
        place = [f"--config={self.config}"]
        if name != "check-config":
            place += [f"--mongo-uri={uri or self.uri}", f"--data={self.folder / 'data'}"]
        return [sys.executable, "-m", "app", name, *place, *words]

    def run(self, name: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(name, *words, **options),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            timeout=60,
        )


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/"), **SECRETS, **more}  # noqa: TID251 - of the children


@pytest.fixture
def shop(tmp_path: Path, mongo_uri: str, drop_later: Callable[[str], object]) -> Iterator[Shop]:
    a_shop = Shop(tmp_path, mongo_uri)
    yield a_shop
    drop_later(a_shop.database)


@pytest.fixture
def database(shop: Shop) -> Iterator[Database[Document]]:
    with MongoClient[Document](shop.uri, tz_aware=True) as client:
        yield client[shop.database]


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


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


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


def test_good_settings_pass_the_check(shop: Shop) -> None:
    run = shop.run("check-config")

    assert (run.returncode, run.stderr) == (0, "")
    assert "Cấu hình hợp lệ" in run.stdout
    assert "The settings are fine" in run.stdout


def test_bad_settings_are_named_with_file_and_line(shop: Shop) -> None:
    shop.config.write_text("app:\n  http:\n    port: many\n  colour: red\n")

    checked, served = shop.run("check-config"), shop.run("serve")

    assert (checked.returncode, served.returncode) == (1, 2)
    for said in (checked.stdout, served.stderr):
        assert f"{shop.config}:3" in said
        assert f"{shop.config}:4" in said
        assert "Traceback" not in said


def test_migrate_makes_the_database_and_may_be_repeated(
    shop: Shop, database: "Database[Document]"
) -> None:
    for _ in range(2):
        run = shop.run("migrate")
        assert run.returncode == 0, run.stderr
        assert "The database is up to date" in run.stdout

    assert database["migrations"].count_documents({}) >= 1
    assert "webhook_journal" in database.list_collection_names()


def test_doctor_says_what_is_missing_and_changes_nothing(
    shop: Shop, database: "Database[Document]"
) -> None:
    run = shop.run("doctor")

    assert run.returncode == 1
    assert re.search(r"^✗ migrations: .*python -m app migrate", run.stdout, re.MULTILINE)
    assert re.search(r"^! facebook: .*CHANNELS__FACEBOOK__APP_SECRETS", run.stdout, re.MULTILINE)
    assert re.search(r"^! zalo: ", run.stdout, re.MULTILINE)
    assert database.list_collection_names() == []


def test_doctor_shows_unknown_accounts_and_parked_webhooks(
    shop: Shop, database: "Database[Document]"
) -> None:
    shop.run("migrate")
    healthy = shop.run("doctor")
    parked = park(database)

    run = shop.run("doctor")

    assert (healthy.returncode, run.returncode) == (0, 0), run.stderr
    assert re.search(r"^✓ parked: ", healthy.stdout, re.MULTILINE)
    assert re.search(rf"^! unknown_account: facebook {FACEBOOK_PAGE} ", run.stdout, re.MULTILINE)
    assert re.search(rf"^! parked: .*{parked} unknown_account", run.stdout, re.MULTILINE)
    assert "not json" not in run.stdout


def test_database_that_does_not_answer_is_one_sentence_and_no_stack_trace(
    shop: Shop, free_port: int
) -> None:
    nobody, words = f"mongodb://127.0.0.1:{free_port}/", ("migrate", "doctor")

    with ThreadPoolExecutor() as both:  # each waits five seconds for an answer
        migrated, examined = both.map(lambda name: shop.run(name, uri=nobody), words)

    assert migrated.returncode == 2
    assert migrated.stderr == "Không kết nối được MongoDB. / MongoDB does not answer.\n"
    assert examined.returncode == 1
    assert re.search(r"^✗ database: .*MongoDB does not answer", examined.stdout, re.MULTILINE)


def test_replay_needs_to_be_told_what(shop: Shop) -> None:
    run = shop.run("replay")

    assert run.returncode == 2
    assert "--parked" in run.stderr


def test_replay_of_what_is_parked_applies_it_again(
    shop: Shop, database: "Database[Document]"
) -> None:
    shop.run("migrate")
    parked = park(database)

    run = shop.run("replay", "--parked")

    assert (run.returncode, run.stdout) == (
        0,
        "Đã xử lý lại 1 webhook. / 1 webhooks were applied again.\n",
    )
    entry = database["webhook_journal"].find_one({"_id": parked})
    assert entry is not None
    assert entry["parked"]["reason"] == "malformed_body"  # read anew, and found to be no JSON
    assert "apply" not in entry


def test_replay_since_takes_what_was_received_from_then_on(
    shop: Shop, database: "Database[Document]"
) -> None:
    shop.run("migrate")
    old = park(database)
    new = park(database, received_at=datetime(2026, 11, 2, 3, tzinfo=UTC))

    run = shop.run("replay", "--since=2026-11-02T00:00", "--until=2026-11-03T00:00")

    assert run.returncode == 0, run.stderr
    assert "1 webhooks were applied again" in run.stdout
    reasons = {one["_id"]: one["parked"]["reason"] for one in database["webhook_journal"].find()}
    assert reasons == {old: "unknown_account", new: "malformed_body"}


def test_serve_is_ready_healthy_and_measured_and_ends_softly(shop: Shop) -> None:
    with serving(shop, "--port=0") as service:
        [(_, url)] = service.ready()

        assert get(f"{url}/healthz") == (200, '{"status": "ok"}')
        status, ready = get(f"{url}/readyz")
        assert (status, '"database": true' in ready) == (200, True)
        status, metrics = get(f"{url}/metrics")
        for name in ("webhooks_total", "journal_lag_seconds", "due_lag_seconds", "live_clients"):
            assert f"inbox_{name}" in metrics
        assert len(READY.findall(service.log)) == 1

        assert service.stop() == 0
        assert service.log.rstrip().endswith("stopped")
        assert "rror" not in service.log


def test_token_of_the_command_line_opens_the_api(shop: Shop) -> None:
    with serving(shop, "--port=0") as service:
        [(_, url)] = service.ready()

        made = shop.run("token", f"--email={EMAIL}", "--name=CI", "--scopes=read")
        stranger = shop.run("token", "--email=nobody@shop.vn", "--name=CI")
        wrong = shop.run("token", f"--email={EMAIL}", "--name=CI", "--scopes=everything")

        assert made.returncode == 0, made.stderr
        secret = made.stdout.strip()
        status, me = get(f"{url}/api/v1/me", Authorization=f"Bearer {secret}")
        assert (status, EMAIL in me) == (200, True)
        assert get(f"{url}/api/v1/me")[0] == 401
        assert (stranger.returncode, wrong.returncode) == (2, 2)
        assert "Not found" in stranger.stderr
        assert service.stop() == 0


def test_port_in_use_is_one_clear_sentence(shop: Shop) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]

        for more in ([], ["--processes=2"]):
            run = shop.run("serve", f"--port={port}", *more)

            assert run.returncode == 2
            assert run.stderr == (
                f"Cổng 127.0.0.1:{port} đang được dùng, hãy chọn cổng khác bằng --port. / "
                f"127.0.0.1:{port} is in use, choose another port with --port.\n"
            )


def test_two_processes_answer_on_one_port_are_replaced_and_stopped_together(
    shop: Shop, free_port: int
) -> None:
    with serving(shop, f"--port={free_port}", "--processes=2") as service:
        names = {name for name, _ in service.ready(2)}
        first, second = service.children()
        assert len(names) == 2
        assert all(get(f"http://127.0.0.1:{free_port}/readyz")[0] == 200 for _ in range(10))

        os.kill(first, signal.SIGKILL)
        service.ready(3)
        wait_until(lambda: len(service.children()) == 2)
        after = service.children()
        assert second in after
        assert first not in after
        assert get(f"http://127.0.0.1:{free_port}/healthz")[0] == 200

        assert service.stop() == 0
        assert not any(is_running(pid) for pid in after)


def test_processes_of_a_supervisor_that_was_killed_stop_themselves(
    shop: Shop, free_port: int, tmp_path: Path
) -> None:
    """The database's URI comes from a file here, as in Docker, and reaches the processes."""
    (tmp_path / "uri").write_text(shop.uri)
    words = [f"--port={free_port}", "--processes=2"]
    with serving(shop, *words, INBOX__MONGO__URI_FILE=str(tmp_path / "uri")) as service:
        service.ready(2)
        children = service.children()

        service.process.kill()

        wait_until(lambda: not any(is_running(pid) for pid in children))


def test_second_service_on_the_same_data_is_refused(shop: Shop) -> None:
    data = shop.folder / "data"
    held = DataLock(data / "mongo")
    held.take()
    words = [word for word in shop.command("serve") if not word.startswith("--mongo-uri")]

    run = subprocess.run(
        words, env=environment(), capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    held.release()

    assert run.returncode == 2
    assert f"is in use by another service (pid {os.getpid()})" in run.stderr
    assert "Traceback" not in run.stderr
