"""Messages with attachments at a simulated platform, and the workers that copy them."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from app.demo.faults import Faults
from app.demo.media import media_content
from app.demo.platform import SimulatedPlatform
from channels.config import MediaFetchConfig
from channels.media.client import MediaClient
from inbox.clock import FixedClock
from inbox.conversations.changes import Change, KeepMessage, RemoveMessage
from inbox.conversations.model import (
    Attachment,
    Author,
    Channel,
    IdentityRef,
    MessageRef,
    ThreadRef,
)
from inbox.customers.erasure.erasing import SETTLE, Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.ids import account_key
from inbox.media.copying.avatars import AvatarCopying
from inbox.media.copying.store import AvatarStore, CopyStore
from inbox.media.copying.taking import Taking
from inbox.media.copying.worker import Copying
from inbox.media.files import MediaFiles
from inbox.media.garbage.collecting import Collecting
from inbox.media.garbage.store import GarbageStore, StoredObjects
from inbox.media.garbage.writing import ObjectWriter
from inbox.media.source import MediaSource, MediaStream
from inbox.media.thumbnails import Thumbnails
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Pace
from tests.inbox.inbox_world import an_actor
from tests.reply_world import PAGE, ReplyWorld

PERSON = IdentityRef("facebook", PAGE, "55501")
THREAD = ThreadRef("facebook", PAGE, "inbox", "55501")
MOST_BYTES = 300_000
MOST_ATTEMPTS = 4
MP4 = bytes.fromhex("000000186674797069736f6d0000020069736f6d69736f32") + b"\0" * 3000
MP3 = b"ID3\x03\0\0\0\0\0\x21" + b"\0" * 3000


def picture(number: int = 0, form: str = "JPEG", size: tuple[int, int] = (640, 480)) -> bytes:
    """A picture that is another one for every number."""
    out = io.BytesIO()
    colour = (number % 256, number // 256 % 256, 99)
    Image.new("RGB", size, colour).save(out, form)
    return out.getvalue()


class GatedSource:
    """A source whose downloads stop after the first piece, and go on when the test says so."""

    def __init__(self, source: MediaSource) -> None:
        self._source = source
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.fetched = 0

    @asynccontextmanager
    async def fetch(
        self, channel: Channel, url: str, *, most_bytes: int
    ) -> AsyncIterator[MediaStream]:
        self.fetched += 1
        async with self._source.fetch(channel, url, most_bytes=most_bytes) as stream:
            yield replace(stream, chunks=self._gated(stream.chunks))

    async def _gated(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            yield chunk
            self.begun.set()
            await self.go_on.wait()


class CopyWorld(ReplyWorld):
    """Everything that copying needs. `media` is the platform's network, `folder` our storage."""

    def __init__(self, mongo: Mongo, clock: FixedClock, folder: Path, **media: Any) -> None:
        super().__init__(mongo, clock, folder)
        self.folder = folder
        self.faults = Faults()
        self.media = SimulatedPlatform(clock=clock, faults=self.faults, **media)
        self.files = MediaFiles.in_folder(folder)
        self.objects = StoredObjects(mongo)
        self.copies = CopyStore(mongo, clock)
        self.thumbnails = Thumbnails()
        self.collecting = Collecting(GarbageStore(mongo, clock), self.objects, self.files, clock)
        self.source: MediaClient

    async def start(self) -> None:
        await self.connect()
        await self.media.start()
        host = self.media.base_url.partition("://")[2]
        self.source = MediaClient(MediaFetchConfig(allow_hosts=[host]))

    async def stop(self) -> None:
        self.thumbnails.close()
        await self.source.close()
        await self.media.stop()

    def copier(
        self,
        source: MediaSource | None = None,
        *,
        most_bytes: int = MOST_BYTES,
        pace: Pace | None = None,
        at_once: int = 8,
    ) -> Copying:
        taking = Taking(
            source or self.source,
            self.files,
            ObjectWriter(self.files, self.objects, self.clock),
            self.uploads,
            self.thumbnails,
            most_bytes=most_bytes,
        )
        store = CopyStore(self.mongo, self.clock, pace=pace) if pace else self.copies
        return Copying(store, taking, at_once=at_once, most_attempts=MOST_ATTEMPTS)

    def avatar_copier(self, source: MediaSource | None = None) -> AvatarCopying:
        writer = ObjectWriter(self.files, self.objects, self.clock)
        return AvatarCopying(AvatarStore(self.mongo, self.clock), source or self.source, writer)

    async def apply(self, *changes: Change) -> None:
        bots = {account_key("facebook", PAGE): "bot1"}
        await self.applier.apply(changes, bots=bots)

    async def arrive(self, *attachments: Attachment, mid: str = "m1") -> str:
        """A customer's message with these attachments; its id."""
        message = MessageRef("facebook", PAGE, mid)
        await self.apply(
            KeepMessage(
                message,
                THREAD,
                PERSON,
                "in",
                Author("customer"),
                self.clock.now(),
                attachments=attachments,
            )
        )
        return message.id

    async def unsend(self, mid: str = "m1") -> None:
        message = MessageRef("facebook", PAGE, mid)
        await self.apply(RemoveMessage(message, THREAD, self.clock.now()))

    def at_platform(self, content: bytes, name: str = "anh.jpg", mime: str = "image/jpeg") -> str:
        """A link of the platform to this content."""
        return self.media.keep(name, mime, content)

    def image(self, name: str = "ao.png", **fields: Any) -> Attachment:
        """A picture that the platform can make of its name."""
        return Attachment("image", name=name, url=self.media.media_url(name), **fields)

    async def stored(self, message_id: str) -> Document:
        found = await self.mongo["messages"].find_one({"_id": message_id})
        assert found is not None
        return found

    async def newest(self) -> str:
        """The id of the message that came last."""
        found = await self.mongo["messages"].find_one(sort=[("seq", -1)])
        assert found is not None
        id_: str = found["_id"]
        return id_

    async def cancel(self, message_id: str) -> None:
        """Take a message of ours back that is queued."""
        await self.replies.cancel(message_id, an_actor("lan", "bot1"))

    async def copies_of(self, message_id: str) -> list[Document | None]:
        message = await self.stored(message_id)
        return [one.get("copy") for one in message["attachments"]]

    async def read(self, copy: Document) -> bytes:
        """The stored bytes of a copy."""
        chunks = await self.files.open(copy["sha256"], 0, 2**31)
        return b"".join([chunk async for chunk in chunks])

    def on_disk(self) -> set[str]:
        """Names of everything in the storage, half-written files included."""
        return {path.name for path in self.folder.rglob("*") if path.is_file()}

    async def collect(self) -> None:
        """Delete what nothing refers to, until nothing is due."""
        while await self.collecting.step():
            pass

    async def erase(self, customer_id: str = PERSON.id) -> None:
        """Erase a customer, both sweeps of it, and collect."""
        erasures = ErasureStore(self.mongo, self.clock)
        await erasures.request(customer_id, an_actor("boss", role="owner"))
        erasing = Erasing(self.mongo, erasures, self.clock)
        assert await erasing.run_one()
        self.clock.advance(SETTLE)
        assert await erasing.run_one()
        await self.collect()


def demo_picture(name: str = "ao.png") -> bytes:
    """What `CopyWorld.image` leads to."""
    return media_content(name)


def shas(copies: Iterable[Document | None]) -> set[str]:
    """The stored objects of these copies, thumbnails included."""
    found: set[str] = set()
    for copy in copies:
        assert copy is not None
        found.add(copy["sha256"])
        if "thumbnail" in copy:
            found.add(copy["thumbnail"]["sha256"])
    return found
