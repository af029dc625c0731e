"""The CRMs of benchmarks/crm: a real Odoo 11 as the tests have it, and a receiver of webhooks."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.crm.shop import Target
from benchmarks.measuring import HERE
from tests.crm_sync.odoo.odoo_harness import BOT, BOT_SECRET, PARTNER, admin_of, set_up
from tests.crm_sync.odoo.preparing import prepare
from tests.crm_sync.odoo.server import DATABASE, odoo_server

_RECORDS = 500
_SECRET = "a-secret-of-more-than-24-bytes"


@contextmanager
def receiver(latency_s: float = 0.0) -> Iterator[Target]:
    """A CRM that answers at once, or after so long."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.crm.receiving", str(latency_s)],
        cwd=HERE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        port = json.loads(child.stdout.readline())
        yield Target("webhook", f"http://127.0.0.1:{port}", _SECRET)
    finally:
        child.stdin.close()
        child.wait(30)


@contextmanager
def odoo() -> Iterator[Target]:
    """An Odoo 11 with some hundred records; it is prepared on the first use."""
    with odoo_server(prepare()) as server:
        records = asyncio.run(_records(server.url))
        yield Target("odoo", server.url, BOT_SECRET, DATABASE, BOT, records)


async def _records(url: str) -> list[str]:
    admin = admin_of(url)
    await set_up(admin)
    rows = [[f"Khách {number}"] for number in range(_RECORDS)]
    made = await admin.call(PARTNER, "load", fields=["name"], data=rows)
    await admin.close()
    return [str(id_) for id_ in made["ids"]]
