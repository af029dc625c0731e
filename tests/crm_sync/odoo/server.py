"""An Odoo 11 on loopback, with a PostgreSQL of its own."""

import platform
import shutil
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.crm_sync.odoo.postgres import ROLE, Postgres
from tests.crm_sync.odoo.processes import Child, start

DATABASE = "crm"
ADMIN = "admin"
"""The sign-in of its administrator, and the password."""
SHIM = Path(__file__).with_name("run11.py")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Place:
    """What an Odoo is made of: the interpreter that has it, a running PostgreSQL, its files."""

    python: Path
    postgres: Postgres
    folder: Path

    def command(self, port: int, *words: str) -> list[str]:
        """The command line of Odoo, its settings written down before."""
        settings = self.folder / "odoo.conf"
        settings.write_text(_SETTINGS.format(self=self, port=port, role=ROLE))
        words = ("-c", str(settings), "-d", DATABASE, *words)
        return [str(self.python), "-W", "ignore", str(SHIM), *words]


_SETTINGS = """[options]
db_host = {self.postgres.folder}
db_user = {role}
xmlrpc_interface = 127.0.0.1
xmlrpc_port = {port}
data_dir = {self.folder}/files
workers = 0
max_cron_threads = 0
without_demo = all
list_db = False
log_level = info
admin_passwd = only-for-tests
"""


class OdooServer:
    """Knows its address, stops, and starts again on the same port."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._port = _free_port()
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Back as soon as it answers. Raises DidNotStart."""
        log = self._place.folder / "odoo.log"
        self._child = start(self._place.command(self._port), log)
        # A request that comes while the modules are being imported may lock it up for good.
        self._child.wait_until(lambda: "Modules loaded." in log.read_text(errors="replace"))
        self._child.wait_until(self._answers)

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()

    def _answers(self) -> bool:
        """Whether it lets the administrator in: its login page takes far longer the first time."""
        call = {"service": "common", "method": "login", "args": [DATABASE, ADMIN, ADMIN]}
        try:
            return isinstance(post(f"{self.url}/jsonrpc", call).get("result"), int)
        except (urllib.error.URLError, OSError):
            return False


def post(url: str, params: dict[str, Any]) -> dict[str, Any]:
    """One JSON-RPC call, without the connector that is being tested."""
    body = orjson.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with _DIRECT.open(request, timeout=60) as answer:
        found: dict[str, Any] = orjson.loads(answer.read())
        return found


@contextmanager
def odoo_server(prepared: "Prepared") -> Iterator[OdooServer]:
    """A server on a copy of what was prepared; nothing of it is left."""
    with temporary_folders() as (files, cluster):
        shutil.copytree(prepared.files, files / "files")
        postgres = Postgres(cluster)
        postgres.copy_of(prepared.cluster)
        postgres.start()
        server = OdooServer(Place(prepared.python, postgres, files))
        try:
            server.start()
            yield server
        finally:
            server.stop()
            postgres.stop()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `scripts/odoo.py prepare` leaves: Odoo's interpreter, the files of a stopped
    PostgreSQL that has the database, and Odoo's own files.
    """

    python: Path
    cluster: Path
    files: Path


@contextmanager
def temporary_folders() -> Iterator[tuple[Path, Path]]:
    """One for Odoo's files, and one for the cluster; a socket's path must be short."""
    with (
        tempfile.TemporaryDirectory(prefix="odoo-") as files,
        tempfile.TemporaryDirectory(prefix="odoo-pg-") as cluster,
    ):
        yield Path(files), Path(cluster)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def python_3_11() -> str:
    """The interpreter that Odoo 11 is proven with: ours, or one on PATH."""
    found = shutil.which("python3.11")
    if platform.python_version_tuple()[:2] == ("3", "11"):
        found = sys.executable
    if found is None:
        raise SystemExit("The test CRM needs Python 3.11 (Debian: apt-get install python3.11-venv)")
    return found
