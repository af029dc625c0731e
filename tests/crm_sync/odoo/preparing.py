"""Installs Odoo 11 and makes its database, once: both are kept under ~/.cache and named by what
they are made of, so that whatever changes is made anew and nothing else is.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crm_sync.odoo import postgres
from tests.crm_sync.odoo.postgres import Postgres
from tests.crm_sync.odoo.processes import run
from tests.crm_sync.odoo.server import SHIM, Place, Prepared, python_3_11, temporary_folders

_REQUIREMENTS = Path(__file__).with_name("requirements")
_LIBRARIES = _REQUIREMENTS / "libraries.txt"
_TOOLS = _REQUIREMENTS / "tools.txt"
_ODOO = _REQUIREMENTS / "odoo.txt"
_MODULES = "contacts,crm"


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"  # noqa: TID251 - no setting
    return Path(base) / "chat-inbox-odoo11"


def prepared() -> Prepared | None:
    """What is there for the tests; None until `prepare` has run."""
    found = _prepared()
    return found if found.python.exists() and found.cluster.exists() else None


def _prepared() -> Prepared:
    environment = _digest(_TOOLS, _LIBRARIES, _ODOO)
    database = _digest(_ODOO, SHIM, more=f"{_MODULES} {postgres.version()}")
    made = cache() / f"database-{database}"
    python = cache() / f"python-{environment}" / "bin" / "python"
    return Prepared(python, made / "cluster", made / "files")


def _digest(*paths: Path, more: str = "") -> str:
    total = hashlib.blake2b(more.encode(), digest_size=6)
    for path in paths:
        total.update(hashlib.blake2b(path.read_bytes()).digest())
    return total.hexdigest()


def prepare() -> Prepared:
    """Make what is missing, telling what; whoever comes meanwhile waits and finds it."""
    if (found := prepared()) is not None:
        return found
    cache().mkdir(parents=True, exist_ok=True)
    with _alone():
        made = _prepared()
        environment, database = made.python.parents[1], made.cluster.parent
        if not environment.exists():
            _tell(f"Installing the test CRM (Odoo 11, 280 MB, about a minute) in {cache()}")
            _made_at(environment, _install)
        if not database.exists():
            _tell("Making the database of the test CRM (about a minute)")
            _made_at(database, lambda folder: _initialize(made.python, folder))
        return made


@contextmanager
def _alone() -> Iterator[None]:
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made_at(place: Path, make: Callable[[Path], None]) -> None:
    """Either whole or not there: what is interrupted begins again."""
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    make(part)
    part.rename(place)


def _install(folder: Path) -> None:
    """The libraries of 2018 that Odoo wants, and its wheels without what they declare."""
    run([python_3_11(), "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    for words in (
        ["--requirement", str(_TOOLS)],
        ["--no-build-isolation", "--requirement", str(_LIBRARIES)],
        ["--no-deps", "--requirement", str(_ODOO)],
    ):
        subprocess.run([*pip, *words], check=True)
    _prune(next(folder.glob("lib/python*/site-packages/odoo")))


def _prune(odoo: Path) -> None:
    """Half of its files are charts of accounts and translations."""
    for one in [*odoo.glob("addons/l10n_*"), *odoo.rglob("i18n")]:
        shutil.rmtree(one, ignore_errors=True)


def _initialize(python: Path, folder: Path) -> None:
    with temporary_folders() as (files, cluster):
        server = Postgres(cluster)
        server.create()
        server.start()
        try:
            place = Place(python, server, files)
            run(place.command(0, "-i", _MODULES, "--stop-after-init"))
        finally:
            server.stop()
        (files / "files").mkdir(exist_ok=True)
        folder.mkdir()
        shutil.copytree(server.data, folder / "cluster")
        shutil.copytree(files / "files", folder / "files")


def _tell(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - whoever runs make waits for it
