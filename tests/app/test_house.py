"""The house around the code: what the machine must provide, the locks, the Makefile's words."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from app.mongod import find_mongod

ROOT = Path(__file__).parents[2]
ALWAYS_THERE = {"libc6", "libgcc-s1"}
"""Debian calls them required: no Debian is without them."""


def output_of(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def declared(purpose: str) -> set[str]:
    return set(output_of("scripts/debian_packages.sh", "--list", purpose).split())


def linked_libraries(binary: Path) -> list[Path]:
    """The files that the loader takes; fails when one is not found."""
    lines = output_of("ldd", str(binary)).splitlines()
    assert not [line for line in lines if "not found" in line]
    return [Path(line.split("=>")[1].split()[0]) for line in lines if "=>" in line]


def package_of(library: Path) -> str:
    """Ask dpkg, which knows /lib as /usr/lib or as /lib, depending on the age of the package."""
    for path in (library, library.resolve(), Path("/usr") / library.relative_to("/")):
        found = subprocess.run(
            ["dpkg", "-S", str(path)], capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise AssertionError(f"{library} belongs to no Debian package")


def with_dependencies(packages: set[str]) -> set[str]:
    """The packages and everything that apt installs along with them."""
    query = output_of("dpkg-query", "-W", "-f", "${Package}\t${Pre-Depends}, ${Depends}\n")
    depends = {}
    for line in query.splitlines():
        name, _, needs = line.partition("\t")
        depends[name] = set(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]+)", needs))
    found: set[str] = set()
    waiting = set(packages)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= depends.get(name, set()) - found
    return found


@pytest.mark.skipif(not Path("/usr/bin/dpkg").exists(), reason="asks Debian's dpkg")
def test_every_library_of_the_embedded_mongod_is_in_a_declared_debian_package() -> None:
    packages = {package_of(library) for library in linked_libraries(find_mongod())}

    assert packages <= with_dependencies(declared("run")) | ALWAYS_THERE


@pytest.mark.skipif(not Path("/usr/bin/dpkg").exists(), reason="asks Debian's dpkg")
def test_libraries_that_mongod_names_itself_are_declared_themselves() -> None:
    """Not by way of another package, which may stop needing them."""
    versions = output_of("ldd", "-v", str(find_mongod())).partition("Version information:")[2]
    own = versions.split(":\n")[1]  # its own part comes first, then one for every library
    files = {Path(line.split("=>")[1].strip()) for line in own.splitlines() if "=>" in line}
    assert len(files) >= 5

    assert {package_of(path) for path in files} <= declared("run") | ALWAYS_THERE


def test_run_needs_no_browser_and_only_bench_needs_wrk() -> None:
    assert declared("run") < declared("test") < declared("bench")
    assert "chromium" not in declared("run")
    assert declared("bench") - declared("test") == {"wrk"}


@pytest.mark.parametrize("name", ["run", "dev"])
def test_locks_name_no_registry_and_no_place_on_this_machine(name: str) -> None:
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()

    assert "://" not in lock
    assert not re.search(r"--(extra-)?index-url|--find-links| @ |/home/|/root/", lock)


@pytest.mark.parametrize(("name", "extras"), [("run", ["embedded", "web"]), ("dev", ["dev"])])
def test_locks_pin_what_pyproject_asks_for_with_hashes(name: str, extras: list[str]) -> None:
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = list(project["dependencies"])
    for extra in extras:
        asked += project["optional-dependencies"][extra]

    for requirement in asked:
        package, version = re.split(r"==", requirement.split(";")[0].strip())
        assert pinned[package.split("[")[0].lower()] == version, requirement
    assert lock.count("==") <= lock.count("--hash=sha256:")


def test_package_lock_of_the_web_names_no_registry() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text()

    assert '"resolved"' not in lock


def test_every_command_of_the_makefile_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None

    for target in phony[1].split():
        if not target.startswith("packages-"):
            assert re.search(rf"^{target}:.* ## \S", makefile, re.MULTILINE), target


def test_ci_calls_what_the_makefile_offers() -> None:
    assert "exec make test" in (ROOT / ".ci" / "run").read_text().splitlines()
