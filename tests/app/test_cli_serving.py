"""`serve` in processes of its own: ready, healthy, several on one port, stopped softly."""

import os
import signal
import socket
import subprocess
from pathlib import Path

from app.data_lock import DataLock
from tests.app.shop_processes import (
    READY,
    ROOT,
    Shop,
    environment,
    get,
    is_running,
    serving,
    wait_until,
)


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
