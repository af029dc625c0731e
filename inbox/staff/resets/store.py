"""The collection `password_resets`: by the hash of the secret, one per person."""

from datetime import datetime

from inbox.mongo.client import Mongo, Session


class ResetStore:
    """Reset links that were not used yet."""

    def __init__(self, mongo: Mongo) -> None:
        self._resets = mongo["password_resets"]

    async def replace(
        self, reset_id: str, staff_id: str, *, now: datetime, until: datetime, session: Session
    ) -> None:
        """Keep a link; an earlier one of the same person is good no longer."""
        await self.end_all(staff_id, session=session)
        await self._resets.insert_one(
            {"_id": reset_id, "staff_id": staff_id, "created_at": now, "expires_at": until},
            session=session,
        )

    async def person_of(self, reset_id: str, *, now: datetime) -> str | None:
        """Whose password the link may set; None when it is not good (any more)."""
        found = await self._resets.find_one({"_id": reset_id, "expires_at": {"$gt": now}})
        return None if found is None else found["staff_id"]

    async def take(self, reset_id: str, *, now: datetime, session: Session) -> str | None:
        """As `person_of`, and the link is used up."""
        found = await self._resets.find_one_and_delete(
            {"_id": reset_id, "expires_at": {"$gt": now}}, session=session
        )
        return None if found is None else found["staff_id"]

    async def end_all(self, staff_id: str, *, session: Session) -> None:
        """No link of this person is good any more; index (staff_id)."""
        await self._resets.delete_many({"staff_id": staff_id}, session=session)
