"""Messages whose attachments wait to be copied, and what a copy changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from inbox.clock import Clock
from inbox.conversations.telling import message_event
from inbox.conversations.visibility import visible
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.errors import NotAllowed, NotFound
from inbox.live.model import live_event
from inbox.media.copying.model import Document, is_to_copy
from inbox.media.garbage.store import Pin, StoredObjects
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import Backoff, Claimed, DueWork, Pace, due
from inbox.staff.model import Actor

LEASE = timedelta(seconds=60)
"""Renewed while copying; a dead worker's messages are taken over after it."""
BACKOFF = Backoff(timedelta(seconds=5), timedelta(hours=2))
"""16 tries take up to 11 hours; links of Meta live for days, those of Zalo for 7 days."""


AVATAR_LEASE = timedelta(minutes=10)
"""Not renewed: the downloads of one customer's pictures take less."""


class CopyLost(Exception):
    """The attachment is not ours to write: removed, changed, or somebody else copies it now."""


@dataclass(frozen=True, slots=True)
class Place:
    """One attachment of a claimed message; `attachment` as it was when it was claimed."""

    claimed: Claimed
    position: int
    attachment: Document

    @property
    def path(self) -> str:
        return f"attachments.{self.position}"


class CopyStore:
    """Collection `messages`, path `copying`."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        *,
        rules: WindowRules = DEFAULT_RULES,
        pace: Pace | None = None,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._rules = rules
        self.lease = (pace or Pace(lease=LEASE)).lease
        self.objects = StoredObjects(mongo)
        self.due = DueWork(
            mongo, "messages", "copying", clock, pace=pace or Pace(lease=LEASE, backoff=BACKOFF)
        )

    async def keep(self, place: Place, copy: Document, pins: Iterable[Pin] = ()) -> None:
        """Store the `copy` of an attachment, with its live event; all or nothing.

        Only while the claim holds and the attachment is still there as it was claimed: one that
        was unsent meanwhile never gets its copy back. An upload's bytes are referred to by the
        upload too, which must still be there.

        Raises:
            CopyLost: nothing is stored; `unpin` the pins.
            ObjectGone: the same, and the bytes must be written anew.
        """
        pinned = list(pins)

        async def work(session: Session) -> None:
            message = await self._put(place, copy, session)
            await self.objects.refer(pinned, session=session)
            upload_id = place.attachment.get("upload_id")
            if upload_id is not None and copy["state"] == "copied":
                await self._refer_to_upload(upload_id, copy["sha256"], session)
            await self._tell(message, session)

        await self._mongo.transaction(work)

    async def _put(self, place: Place, copy: Document, session: Session) -> Document:
        same = {f"{place.path}.{name}": place.attachment.get(name) for name in ("url", "upload_id")}
        message = await self._mongo["messages"].find_one_and_update(
            {
                "_id": place.claimed.id,
                "copying.token": place.claimed.token,
                "removed_at": None,
                f"{place.path}.kind": place.attachment["kind"],
                f"{place.path}.copy": None,
                **same,
            },
            {"$set": {f"{place.path}.copy": copy}},
            return_document=True,
            session=session,
        )
        if message is None:
            raise CopyLost
        return message

    async def _refer_to_upload(self, upload_id: str, sha256: str, session: Session) -> None:
        query = {"_id": upload_id, "sha256": sha256}
        if await self._mongo["uploads"].find_one(query, {"_id": 1}, session=session) is None:
            raise CopyLost
        await self.objects.refer_again(sha256, self._clock.now(), session=session)

    async def _tell(self, message: Document, session: Session) -> None:
        conversation = await self._mongo["conversations"].find_one(
            {"_id": message["conversation_id"]}, session=session
        )
        if conversation is None or message.get("at") is None:
            return
        now = self._clock.now()
        event = message_event("message_changed", message, conversation, now, self._rules)
        await self._mongo["live_events"].insert_one(event, session=session)

    async def drop(self, pins: Iterable[Pin]) -> None:
        """The bytes under these pins are not needed after all."""
        await self.objects.unpin(pins, self._clock.now())

    async def try_again(self, message_id: str, position: int, actor: Actor) -> None:
        """Have an attachment copied whose copying failed; harmless where it did not.

        Raises:
            NotFound: there is no such attachment to copy. NotAllowed.
        """

        async def work(session: Session) -> None:
            message = await self._mongo["messages"].find_one(
                {"_id": message_id, "at": {"$type": "date"}}, session=session
            )
            if message is None or not 0 <= position < len(message.get("attachments") or ()):
                raise NotFound
            await self._check(message["conversation_id"], actor, session)
            attachment = message["attachments"][position]
            if not is_to_copy({**attachment, "copy": None}):
                raise NotFound
            if (attachment.get("copy") or {}).get("state") == "copied":
                return
            after = await self._mongo["messages"].find_one_and_update(
                {"_id": message_id},
                {
                    "$unset": {f"attachments.{position}.copy": 1},
                    "$set": {"copying": due(self._clock.now())},
                },
                return_document=True,
                session=session,
            )
            assert after is not None, "read in this transaction"
            await self._tell(after, session)

        await self._mongo.transaction(work)
        self.due.wake()

    async def _check(self, conversation_id: str, actor: Actor, session: Session) -> None:
        conversations = self._mongo["conversations"]
        if await conversations.find_one({"_id": conversation_id}, {"_id": 1}, session=session):
            seen = {"$and": [{"_id": conversation_id}, visible(actor)]}
            if await conversations.find_one(seen, {"_id": 1}, session=session) is None:
                raise NotAllowed
            return
        raise NotFound


class AvatarStore:
    """Collection `customers`, path `avatar_copying`."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._clock = clock
        self._objects = StoredObjects(mongo)
        pace = pace or Pace(lease=AVATAR_LEASE, backoff=BACKOFF)
        self.due = DueWork(mongo, "customers", "avatar_copying", clock, pace=pace)

    async def keep(self, claimed: Claimed, identity_id: str, avatar: Document, pin: Pin) -> None:
        """Store `avatar` ({sha256, mime, url}) on an identity and let go of the one before.

        Raises:
            CopyLost: the customer was erased or merged, or has another picture by now.
            ObjectGone: the bytes must be written anew.
        """

        async def work(session: Session) -> None:
            before = await self._mongo["customers"].find_one_and_update(
                {
                    "_id": claimed.id,
                    "avatar_copying.token": claimed.token,
                    "identities": {"$elemMatch": {"id": identity_id, "avatar_url": avatar["url"]}},
                },
                {"$set": {"identities.$.avatar": avatar, "updated_at": self._clock.now()}},
                session=session,
            )
            if before is None:
                raise CopyLost
            await self._objects.refer([pin], session=session)
            loose = {
                one["avatar"]["sha256"]
                for one in before["identities"]
                if one["id"] == identity_id and one.get("avatar")
            }
            await self._objects.let_go(loose - {pin.sha256}, self._clock.now(), session=session)
            await self._tell(claimed.id, session)

        await self._mongo.transaction(work)

    async def _tell(self, customer_id: str, session: Session) -> None:
        threads = self._mongo["conversations"].find(
            {"customer_id": customer_id}, {"bot_id": 1}, session=session
        )
        event = live_event(
            type="customer_changed",
            at=self._clock.now(),
            bot_ids=[one["bot_id"] async for one in threads],
            customer_id=customer_id,
            data={"fields": ["identities"]},
        )
        await self._mongo["live_events"].insert_one(event, session=session)

    async def drop(self, pin: Pin) -> None:
        """The bytes under the pin are not needed after all."""
        await self._objects.unpin([pin], self._clock.now())
