"""The collection `session_handovers`: by the hash of the code."""

from datetime import datetime

from inbox.mongo.client import Mongo


class HandoverStore:
    """Codes that sign a frame in; each is used once."""

    def __init__(self, mongo: Mongo) -> None:
        self._handovers = mongo["session_handovers"]

    async def insert(self, code_id: str, session_id: str, *, until: datetime) -> None:
        await self._handovers.insert_one(
            {"_id": code_id, "session_id": session_id, "expires_at": until}
        )

    async def take(self, code_id: str, *, now: datetime) -> str | None:
        """The session that made the code, which is used up now; None when it is not good."""
        found = await self._handovers.find_one_and_delete(
            {"_id": code_id, "expires_at": {"$gt": now}}
        )
        return None if found is None else found["session_id"]
