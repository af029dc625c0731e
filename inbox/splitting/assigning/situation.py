"""Who could receive now: staff with presence, shifts and loads, read for one batch."""

from collections.abc import Collection, Sequence
from datetime import datetime

from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.documents import schedule_from
from inbox.splitting.eligibility import ON_SHIFT
from inbox.splitting.model import Person, SplitConfig
from inbox.splitting.presence.store import presence_from
from inbox.splitting.schedules import hours_of
from inbox.splitting.store import SplitStore


class Situations:
    """Reads in the transaction that assigns, so that what changes meanwhile makes it repeat."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._store = SplitStore(mongo)

    async def of(
        self,
        config: SplitConfig,
        members: Collection[str],
        more: Collection[str],
        now: datetime,
        *,
        session: Session | None = None,
    ) -> dict[str, Person]:
        """Everybody whom a rule of the bot names, and `more` (carers, owners), by id."""
        ids = sorted(named_in(config) | set(more))
        staff = await self._staff(ids, session)
        shifts = await self._store.shifts(ids) if _asks_for_shifts(config) else {}
        opened, waiting = await self._loads(config, ids, session)
        people: dict[str, Person] = {}
        for one in staff:
            id_ = one["_id"]
            on_shift, next_at = _shift(config, shifts.get(id_), now)
            here = presence_from(_first(one["presence"]) or {"_id": id_, "state": "offline"}, now)
            people[id_] = Person(
                id=id_,
                name=one["name"],
                active=one["active"],
                member=id_ in members or one["role"] in ("owner", "admin"),
                receiving=one.get("receiving", True),
                presence=here.state,
                presence_since=here.since,
                on_shift=on_shift,
                next_shift_at=next_at,
                open=opened.get(id_, 0),
                waiting=waiting.get(id_, 0),
                last_given_at=(_first(one["seats"]) or {}).get("last_given_at"),
                last_active_at=here.replied_at,
            )
        return people

    async def _loads(
        self, config: SplitConfig, ids: Collection[str], session: Session | None
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Open and waiting conversations per person over all bots, where a rule asks for them.

        Both are counted from an index alone: (assignee_id, status, ...) and
        (assignee_id, waiting_since).
        """
        opened: dict[str, int] = {}
        waiting: dict[str, int] = {}
        if any(r.mode == "least_loaded" or (r.cap and r.cap.open) for r in config.rules):
            query = {"assignee_id": {"$in": list(ids)}, "status": "open"}
            opened = await self._count(query, session)
        if any(rule.cap and rule.cap.waiting for rule in config.rules):
            query = {"assignee_id": {"$in": list(ids)}, "waiting_since": {"$type": "date"}}
            waiting = await self._count(query, session)
        return opened, waiting

    async def _count(self, query: Document, session: Session | None) -> dict[str, int]:
        steps: list[Document] = [
            {"$match": query},
            {"$group": {"_id": "$assignee_id", "count": {"$sum": 1}}},
        ]
        cursor = await self._mongo["conversations"].aggregate(steps, session=session)
        return {one["_id"]: one["count"] async for one in cursor}

    async def _staff(self, ids: Collection[str], session: Session | None) -> list[Document]:
        """The people, each with their presence and seats, in one round trip."""
        steps: list[Document] = [
            {"$match": {"_id": {"$in": list(ids)}}},
            {"$project": {"name": 1, "active": 1, "receiving": 1, "role": 1}},
            _joined("presence", "presence"),
            _joined("split_seats", "seats"),
        ]
        return await (await self._mongo["staff"].aggregate(steps, session=session)).to_list()


def _joined(collection: str, name: str) -> Document:
    return {"$lookup": {"from": collection, "localField": "_id", "foreignField": "_id", "as": name}}


def _first(found: Sequence[Document]) -> Document | None:
    return found[0] if found else None


def named_in(config: SplitConfig) -> set[str]:
    """The staff that the rules of a bot may give to; pools are filled in."""
    named = {one.staff_id for rule in config.rules for one in rule.pool}
    return named | {rule.fallback_staff_id for rule in config.rules if rule.fallback_staff_id}


def _asks_for_shifts(config: SplitConfig) -> bool:
    return any(rule.eligible in ON_SHIFT for rule in config.rules)


def _shift(
    config: SplitConfig, own: Document | None, now: datetime
) -> tuple[bool, datetime | None]:
    """Whether somebody is on shift, and if not when the next one starts."""
    schedule = schedule_from(own) if own is not None else config.working_hours
    hours = hours_of(schedule, config.holidays, config.time_zone)
    return (True, None) if hours.is_open(now) else (False, hours.next_opening(now))
