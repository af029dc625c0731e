"""What is shipped for production agrees with itself and with the service, and starts."""

import os
import re
import secrets
import shlex
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymongo import MongoClient

from app.config import EmbeddedConfig
from app.mongod import find_mongod
from app.settings import Settings, load_settings
from app.settings_secrets import secret_keys_of
from tests.app.shop_processes import get, wait_until

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNIT = (ROOT / "deploy" / "chat-inbox.service").read_text()
PORT = "8080"


def words_of(instruction: str) -> list[list[str]]:
    """The words of every such line of the last stage, `["a", "b"]` or plain."""
    last = DOCKERFILE.rpartition("\nFROM ")[2].replace("\\\n", " ")
    lines = re.findall(rf"^{instruction} (.+)$", last, re.MULTILINE)
    return [yaml.safe_load(line) if line.startswith("[") else shlex.split(line) for line in lines]


def copied() -> list[tuple[str, str]]:
    """What the image takes from the repository, and where to."""
    return [
        (source, target)
        for words in words_of("COPY")
        if not words[0].startswith("--")
        for source, target in [words]
    ]


def test_the_image_has_every_package_and_nothing_that_is_not_there() -> None:
    sources = {source for source, _ in copied()}
    assert {"app", "channels", "crm_sync", "inbox", "scheduler", "config.yaml"} <= sources
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    build = re.findall(r"^COPY (?!--)(\S+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in build:
        assert (ROOT / source).exists(), source
        assert source in kept, f".dockerignore leaves {source} out"
    assert not kept - set(build)


def test_the_image_runs_as_nobody_and_is_asked_how_it_is() -> None:
    assert words_of("USER") == [["10001:10001"]]
    assert words_of("VOLUME") == [["/data"]]
    assert words_of("EXPOSE") == [[PORT]]
    [command] = words_of("CMD")
    assert f"--port={PORT}" in command
    assert f"http://127.0.0.1:{PORT}/healthz" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


def test_compose_names_only_what_the_settings_and_the_secrets_know() -> None:
    known = secret_keys_of(Settings).keys()
    for name in ("web", "workers"):
        service = COMPOSE["services"][name]
        for variable, value in service["environment"].items():
            assert variable.removesuffix("_FILE") in known, variable
            if variable.endswith("_FILE"):
                assert Path(value).name in service["secrets"]
        assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
        assert service["read_only"] is True
    roles = {word for name in ("web", "workers") for word in COMPOSE["services"][name]["command"]}
    assert {"--roles=web", "--roles=workers"} <= roles
    assert COMPOSE["services"]["web"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]


def test_the_shipped_settings_load_and_believe_the_proxy_of_compose(tmp_path: Path) -> None:
    environment = {"INBOX__SECRET_KEY": secrets.token_urlsafe(32)}
    settings = load_settings(ROOT / "deploy" / "config.yaml", environment)
    [network] = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert network["subnet"] in settings.app.trusted_proxies
    assert settings.app.public_url is not None
    host = settings.app.public_url.removeprefix("https://")
    for name in ("Caddyfile", "nginx.conf"):
        assert host in (ROOT / "deploy" / name).read_text()


def make_secrets(folder: Path) -> None:
    script = ROOT / "deploy" / "make_secrets.sh"
    subprocess.run([script, folder], check=True, capture_output=True, cwd=ROOT)


def test_the_secrets_of_compose_are_made_once_for_one_reader(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert {f"secrets/{name}" for name in made} == {
        one["file"] for one in COMPOSE["secrets"].values()
    }
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o400 for path in folder.iterdir())
    assert made["mongo_inbox_password"] in made["mongo_uri"]
    environment = {"INBOX__SECRET_KEY_FILE": str(folder / "secret_key")}
    assert load_settings(ROOT / "config.yaml", environment).secret_keys()

    make_secrets(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == made


class Member:
    """A mongod as compose.yaml starts it: its root user first, then the set and the key."""

    def __init__(self, folder: Path, keyfile: Path) -> None:
        self._folder = folder
        self._keyfile = keyfile
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        folder.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, *more: str) -> None:
        command = [str(find_mongod()), "--dbpath", str(self._folder), "--port", str(self.port)]
        command += ["--bind_ip", "127.0.0.1", "--nounixsocket", "--oplogSize", "64", *more]
        command += ["--wiredTigerCacheSizeGB", "0.25", "--logpath", f"{self._folder}.log"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def make_root(self, password: str) -> None:
        """As the image does: without a set, and without anybody who must sign in."""
        self.start()
        with MongoClient[dict[str, Any]](self.address, serverSelectionTimeoutMS=30_000) as client:
            client.admin.command("createUser", "root", pwd=password, roles=["root"])
        self.stop()

    def join(self) -> None:
        self.start("--replSet", "inbox", "--keyFile", str(self._keyfile))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            self._process = None


@pytest.fixture
def members(tmp_path: Path) -> Iterator[tuple[Path, list[Member]]]:
    """The secrets, and two mongods of which the first has the root user."""
    folder = tmp_path / "secrets"
    make_secrets(folder)
    found = [Member(tmp_path / f"mongo{n}", folder / "mongo_keyfile") for n in range(2)]
    try:
        found[0].make_root((folder / "mongo_root_password").read_text())
        for member in found:
            member.join()
        yield folder, found
    finally:
        for member in found:
            member.stop()


def set_up(folder: Path, *members: Member) -> None:
    """What the container mongo-setup runs."""
    setup = COMPOSE["services"]["mongo-setup"]
    words = [word.replace("/run/secrets", str(folder)) for word in setup["command"]]
    words = [word for word in words if not word.startswith("--member=")]
    program = setup["entrypoint"][1]
    told = [f"--member={member.address}" for member in members]
    subprocess.run([sys.executable, program, *told, *words], check=True, cwd=ROOT, timeout=120)


def healthy(members: int, folder: Path, first: Member) -> bool:
    with MongoClient[dict[str, Any]](
        first.address,
        username="root",
        password=(folder / "mongo_root_password").read_text(),
        directConnection=True,
    ) as client:
        found = client.admin.command("replSetGetStatus")["members"]
    return sorted(one["stateStr"] for one in found) == ["PRIMARY", "SECONDARY"][:members]


def image(tmp_path: Path) -> Path:
    """A folder with exactly what the image would hold."""
    scratch = tmp_path / "image"
    for source, target in [*copied(), ("web/dist", "web/dist")]:
        place = scratch / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, place)
    shutil.copy(ROOT / "deploy" / "config.yaml", scratch / "config.yaml")
    return scratch


def environment(folder: Path) -> dict[str, str]:
    """That of compose.yaml, with `${NAME:-default}` as its default."""
    variables = COMPOSE["services"]["web"]["environment"]
    told = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in variables.items()}
    paths = {name: value.replace("/run/secrets", str(folder)) for name, value in told.items()}
    return {"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1", **paths}


