"""A messenger for Meta's channels in front of a scripted server, with everything else real."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from channels.breaker import Breakers
from channels.config import FacebookConfig
from channels.facebook.access import PageAccounts
from channels.facebook.client import GraphClient
from channels.facebook.messenger import FacebookMessenger, FacebookParts
from channels.facebook.profiles import FacebookProfiles
from channels.facebook.traffic import Traffic
from channels.http import HttpClient
from inbox.clock import FixedClock
from inbox.conversations.model import AttachmentKind
from inbox.ids import account_key
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from inbox.ports import AccountRef, Outgoing, OutgoingFile, Part, Recipient
from tests.channels.scripted_platform import Reply, ScriptedPlatform, scripted_platform

PAGE_ID, PERSON_ID, TOKEN, APP_SECRET = "1001", "7001", "EAAtoken", "app-secret"
ACCOUNT = AccountRef(account_key("facebook", PAGE_ID), "facebook", PAGE_ID)
INSTAGRAM_ACCOUNT = AccountRef(account_key("instagram", "17841"), "instagram", "17841")
PERSON = Recipient("inbox", PERSON_ID)
COMMENT = Recipient("comment", "55_66")
PRIVATELY = Recipient("comment", "55_66", comment_id="55_66")
TAKEN = Reply({"recipient_id": PERSON_ID, "message_id": "m_1"})
UPLOADED = Reply({"attachment_id": "900100"})


class FakeCredentials:
    """Credentials in memory; an account that is not there has none."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, str]] = {
            ACCOUNT.key: {"access_token": TOKEN},
            INSTAGRAM_ACCOUNT.key: {"access_token": TOKEN},
        }

    async def of(self, account_key: str) -> dict[str, str]:
        return self.values.get(account_key, {})


def refusal(
    code: int, subcode: int | None = None, status: int = 400, *, retry_after: str | None = None
) -> Reply:
    error: dict[str, Any] = {"message": "…", "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    return Reply({"error": error | {"fbtrace_id": "T1"}}, status=status, headers=headers)


def a_file(kind: AttachmentKind = "image", name: str = "Báo giá.jpg") -> OutgoingFile:
    async def read() -> AsyncIterator[bytes]:
        yield b"JPEG"
        yield b"bytes"

    return OutgoingFile(kind, name, 9, "image/jpeg" if kind == "image" else f"{kind}/mp4", read)


@dataclass
class World:
    """`waited` are the seconds that sends waited for their turn; the clock went on with them."""

    graph: ScriptedPlatform
    messenger: FacebookMessenger
    instagram: FacebookMessenger
    profiles: FacebookProfiles
    client: GraphClient
    credentials: FakeCredentials
    breakers: Breakers
    buckets: Buckets
    mongo: Mongo
    clock: FixedClock
    waited: list[float] = field(default_factory=list)

    def outgoing(self, text: str | None = "Chào chị", **more: Any) -> Outgoing:
        """One text part to PERSON, written by a person a minute after the customer."""
        file = more.pop("file", None)
        plain = Outgoing(
            account=ACCOUNT,
            recipient=PERSON,
            part=Part(0, text=text if file is None else None, file=0 if file else None),
            file=file,
            reference="ref-1",
            by_human=True,
            last_in_at=self.clock.now() - timedelta(minutes=1),
        )
        return replace(plain, **more)


@asynccontextmanager
async def graph_world(
    mongo: Mongo, clock: FixedClock, *, human_agent: bool = True
) -> AsyncIterator[World]:
    async with scripted_platform() as graph:
        config = FacebookConfig(
            api_url=graph.url,
            app_secrets=(SecretStr(APP_SECRET), SecretStr("older")),
            timeout=timedelta(milliseconds=300),
            upload_timeout=timedelta(milliseconds=300),
        )
        http = HttpClient()
        client = GraphClient(http, config)
        credentials, buckets = FakeCredentials(), Buckets(mongo, clock)
        breakers = Breakers(clock, after=3, open_for=timedelta(seconds=15))
        waited: list[float] = []

        async def wait(seconds: float) -> None:
            waited.append(seconds)
            clock.advance(timedelta(seconds=seconds))

        traffic = Traffic(buckets, breakers, pause=wait)
        accounts = PageAccounts(credentials)
        parts = FacebookParts(
            client=client,
            accounts=accounts,
            traffic=traffic,
            clock=clock,
            human_agent=human_agent,
        )
        yield World(
            graph,
            FacebookMessenger("messenger", parts),
            FacebookMessenger("instagram", parts),
            FacebookProfiles(client, accounts, traffic),
            client,
            credentials,
            breakers,
            buckets,
            mongo,
            clock,
            waited,
        )
        await http.close()
