"""The bytes behind what is erased: copies of attachments, files of ours that nobody else got."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from inbox.media.copying.model import objects_in
from inbox.media.garbage.store import StoredObjects
from inbox.mongo.client import Mongo, Session


class ErasedFiles:
    """Lets go of stored objects in the transactions that remove what refers to them.

    What nothing refers to any more is deleted soon after (inbox/media/garbage).
    """

    def __init__(self, mongo: Mongo, at: datetime) -> None:
        self._mongo = mongo
        self._objects = StoredObjects(mongo)
        self._at = at

    async def go_with(
        self, message_ids: Collection[str], remove: Callable[[Session], Awaitable[Any]]
    ) -> None:
        """Run `remove`, which takes the attachments of these messages away, and let go of them."""

        async def work(session: Session) -> None:
            query = {"_id": {"$in": list(message_ids)}, "attachments.0": {"$exists": True}}
            found = self._mongo["messages"].find(query, {"attachments": 1}, session=session)
            attachments = [one async for message in found for one in message["attachments"]]
            await remove(session)
            loose = objects_in(attachments)
            loose |= await self._drop_uploads(attachments, session)
            await self._objects.let_go(loose, self._at, session=session)

        await self._mongo.transaction(work)

    async def _drop_uploads(
        self, attachments: Iterable[Mapping[str, Any]], session: Session
    ) -> set[str]:
        """Forget files of ours that no message holds and no script sends; the hashes of what
        they contain. Index (steps.content.upload_ids) of scripts.
        """
        ids = {one["upload_id"] for one in attachments if one.get("upload_id") is not None}
        if not ids:
            return set()
        sent = {"attachments.upload_id": {"$in": sorted(ids)}}
        used = await self._mongo["messages"].distinct(
            "attachments.upload_id", sent, session=session
        )
        scripted = await self._mongo["scripts"].distinct(
            "steps.content.upload_ids",
            {"steps.content.upload_ids": {"$in": sorted(ids)}},
            session=session,
        )
        unused = {"_id": {"$in": sorted(ids - set(used) - set(scripted))}}
        uploads = await self._mongo["uploads"].find(unused, session=session).to_list()
        await self._mongo["uploads"].delete_many(unused, session=session)
        return {one["sha256"] for one in uploads}

    async def let_go_of_avatars(
        self, identities: Iterable[Mapping[str, Any]], session: Session
    ) -> None:
        """Their customer is being deleted, or emptied, in this transaction."""
        avatars = {one["avatar"]["sha256"] for one in identities if one.get("avatar")}
        await self._objects.let_go(avatars, self._at, session=session)