@contextmanager
def image_running(
    tmp_path: Path, folder: Path, port: int
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """The image's own command in the image's own files: the process and its log."""
    [entry], [command] = words_of("ENTRYPOINT"), words_of("CMD")
    told = {PORT: str(port), "/data": str(tmp_path / "data"), "0.0.0.0": "127.0.0.1"}
    words = [*entry[1:], *command]
    for known, here in told.items():
        words = [word.replace(known, here) for word in words]
    log = tmp_path / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=image(tmp_path),
            env=environment(folder),
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: "ready" in log.read_text() or process.poll() is not None)
        yield process, log
    finally:
        process.kill()
        process.wait()


@pytest.mark.crash
def test_the_command_of_the_image_serves_from_its_own_files_on_a_set_that_has_grown(
    tmp_path: Path, members: tuple[Path, list[Member]], free_port: int
) -> None:
    folder, [first, second] = members
    set_up(folder, first)
    set_up(folder, first, second)  # safe to repeat, and how a set grows
    wait_until(lambda: healthy(2, folder, first))
    uri = folder / "mongo_uri"
    uri.chmod(0o600)
    uri.write_text(uri.read_text().replace("mongo:27017", f"{first.address},{second.address}"))

    with image_running(tmp_path, folder, free_port) as (process, log):
        assert process.poll() is None, log.read_text()
        for path in ("/healthz", "/readyz", "/"):
            assert get(f"http://127.0.0.1:{free_port}{path}")[0] == 200
        process.terminate()
        assert process.wait(timeout=40) == 0
    assert not list((tmp_path / "image").rglob("__pycache__"))  # it may be mounted read-only


def test_the_unit_waits_for_the_drain_and_signals_the_service_alone() -> None:
    waits = int(re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[0])
    stop_within = EmbeddedConfig().stop_within
    assert timedelta(seconds=waits) > timedelta(seconds=25) + stop_within
    assert "KillMode=mixed" in UNIT
    for name in re.findall(r"([A-Z_]+__[A-Z_]+?)(?:_FILE)?=", UNIT):
        assert name in secret_keys_of(Settings), name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_unit_and_finds_it_closed(tmp_path: Path) -> None:
    unit = tmp_path / "chat-inbox.service"
    unit.write_text(UNIT.replace("/opt/chat-inbox/.venv/bin/python", sys.executable))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    asked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"exposure level for \S+ ([\d.]+)", asked.stdout)
    assert found is not None
    assert float(found[1]) < 2.0
