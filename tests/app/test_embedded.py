"""The embedded MongoDB survives what happens to the service: kill -9, Ctrl-C, a taken port."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from app.data_lock import DataInUse
from app.embedded import EmbeddedMongo
from app.mongod import Mongod, MongodFailed, MongodMissing

SERVICE = """
import signal, sys, threading
from pathlib import Path
from pymongo import MongoClient
from app.embedded import EmbeddedMongo

interrupted = threading.Event()
signal.signal(signal.SIGINT, lambda *_: interrupted.set())
embedded = EmbeddedMongo(Path(sys.argv[1]))
uri = embedded.start()
with MongoClient(uri) as client:
    client.shop.notes.insert_one({"_id": "before"})
    print(embedded.pid, flush=True)
    interrupted.wait()
    client.shop.notes.insert_one({"_id": "drained"})
embedded.stop()
"""


@contextmanager
def a_service(directory: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A service in another process (and group) on `directory`, and its mongod's pid."""
    words = [sys.executable, "-c", SERVICE, str(directory)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as service:
        assert service.stdout is not None
        try:
            lines = iter(service.stdout.readline, "")  # log lines come first
            yield service, next(int(line) for line in lines if line.strip().isdigit())
        finally:
            service.kill()


@contextmanager
def running(directory: Path, **options: Any) -> Iterator[EmbeddedMongo]:
    embedded = EmbeddedMongo(directory, **options)
    embedded.start()
    try:
        yield embedded
    finally:
        embedded.stop()


def notes(embedded: EmbeddedMongo) -> list[str]:
    with MongoClient[dict[str, Any]](embedded.uri) as client:
        return sorted(note["_id"] for note in client.shop.notes.find())


def write_note(embedded: EmbeddedMongo, note: str) -> None:
    with MongoClient[dict[str, Any]](embedded.uri) as client:
        client.shop.notes.insert_one({"_id": note})


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """`DATA/mongo`; a mongod that a failed test left there is ended."""
    path = tmp_path / "data" / "mongo"
    yield path
    left = Mongod(path, stop_within=timedelta(seconds=30))
    left.find_running([])
    left.end()


@contextmanager
def somebody_on(port: int) -> Iterator[None]:
    """Another program that listens on the port and hangs up on everybody."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # closed: the test is over
                    return
                connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_data_user_and_port_are_kept_over_a_restart(directory: Path) -> None:
    with running(directory) as first:
        write_note(first, "kept")
        uri = first.uri

    with running(directory) as second:
        assert second.uri == uri
        assert notes(second) == ["kept"]


def test_secrets_are_readable_by_their_owner_only(directory: Path) -> None:
    with running(directory):
        for name in ("keyfile", "user.json", "port", "mongod.pid", "service.lock"):
            assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600, name


def test_nobody_reads_or_writes_without_the_password(directory: Path) -> None:
    with (
        running(directory) as embedded,
        MongoClient[dict[str, Any]]("127.0.0.1", embedded.port) as stranger,
    ):
        with pytest.raises(OperationFailure, match="requires authentication"):
            stranger.shop.notes.find_one()
        with pytest.raises(OperationFailure, match="requires authentication"):
            stranger.admin.command("createUser", "me", pwd="x", roles=["root"])


def test_orphan_of_a_killed_service_is_taken_over_with_its_data(directory: Path) -> None:
    with a_service(directory) as (service, mongod_pid):
        service.kill()
        service.wait()

        with running(directory) as embedded:
            assert embedded.pid == mongod_pid
            assert notes(embedded) == ["before"]
            write_note(embedded, "still writable")


def test_orphan_started_with_other_parameters_is_restarted_with_its_data(directory: Path) -> None:
    with a_service(directory) as (service, mongod_pid):
        service.kill()
        service.wait()

        with running(directory, cache_gb=0.3) as embedded:
            assert embedded.pid != mongod_pid
            assert notes(embedded) == ["before"]


def test_mongod_killed_together_with_the_service_comes_back_with_its_data(
    directory: Path,
) -> None:
    with a_service(directory) as (service, mongod_pid):
        service.kill()
        os.kill(mongod_pid, signal.SIGKILL)
        service.wait()

        with running(directory) as embedded:
            assert notes(embedded) == ["before"]


def test_mongod_that_died_alone_is_started_again_by_the_same_service(directory: Path) -> None:
    with running(directory) as embedded:
        write_note(embedded, "kept")
        assert embedded.pid is not None
        os.kill(embedded.pid, signal.SIGKILL)
        while embedded.alive():
            os.sched_yield()

        embedded.start()

        assert notes(embedded) == ["kept"]


def test_ctrl_c_lets_the_service_drain_into_a_database_that_is_still_there(
    directory: Path,
) -> None:
    with a_service(directory) as (service, _):
        os.killpg(service.pid, signal.SIGINT)  # what a terminal does

        assert service.wait(timeout=60) == 0

    with running(directory) as embedded:
        assert notes(embedded) == ["before", "drained"]


def test_taken_port_is_given_up_and_the_set_knows_its_new_one(directory: Path) -> None:
    with running(directory) as embedded:
        write_note(embedded, "kept")
        old_port = embedded.port

    with somebody_on(old_port), running(directory) as embedded:
        assert embedded.port != old_port
        assert notes(embedded) == ["kept"]
        write_note(embedded, "writable")

    with running(directory) as embedded:
        assert embedded.port != old_port
        assert notes(embedded) == ["kept", "writable"]


def test_changed_port_file_is_obeyed(directory: Path) -> None:
    with running(directory) as embedded:
        write_note(embedded, "kept")
        old_port = embedded.port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        new_port = probe.getsockname()[1]
    (directory / "port").write_text(str(new_port))

    with running(directory) as embedded:
        assert embedded.port == new_port != old_port
        assert notes(embedded) == ["kept"]
        write_note(embedded, "writable")


def test_second_service_on_the_same_data_is_refused_and_harms_nothing(directory: Path) -> None:
    with a_service(directory) as (service, mongod_pid):
        with pytest.raises(DataInUse) as refused:
            EmbeddedMongo(directory).start()

        assert str(directory) in refused.value.sentence("vi")
        assert f"(pid {service.pid})" in refused.value.sentence("en")
        os.kill(mongod_pid, 0)  # still there


def test_directory_is_free_again_after_stop_and_gone_after_discard(directory: Path) -> None:
    embedded = EmbeddedMongo(directory)
    embedded.start()
    embedded.stop()
    embedded.stop()  # safe to repeat
    assert not embedded.alive()

    embedded.start()
    embedded.discard()

    assert not directory.exists()
    assert not embedded.alive()


def test_start_that_cannot_work_says_why_and_lets_go(directory: Path) -> None:
    embedded = EmbeddedMongo(directory, parameters={"noSuchParameter": "1"})

    for _ in range(2):  # the second is not refused as DataInUse
        with pytest.raises(MongodFailed) as failed:
            embedded.start()
        assert str(directory / "mongod.log") in failed.value.sentence("en")


def test_missing_mongod_names_the_ways_out(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MongodMissing) as missing:
        EmbeddedMongo(directory).start()

    assert "--mongo-uri" in missing.value.sentence("vi")


def test_start_continues_where_a_kill_left_the_first_one(directory: Path) -> None:
    """Killed between initiating the set and creating the user: no password is known yet."""
    with running(directory) as embedded, MongoClient[dict[str, Any]](embedded.uri) as client:
        client.admin.command("dropUser", "inbox")

    with running(directory) as embedded:
        write_note(embedded, "writable")
        assert notes(embedded) == ["writable"]
