"""A small inbox for tests of the API: documents as the ingest stores them, and a client."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from obstore.store import MemoryStore

from inbox.clock import Clock
from inbox.conversations.marking.routes import MarkingRoutes
from inbox.conversations.marking.store import MarkingStore
from inbox.conversations.reading.routes import ReadingRoutes
from inbox.conversations.reading.store import ConversationReads
from inbox.customers.media.routes import CustomerMediaRoutes
from inbox.customers.routes import CustomerRoutes
from inbox.customers.store import CustomerStore
from inbox.http.application import build_application
from inbox.http.routing import Routes
from inbox.ids import account_key, conversation_key, identity_key, message_key
from inbox.media.files import MediaFiles
from inbox.media.links import MediaLinks
from inbox.media.serving.routes import MediaRoutes
from inbox.media.serving.store import MediaReads
from inbox.media.serving.stored import StoredMedia
from inbox.media.store import UploadStore
from inbox.mongo.client import Mongo
from inbox.search.tokens import customer_tokens, message_tokens
from inbox.staff.model import Actor, Role
from inbox.text import fold
from inbox.timeline.routes import TimelineRoutes
from inbox.timeline.store import TimelineStore

NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
"""Noon in Vietnam."""

Document = dict[str, Any]


def minutes(count: float) -> datetime:
    """So many minutes after NOON."""
    return NOON + timedelta(minutes=count)


def an_actor(name: str, *bots: str, role: Role = "sale") -> Actor:
    return Actor(id=name, name=name, role=role, bot_ids=frozenset(bots))


class KnownTokens:
    """An authenticator whose tokens are the names of the actors."""

    def __init__(self, *actors: Actor) -> None:
        self._actors = {actor.id: actor for actor in actors}

    async def by_session(self, secret: str) -> Actor | None:
        return None

    async def by_token(self, secret: str) -> Actor | None:
        return self._actors.get(secret)


class Answer:
    """Status and JSON of a response."""

    def __init__(self, status: int, json: Any) -> None:
        self.status = status
        self.json = json

    @property
    def ids(self) -> list[str]:
        return [item["id"] for item in self.json["items"]]


class Api:
    """The API over a real socket; `as_` is the name of the actor who asks."""

    def __init__(self, client: "TestClient[Any, Any]") -> None:
        self._client = client

    async def get(self, path: str, as_: str | None, **query: Any) -> Answer:
        return await self.call("GET", path, as_, params={k: str(v) for k, v in query.items()})

    async def call(self, method: str, path: str, as_: str | None, **options: Any) -> Answer:
        headers = dict(options.pop("headers", {}))
        if as_ is not None:
            headers["Authorization"] = f"Bearer {as_}"
        async with self._client.request(
            method, f"/api/v1{path}", headers=headers, **options
        ) as response:
            json = await response.json() if response.content_length else None
            return Answer(response.status, json)

    async def pages(self, path: str, as_: str, **query: Any) -> list[Answer]:
        """Every page, by following `next_cursor`."""
        pages = [await self.get(path, as_, **query)]
        while cursor := pages[-1].json["next_cursor"]:
            pages.append(await self.get(path, as_, cursor=cursor, **query))
        return pages

    async def close(self) -> None:
        await self._client.close()


def media_links(clock: Clock) -> MediaLinks:
    """Links that live an hour, signed with a key that every test has."""
    return MediaLinks([b"k" * 32], clock, timedelta(hours=1))


def inbox_routes(
    mongo: Mongo,
    clock: Clock,
    files: MediaFiles | None = None,
    *,
    customers: CustomerStore | None = None,
) -> list[Routes]:
    """`files`: where the copies are; nothing is stored anywhere unless given."""
    reads = ConversationReads(mongo)
    customers = customers or CustomerStore(mongo, clock)
    links = media_links(clock)
    stored = StoredMedia(files or MediaFiles(MemoryStore()), UploadStore(mongo))
    return [
        ReadingRoutes(reads, clock, links),
        MarkingRoutes(MarkingStore(mongo, reads, clock), links),
        CustomerRoutes(customers, links),
        CustomerMediaRoutes(customers, reads, stored, links, clock),
        MediaRoutes(MediaReads(mongo), stored, links),
        TimelineRoutes(TimelineStore(mongo), customers, reads),
    ]


async def serve(tables: Sequence[Routes], *actors: Actor) -> Api:
    """The API of `tables` for these actors on a socket of its own."""
    application = build_application(tables, KnownTokens(*actors), static=None)
    client = TestClient(TestServer(application))
    await client.start_server()
    return Api(client)


class World:
    """Writes documents as the ingest would."""

    def __init__(self, mongo: Mongo) -> None:
        self.mongo = mongo
        self._counter = 0

    async def customer(
        self, name: str, *, channel: str = "zalo", account: str = "oa1", **fields: Any
    ) -> str:
        """A customer with one identity; its id."""
        self._counter += 1
        external_id = f"person-{self._counter}"
        id_ = identity_key(channel, account, external_id)
        identity = {
            "id": id_,
            "channel": channel,
            "account_id": account,
            "external_id": external_id,
            "name": name,
            "avatar_url": f"https://avatars.example/{self._counter}.jpg",
            "avatar": {"sha256": f"{self._counter:064x}", "mime": "image/jpeg"},
        }
        document = {
            "_id": id_,
            "name": name,
            "name_key": fold(name),
            "phones": [],
            "emails": [],
            "note": "",
            "attributes": {},
            "tag_ids": [],
            "follower_ids": [],
            "identities": [identity],
            "version": 1,
            "field_versions": {},
            "merged_from": [],
            "origin": channel,
            "created_at": NOON,
            "updated_at": NOON,
        }
        document |= fields
        document["tok"] = customer_tokens(document)
        await self.mongo["customers"].insert_one(document)
        return id_

    async def conversation(
        self,
        customer_id: str | None,
        *,
        at: datetime = NOON,
        bot: str = "bot1",
        channel: str = "zalo",
        account: str = "oa1",
        kind: str = "inbox",
        **fields: Any,
    ) -> str:
        """A conversation whose last message is at `at`; its id."""
        self._counter += 1
        external_id = f"thread-{self._counter}"
        id_ = conversation_key(channel, account, kind, external_id)
        document = {
            "_id": id_,
            "channel": channel,
            "account_id": account,
            "account_key": account_key(channel, account),
            "kind": kind,
            "external_id": external_id,
            "bot_id": bot,
            "participant_ids": [],
            "status": "open",
            "status_at": NOON,
            "seq": 0,
            "read_seq": 0,
            "unread": 0,
            "last": {"message_id": "m", "text": "Chào shop", "at": at, "by": "customer"},
            "automation": {"state": "active"},
            "created_at": NOON,
        }
        if customer_id is not None:
            document["customer_id"] = customer_id
        document |= fields
        kept = {name: value for name, value in document.items() if value is not None}
        await self.mongo["conversations"].insert_one(kept)
        return id_

    async def message(
        self, conversation_id: str, text: str | None = None, *, at: datetime = NOON, **fields: Any
    ) -> str:
        """A message with the next seq of its conversation; its id."""
        self._counter += 1
        direction = fields.get("direction", "in")
        thread = await self.mongo["conversations"].find_one_and_update(
            {"_id": conversation_id},
            {"$inc": {"seq": 1, "unread": 1 if direction == "in" else 0}},
            return_document=True,
        )
        assert thread is not None
        external_id = f"mid-{self._counter}"
        id_ = message_key(thread["channel"], thread["account_id"], external_id)
        document = {
            "_id": id_,
            "conversation_id": conversation_id,
            "channel": thread["channel"],
            "external_id": external_id,
            "seq": thread["seq"],
            "direction": direction,
            "author": {"kind": "customer" if direction == "in" else "staff"},
            "text": text,
            "attachments": [],
            "at": at,
            "status": "received" if direction == "in" else "sent",
            "internal": False,
        }
        document |= fields
        if tokens := message_tokens(document):
            document["tok"] = tokens
        await self.mongo["messages"].insert_one(document)
        return id_

    async def live_types(self) -> list[str]:
        """Types of the live events so far, in order."""
        found = self.mongo["live_events"].find().sort("_id", 1)
        return [event["type"] async for event in found]
