"""Writes requirements/*.txt from pyproject.toml: every package pinned, with its hashes.

run.txt is what `make run` installs, dev.txt that and the tools. Neither names a registry: pip
takes the packages from wherever it is set up to, and the hashes say whether they are the same.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"run": ["embedded", "web"], "dev": ["embedded", "web", "dev"]}


def main() -> None:
    for name, extras in LOCKS.items():
        words = [f"--extra={extra}" for extra in extras]
        if name != "run":
            words += ["--constraint", "requirements/run.txt"]
        command = [
            *(str(Path(sys.executable).with_name("uv")), "pip", "compile", "pyproject.toml"),
            *("--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--quiet"),
            *("--custom-compile-command", "make lock"),
            *("--output-file", f"requirements/{name}.txt", *words),
        ]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
