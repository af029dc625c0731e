"""A PostgreSQL for one Odoo: its own folder, a Unix socket in it, and no port.

It refuses to run as root, so then it runs as the user `postgres`, who must reach its folder: not
one below a home, but one that `tempfile` makes.
"""

import re
import shutil
import signal
import subprocess
from pathlib import Path

from tests.crm_sync.odoo.processes import Child, DidNotStart, run, start, unprivileged

ROLE = "odoo"
"""The superuser of the cluster: Odoo refuses to be called postgres."""
_DEBIAN = "/usr/lib/postgresql"
_CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""It is thrown away after the tests."""


def programs() -> Path:
    """The folder of `postgres` and `initdb`: on PATH, else Debian's newest."""
    if (found := shutil.which("postgres")) is not None:
        return Path(found).resolve().parent
    installed = sorted(Path(_DEBIAN).glob("*/bin/postgres"), key=lambda one: int(one.parts[-3]))
    if not installed:
        raise DidNotStart("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return installed[-1].parent


def version() -> str:
    """Of the programs, as "15": the files of a cluster are of one such version."""
    said = subprocess.run(
        [programs() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"(\d+)", said.stdout)
    assert found is not None
    return found[1]


class Postgres:
    """The cluster in `folder`, whose data are in `data` below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._user = unprivileged("postgres")
        self._child: Child | None = None

    def create(self) -> None:
        """Make an empty cluster."""
        self._give_away(self.folder)
        words = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={ROLE}")
        initdb = str(programs() / "initdb")
        run([initdb, f"--pgdata={self.data}", "--no-sync", *words], user=self._user)

    def copy_of(self, data: Path) -> None:
        """Make a cluster of the files of a stopped one."""
        shutil.copytree(data, self.data)
        self.data.chmod(0o700)  # it insists
        for one in (self.folder, self.data, *self.data.rglob("*")):
            self._give_away(one)

    def _give_away(self, path: Path) -> None:
        if self._user is not None:
            shutil.chown(path, self._user, self._user)

    def start(self) -> None:
        """Raises DidNotStart."""
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            "unix_socket_permissions=0700",
            *_CARELESS,
        )
        words = [word for setting in settings for word in ("-c", setting)]
        log = self.folder / "postgres.log"
        command = [str(programs() / "postgres"), "-D", str(self.data), *words]
        self._child = start(command, log, user=self._user)
        self._child.wait_until(lambda: "ready to accept connections" in log.read_text())

    def stop(self) -> None:
        """Without waiting for whoever is connected."""
        if self._child is not None:
            self._child.stop(signal.SIGINT)
