"""The presence board of a bot: who is here, on shift and receiving, with how much to do."""

from collections.abc import Collection, Mapping
from datetime import datetime

from inbox.clock import Clock
from inbox.errors import NotFound
from inbox.mongo.client import Document, Mongo
from inbox.splitting.documents import schedule_from
from inbox.splitting.model import PoolEntry, SplitConfig
from inbox.splitting.presence.model import Presence
from inbox.splitting.presence.store import PresenceStore
from inbox.splitting.presence.view import BoardCapView, BoardRowView, BoardView
from inbox.splitting.schedules import hours_of
from inbox.splitting.store import SplitStore


class PresenceBoard:
    """Reads what the assigner would look at now, for people to look at."""

    def __init__(self, mongo: Mongo, presence: PresenceStore, clock: Clock) -> None:
        self._mongo = mongo
        self._presence = presence
        self._split = SplitStore(mongo)
        self._clock = clock

    async def of(self, bot_id: str) -> BoardView:
        """The active members of a bot, and whom else its rules give to.

        Raises:
            NotFound: there is no such bot.
        """
        found = await self._split.for_deciding(bot_id)
        if found is None:
            raise NotFound
        config, members = found
        named = {entry.staff_id for rule in config.rules for entry in rule.pool}
        ids = sorted(named | set(members))
        query = {"_id": {"$in": ids}, "active": True}
        staff = self._mongo["staff"].find(query, {"name": 1, "receiving": 1})
        people = await staff.sort([("name", 1), ("_id", 1)]).to_list()
        presence = await self._presence.of(ids)
        shifts = await self._split.shifts(ids)
        opened = await self._count({"assignee_id": {"$in": ids}, "status": "open"})
        waiting = await self._count(
            {"assignee_id": {"$in": ids}, "waiting_since": {"$type": "date"}}
        )
        now = self._clock.now()
        return BoardView(
            items=[
                _row(one, presence[one["_id"]], config, shifts, now).model_copy(
                    update={
                        "open": opened.get(one["_id"], 0),
                        "waiting": waiting.get(one["_id"], 0),
                    }
                )
                for one in people
            ]
        )

    async def row(self, bot_id: str, staff_id: str) -> BoardRowView:
        """Raises NotFound: no such bot, or nobody on its board has this id."""
        for row in (await self.of(bot_id)).items:
            if row.staff_id == staff_id:
                return row
        raise NotFound

    async def _count(self, query: Document) -> dict[str, int]:
        """Per person, from an index alone: (assignee_id, status, ...), (assignee_id, waiting)."""
        steps: list[Document] = [
            {"$match": query},
            {"$group": {"_id": "$assignee_id", "count": {"$sum": 1}}},
        ]
        cursor = await self._mongo["conversations"].aggregate(steps)
        return {one["_id"]: one["count"] async for one in cursor}


def _row(
    person: Document,
    here: Presence,
    config: SplitConfig,
    shifts: Mapping[str, Document],
    now: datetime,
) -> BoardRowView:
    own = shifts.get(here.staff_id)
    schedule = schedule_from(own) if own is not None else config.working_hours
    hours = hours_of(schedule, config.holidays, config.time_zone)
    on_shift = hours.is_open(now)
    return BoardRowView(
        staff_id=here.staff_id,
        name=person["name"],
        state=here.state,
        since=here.since,
        away_by=here.away_by,
        receiving=person.get("receiving", True),
        on_shift=on_shift,
        shift_changes_at=hours.next_closing(now) if on_shift else hours.next_opening(now),
        open=0,
        waiting=0,
        caps=_caps(config, here.staff_id),
    )


def _caps(config: SplitConfig, staff_id: str) -> list[BoardCapView]:
    return [
        BoardCapView(
            rule_id=rule.id, rule_name=rule.name, open=rule.cap.open, waiting=rule.cap.waiting
        )
        for rule in config.rules
        if rule.enabled and rule.cap is not None and _names(rule.pool, staff_id)
    ]


def _names(pool: Collection[PoolEntry], staff_id: str) -> bool:
    return any(entry.staff_id == staff_id for entry in pool)
