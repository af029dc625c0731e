"""A process of its own that asks for an access token; it dies before it saves, if told to.

Arguments: MongoDB URI, database, URL of the token endpoint, owner, "live" or "die". It says
"ready", waits for a line, and prints the token.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from channels.http import HttpClient
from channels.zalo.oauth import ZaloOAuth
from channels.zalo.tokens import ZaloTokens
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.secrets import SecretBox
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.channels.zalo.zalo_oa import BOX_KEY, KEY, healing, zalo_config

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


class DyingBox(SecretBox):
    """Sealing is the first thing that happens with a new pair: the process ends there."""

    def seal(self, credentials: Mapping[str, str]) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(uri: str, database: str, url: str, owner: str, fate: str) -> None:
    mongo, http, config = Mongo.connect(uri, database), HttpClient(), zalo_config(url)
    box = DyingBox([BOX_KEY]) if fate == "die" else SecretBox([BOX_KEY])
    clock = FixedClock(NOON)
    oauth = ZaloOAuth(http, config)
    store, heal = CredentialStore(mongo, box), healing(mongo, clock)
    tokens = ZaloTokens(mongo, store, heal, oauth, config, clock, owner=owner)
    await mongo["accounts"].find_one({"_id": KEY})
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    say(await tokens.access_token(KEY))
    await tokens.close()
    await http.close()
    await mongo.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
