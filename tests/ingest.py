"""The ingest as the service wires it, on a test database: journal, routing, lanes, recovery."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from channels.accounts import AccountDirectory
from channels.facebook.parser import parse as parse_facebook
from channels.handlers import router as inbox_router
from channels.ingesting import Ingesting, Understanding
from channels.router import Router
from channels.store import IngestStore
from channels.zalo.parser import parse as parse_zalo
from inbox.clock import Clock
from inbox.config import JournalConfig, ReceivingConfig
from inbox.conversations.applying import Applier
from inbox.conversations.receiving import Receiving
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.due import DueWork, Pace
from inbox.mongo.journal import Journal, JournalEntries

PAYLOADS = Path(__file__).parent / "payloads"
FACEBOOK_PAGE = "108724531987066"
SECOND_FACEBOOK_PAGE = "231908745610234"
INSTAGRAM_ACCOUNT = "17841462210093845"
ZALO_OA = "4118290375522816043"
OWN_APP_ID = "1184530992247716"
CONNECTED_AT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
LEASE = timedelta(seconds=15)
"""Until others may apply what one process has kept."""


@dataclass(slots=True)
class Ingest:
    """A running ingest. `keep` returns when the body is durable, `applied` when all is applied."""

    journal: Journal
    entries: JournalEntries
    receiving: Receiving
    ingesting: Ingesting
    directory: AccountDirectory
    refused: list[tuple[str, bytes]]

    async def keep(self, channel: str, body: bytes | dict[str, Any]) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.journal.keep(channel, raw)

    async def applied(self) -> None:
        """Wait until everything kept so far is applied or parked."""
        async with asyncio.timeout(30):
            while self.ingesting.waiting or self.receiving.backlog:
                await asyncio.sleep(0)
                await self.receiving.drained()

    async def recover(self) -> int:
        """Apply what became due in the journal; the number of entries claimed."""
        claimed = await self.ingesting.recover_step()
        await self.applied()
        return claimed


@asynccontextmanager
async def running_ingest(
    mongo: Mongo,
    clock: Clock,
    *,
    router: Router = inbox_router,
    owner: str = "test",
    drain_within: timedelta = timedelta(seconds=20),
) -> AsyncIterator[Ingest]:
    """Start the ingest and stop it again; what is submitted is applied before the end.

    What cannot be applied within `drain_within` is given back to the journal.
    """
    directory = AccountDirectory(IngestStore(mongo).connected_accounts)
    await directory.refresh()
    entries = JournalEntries(mongo, clock)
    receiving = Receiving(
        Applier(mongo, clock, entries),
        entries,
        clock,
        directory.bots,
        ReceivingConfig(pause_when_away=timedelta(milliseconds=20)),
    )
    understanding = Understanding(
        {
            "facebook": lambda body, at: parse_facebook(
                body, own_app_id=OWN_APP_ID, received_at=at
            ),
            "zalo": lambda body, at: parse_zalo(
                body, known_oa_ids=directory.ids("zalo"), received_at=at
            ),
        },
        router,
        directory,
    )
    due = DueWork(mongo, "webhook_journal", "apply", clock, pace=Pace(lease=LEASE))
    ingesting = Ingesting(understanding, receiving, entries, due, clock, owner=owner)
    refused: list[tuple[str, bytes]] = []
    journal = Journal(
        mongo,
        clock,
        owner=owner,
        on_kept=ingesting.accept,
        on_refused=lambda channel, body: refused.append((channel, body)),
        limits=JournalConfig(),
    )
    stop = asyncio.Event()
    receiving.start()
    running = asyncio.create_task(ingesting.run(stop))
    try:
        yield Ingest(journal, entries, receiving, ingesting, directory, refused)
    finally:
        await journal.close()
        stop.set()
        await running
        await receiving.stop(within=drain_within)


async def connect_accounts(
    mongo: Mongo,
    accounts: Sequence[tuple[str, str]] = (
        ("facebook", FACEBOOK_PAGE),
        ("facebook", SECOND_FACEBOOK_PAGE),
        ("instagram", INSTAGRAM_ACCOUNT),
        ("zalo", ZALO_OA),
    ),
    *,
    bot_id: str = "bot",
) -> None:
    """Connect (channel, platform id) accounts to one bot."""
    await mongo["accounts"].insert_many(
        [
            {
                "_id": account_key(channel, account_id),
                "channel": channel,
                "account_id": account_id,
                "bot_id": bot_id,
                "name": f"{channel} account",
                "created_at": CONNECTED_AT,
                "health": {"state": "ok", "at": CONNECTED_AT},
            }
            for channel, account_id in accounts
        ]
    )


def payloads() -> list[tuple[str, bytes]]:
    """Every sample webhook as (channel of the endpoint, body), in the order of their names."""
    return [
        (channel, path.read_bytes())
        for channel in ("facebook", "zalo")
        for path in sorted((PAYLOADS / channel).glob("*.json"))
    ]


def facebook_message(
    text: str, *, mid: str, at: int, psid: str = "7312094485501276", page: str = FACEBOOK_PAGE
) -> dict[str, Any]:
    """A Messenger webhook body with one text message; `at` in epoch milliseconds."""
    return {
        "object": "page",
        "entry": [
            {
                "id": page,
                "time": at,
                "messaging": [
                    {
                        "sender": {"id": psid},
                        "recipient": {"id": page},
                        "timestamp": at,
                        "message": {"mid": mid, "text": text},
                    }
                ],
            }
        ],
    }
