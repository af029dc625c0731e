"""The collection `viewers`: one document per conversation that somebody has open."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.visibility import people_of, visible
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.staff.model import Actor

LASTS = timedelta(seconds=60)
"""Somebody whose process died, or whose line was cut, is shown for no longer than this."""


class ViewerStore:
    """`{_id: conversation_id, here: [{connection, staff_id, since, until}], expiry: due work}`.

    What changes who is here writes the one document of the conversation, so two changes at once
    collide, and their live events tell the list in the order in which it changed.
    """

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._viewers = mongo["viewers"]
        self._reads = ConversationReads(mongo)
        self._clock = clock
        self.due = DueWork(mongo, "viewers", "expiry", clock, pace=pace)

    async def of(self, conversation_id: str) -> list[str]:
        """Ids of the people who have the conversation open, who came first first."""
        found = await self._viewers.find_one({"_id": conversation_id})
        return _people(_still_here(found, self._clock.now()))

    async def enter(self, connection: str, actor: Actor, conversation_id: str) -> None:
        """The connection shows the conversation now; safe to repeat.

        Raises:
            NotFound, NotAllowed: as ConversationReads.get.
        """

        async def work(session: Session) -> None:
            await self._reads.get(conversation_id, actor, session=session)
            now = self._clock.now()
            before = await self._read(conversation_id, session)
            others = [one for one in _still_here(before, now) if one["connection"] != connection]
            entry = {"connection": connection, "staff_id": actor.id, "since": now}
            await self._change(before, conversation_id, [*others, entry], session)

        await self._mongo.transaction(work)

    async def leave(self, connection: str, conversation_id: str) -> None:
        """The connection shows something else, or is closed; safe to repeat."""

        async def work(session: Session) -> None:
            before = await self._read(conversation_id, session)
            here = _still_here(before, self._clock.now())
            left = [one for one in here if one["connection"] != connection]
            if before is not None and len(left) < len(before["here"]):
                await self._change(before, conversation_id, left, session)

        await self._mongo.transaction(work)

    async def extend(self, shown: Mapping[str, str]) -> set[str]:
        """These connections are still open, each with its conversation; those not known (any more).

        One write and one read, however many there are.
        """
        if not shown:
            return set()
        conversations, connections = sorted(set(shown.values())), sorted(shown)
        until = self._clock.now() + LASTS
        extended = {
            "$cond": [
                {"$in": ["$$one.connection", connections]},
                {"$mergeObjects": ["$$one", {"until": until}]},
                "$$one",
            ]
        }
        await self._viewers.update_many(
            {"_id": {"$in": conversations}},
            [
                {"$set": {"here": {"$map": {"input": "$here", "as": "one", "in": extended}}}},
                {"$set": {"expiry.due_at": {"$min": "$here.until"}}},
            ],
            hint="_id_",
        )
        found = self._viewers.find({"_id": {"$in": conversations}})
        known = {
            (one["connection"], document["_id"])
            async for document in found
            for one in document["here"]
        }
        return {connection for connection, id_ in shown.items() if (connection, id_) not in known}

    async def visible(self, conversation_ids: Collection[str], actor: Actor) -> set[str]:
        """Those of the conversations that the actor may (still) see."""
        query = {"$and": [{"_id": {"$in": sorted(conversation_ids)}}, visible(actor)]}
        found = self._mongo["conversations"].find(query, {"_id": 1})
        return {one["_id"] async for one in found}

    async def expire(self, claimed: Claimed) -> bool:
        """Let those go whom nothing extended; False when somebody extended them meanwhile."""

        async def work(session: Session) -> bool:
            before = await self._read(claimed.id, session)
            if before is None or before["expiry"].get("token") != claimed.token:
                return False
            here = _still_here(before, self._clock.now())
            await self._change(before, claimed.id, here, session)
            return len(here) < len(before["here"])

        return await self._mongo.transaction(work)

    async def _read(self, conversation_id: str, session: Session) -> Document | None:
        return await self._viewers.find_one({"_id": conversation_id}, session=session)

    async def _change(
        self,
        before: Document | None,
        conversation_id: str,
        here: Sequence[Document],
        session: Session,
    ) -> None:
        """Write who is here, and tell those who see the conversation when it is other people."""
        until = self._clock.now() + LASTS
        entries = [{"until": until, **one} for one in here]
        if entries:
            first = min(one["until"] for one in entries)
            await self._viewers.replace_one(
                {"_id": conversation_id},
                {"_id": conversation_id, "here": entries, "expiry": due(first)},
                upsert=True,
                session=session,
            )
        else:
            await self._viewers.delete_one({"_id": conversation_id}, session=session)
        people = _people(entries)
        if people != _people((before or {}).get("here", ())):
            await self._tell(conversation_id, people, session)

    async def _tell(self, conversation_id: str, people: list[str], session: Session) -> None:
        conversation = await self._mongo["conversations"].find_one(
            {"_id": conversation_id}, session=session
        )
        if conversation is None:  # erased: there is nothing to look at
            return
        event = live_event(
            type="viewers_changed",
            at=self._clock.now(),
            bot_id=conversation.get("bot_id"),
            conversation_id=conversation_id,
            people=people_of(conversation),
            data={"staff": await self._shown(people, session)},
        )
        await self._mongo["live_events"].insert_one(event, session=session)

    async def _shown(self, people: list[str], session: Session) -> list[Document]:
        fields = {"name": 1, "initials": 1}
        found = self._mongo["staff"].find({"_id": {"$in": people}}, fields, session=session)
        known = {one["_id"]: one async for one in found}
        return [
            {"id": id_, "name": known[id_]["name"], "initials": known[id_]["initials"]}
            for id_ in people
            if id_ in known
        ]


def _still_here(document: Document | None, now: datetime) -> list[Document]:
    """What was not extended in time is over, whether or not somebody has noted it yet."""
    return [one for one in (document or {}).get("here", ()) if one["until"] > now]


def _people(here: Sequence[Document]) -> list[str]:
    """Each once, however many tabs they have."""
    return list(dict.fromkeys(one["staff_id"] for one in here))
