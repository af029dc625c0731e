"""Makes ready what the tests of the CRM mirror run against: a real Odoo 11 (`make test` calls it).

python scripts/odoo.py prepare    install it and make its database, unless that is done
python scripts/odoo.py lock       pin its libraries again after a change in libraries.in
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.crm_sync.odoo import preparing  # noqa: E402 - found below ROOT


def lock() -> None:
    """Write the hashes, without naming a registry."""
    folder = ROOT / "tests" / "crm_sync" / "odoo" / "requirements"
    for name in ("tools", "libraries"):
        words = [
            *(str(Path(sys.executable).with_name("uv")), "pip", "compile", f"{name}.in"),
            *("--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"),
            *("--no-emit-find-links", "--no-annotate", "--no-header", "--quiet"),
            *("--output-file", f"{name}.txt"),
        ]
        subprocess.run(words, cwd=folder, check=True)


def main(words: Sequence[str]) -> None:
    match words:
        case ["prepare"]:
            preparing.prepare()
        case ["lock"]:
            lock()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
