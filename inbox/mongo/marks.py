"""When a job was last done, by whichever process: `service_marks {_id: "job:<name>", ...}`."""

from datetime import datetime

from inbox.mongo.client import Mongo


class JobMarks:
    """`done_from` is when the last run that succeeded began; it never goes back."""

    def __init__(self, mongo: Mongo) -> None:
        self._marks = mongo["service_marks"]

    async def done_from(self, name: str) -> datetime | None:
        """When the last successful run began; None before the first."""
        mark = await self._marks.find_one({"_id": f"job:{name}"})
        found: datetime | None = (mark or {}).get("done_from")
        return found

    async def mark_done(self, name: str, began: datetime, ended: datetime) -> None:
        """A run has succeeded."""
        await self._marks.update_one(
            {"_id": f"job:{name}"},
            {"$max": {"done_from": began, "ended_at": ended}, "$unset": {"error": 1}},
            upsert=True,
        )

    async def mark_failed(self, name: str, error: str, at: datetime) -> None:
        """A run has failed; `error` is the name of what it raised."""
        await self._marks.update_one(
            {"_id": f"job:{name}"}, {"$set": {"error": error, "failed_at": at}}, upsert=True
        )
