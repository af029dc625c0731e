"""Writes docs/openapi.json, the API as the route tables say it, without a running server.

    python scripts/openapi.py           write it
    python scripts/openapi.py --check   only say whether it is what the tables give

The typed client of web/ is generated from this file: `make openapi` does both.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.parts import Parts  # noqa: E402
from app.settings import Settings  # noqa: E402 - after the path
from app.wiring import Service  # noqa: E402
from inbox.clock import SystemClock  # noqa: E402
from inbox.http.application import api_document  # noqa: E402
from inbox.mongo.client import Mongo  # noqa: E402

DOCUMENT = ROOT / "docs" / "openapi.json"
_NOBODY = "mongodb://127.0.0.1:1"
"""Reading the tables asks no database."""
_ANY_KEY = "A" * 43


async def document() -> str:
    """The document of every route table of the service, as it stands in the file."""
    settings = Settings.model_validate({"inbox": {"secret_key": _ANY_KEY}})
    service = Service(settings, Mongo.connect(_NOBODY, "none"), Parts(clock=SystemClock()))
    text = json.dumps(api_document(service.tables()), indent=2, ensure_ascii=False)
    await service.close()
    return text + "\n"


def main(words: Sequence[str]) -> None:
    text = asyncio.run(document())
    match words:
        case []:
            DOCUMENT.write_text(text, encoding="utf-8")
        case ["--check"]:
            if not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != text:
                sys.exit("docs/openapi.json is not what the routes say: run make openapi")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
