"""Relaying in the database: the place in the feed, the numbers of events, and their queues."""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from inbox.automations.documents import automation_from, event_document
from inbox.automations.model import Automation, Event
from inbox.automations.relaying.telling import (
    Around,
    Happening,
    Told,
    begins_turn,
    ends_turn,
    happenings,
    owner_of,
    stream_of,
)
from inbox.clock import Clock
from inbox.ids import hash_id
from inbox.live.model import LiveEvent, event_from_document
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import due
from inbox.mongo.leases import Leases

MARK = "automation_relay"
_SEEN_AGAIN = timedelta(minutes=1)
"""How far before the last known time is read again when the place in the feed is lost: clocks of
processes differ, and a transaction commits after it has taken its time."""


class LostRelay(Exception):
    """Another process relays."""


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where events were relayed: a token of the feed, and the time of the last event."""

    token: str | None
    at: datetime


@dataclass(slots=True)
class Stream:
    """The state of one conversation's (or customer's) events within a batch."""

    document: Document
    told: Told
    seq: int
    watch: Document | None

    @property
    def id(self) -> str:
        id_: str = self.document["_id"]
        return id_

    def numbered(self, event_id: str, happening: Happening, cause: LiveEvent) -> Event:
        """The next event of the stream."""
        self.seq += 1
        return Event(
            id=event_id,
            type=happening.type,
            at=cause.at,
            bot_id=self.document["bot_id"],
            stream_id=self.id,
            sequence=self.seq,
            conversation_id=cause.conversation_id,
            customer_id=cause.customer_id,
            data=happening.data,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be told, by its id, before it is known whether it was told before."""

    event_id: str
    happening: Happening
    cause: LiveEvent
    stream: Stream


class RelayStore:
    """`automation_events`, `automation_streams` and `automation_queues`.

    A stream is `{_id: bot and conversation or customer, seq, told, watch?}`; `watch` is due when a
    customer has waited too long for an automation. A queue is one automation's way through a
    stream: `{_id, automation_id, stream_id, next, last, work?}`.
    """

    def __init__(self, mongo: Mongo, clock: Clock, leases: Leases) -> None:
        self._mongo = mongo
        self._clock = clock
        self._leases = leases

    async def place(self) -> Place:
        """Where to go on from; without any, from now."""
        mark = await self._mongo["service_marks"].find_one({"_id": MARK})
        if mark is None:
            return Place(None, self._clock.now())
        return Place(mark.get("token"), mark["at"])

    async def missed(self, since: datetime, at_once: int) -> AsyncGenerator[list[LiveEvent]]:
        """What the feed told since then, by its time, `at_once` events in turn.

        Ids would not do: of two processes each counts its own within a second. Index live_events
        (at) also keeps what has the same time as it was inserted.
        """
        query = {"at": {"$gte": since - _SEEN_AGAIN}}
        batch: list[LiveEvent] = []
        async with (
            self._mongo["live_events"].find(query, batch_size=at_once).sort("at", 1) as found
        ):
            async for one in found:
                batch.append(event_from_document(one))
                if len(batch) == at_once:
                    yield batch
                    batch = []
        if batch:
            yield batch

    async def is_of_automations(self, events: Sequence[LiveEvent]) -> bool:
        """Whether any of these may have to be told: most installations have no automations.

        Whoever was made before an event happened is seen here; index automations (bot_id).
        """
        bots = sorted({bot_id for event in events for bot_id in event.bot_ids})
        query = {"bot_id": {"$in": bots}, "enabled": True}
        return await self._mongo["automations"].find_one(query, {"_id": 1}) is not None

    async def relay(self, events: Sequence[LiveEvent], place: Place, fence: int) -> int:
        """Number what automations are to be told and queue it; how many events that were.

        One transaction with the new place, under the lease: whoever has lost it changes nothing.

        Raises:
            LostRelay: somebody else relays now.
        """

        async def work(session: Session) -> int:
            if not await self._leases.confirm(MARK, fence, session=session):
                raise LostRelay
            await self._mongo["service_marks"].update_one(
                {"_id": MARK},
                {"$set": {"token": place.token, "at": place.at}},
                upsert=True,
                session=session,
            )
            bots = sorted({bot_id for event in events for bot_id in event.bot_ids})
            automations = await self._automations(bots, session) if bots else {}
            told = [one for one in events if automations.keys() & one.bot_ids and stream_of(one)]
            return await self._relay(told, automations, session) if told else 0

        return await self._mongo.transaction(work)

    async def _automations(
        self, bot_ids: Sequence[str], session: Session
    ) -> dict[str, list[Automation]]:
        """Those that are switched on, by bot; index automations (bot_id)."""
        query = {"bot_id": {"$in": bot_ids}, "enabled": True}
        found: dict[str, list[Automation]] = {}
        async for one in self._mongo["automations"].find(query, session=session):
            found.setdefault(one["bot_id"], []).append(automation_from(one))
        return found

    async def _relay(
        self,
        events: Sequence[LiveEvent],
        automations: Mapping[str, list[Automation]],
        session: Session,
    ) -> int:
        around = await self._around(events, session)
        streams = await self._streams(events, automations, session)
        found: list[_Found] = []
        for event in events:
            for bot_id in sorted(automations.keys() & event.bot_ids):
                stream = streams[_stream_id(bot_id, event)]
                answering = _answering(automations[bot_id])
                back = answering.hand_back_after if answering else None
                found.extend(
                    _Found(
                        hash_id("automation_event", bot_id, one.key, one.type), one, event, stream
                    )
                    for one in happenings(event, stream.told, around, back)
                )
                self._turn(stream, event, answering, around)
        fresh = await self._numbered(found, automations, session)
        await self._save(streams, session)
        await self._queue(fresh, automations, session)
        return len(fresh)

    def _turn(
        self, stream: Stream, event: LiveEvent, answering: Automation | None, around: Around
    ) -> None:
        """Watch whether the automation answers, from the first message that waits for it."""
        conversation = around.conversations.get(event.conversation_id or "")
        if conversation is None:
            return
        now = self._clock.now()
        owner = owner_of(conversation, now, answering.hand_back_after if answering else None)
        is_open = conversation["status"] == "open"  # nobody waits in what is closed, or spam
        if ends_turn(event) or owner != "program" or answering is None or not is_open:
            stream.watch = None
        elif begins_turn(event) and stream.watch is None and conversation["kind"] == "inbox":
            stream.watch = {
                **due(now + answering.answer_within),
                "automation_id": answering.id,
                "at": event.at,
                "seq": event.data["message"].get("seq", 0),
            }

    async def _around(self, events: Sequence[LiveEvent], session: Session) -> Around:
        messages = [one.data["message"] for one in events if one.type == "message_received"]
        pressed = [one["id"] for one in messages if one["direction"] == "in" and one["payload"]]
        notes = [one.data["interaction_id"] for one in events if one.type == "customer_noted"]
        tagged = {
            one.customer_id
            for one in events
            if one.type == "customer_changed" and "tags" in one.data.get("fields", ())
        }
        threads = {one.conversation_id for one in events if one.conversation_id}
        fields = ("status", "assignee_id", "automation", "last_out_at", "given_back_at", "kind")
        postbacks = await self._by_id(
            "messages", pressed, {"_id": 1}, session, {"data.postback": True}
        )
        return Around(
            await self._by_id("conversations", threads, dict.fromkeys(fields, 1), session),
            frozenset(postbacks),
            await self._by_id("interactions", notes, {"data": 1}, session),
            await self._tags(tagged, session),
        )

    async def _by_id(
        self,
        collection: str,
        ids: Collection[str],
        fields: Document,
        session: Session,
        only: Document | None = None,
    ) -> dict[str, Document]:
        if not ids:
            return {}
        query = {"_id": {"$in": sorted(ids)}, **(only or {})}
        found = self._mongo[collection].find(query, fields, session=session)
        return {one["_id"]: one async for one in found}

    async def _tags(
        self, customer_ids: Collection[str | None], session: Session
    ) -> dict[str, list[dict[str, Any]]]:
        ids = {one for one in customer_ids if one is not None}
        customers = await self._by_id("customers", ids, {"tag_ids": 1}, session)
        wanted = {tag for one in customers.values() for tag in one.get("tag_ids", ())}
        tags = await self._by_id("tags", wanted, {"name": 1}, session)
        return {
            id_: [
                {"id": tag, "name": tags[tag]["name"]}
                for tag in one.get("tag_ids", ())
                if tag in tags
            ]
            for id_, one in customers.items()
        }

    async def _streams(
        self,
        events: Sequence[LiveEvent],
        automations: Mapping[str, list[Automation]],
        session: Session,
    ) -> dict[str, Stream]:
        wanted: dict[str, tuple[str, LiveEvent]] = {}
        for event in events:
            for bot_id in automations.keys() & event.bot_ids:
                wanted.setdefault(_stream_id(bot_id, event), (bot_id, event))
        stored = await self._by_id("automation_streams", list(wanted), {}, session)
        return {
            id_: _stream(bot_id, event, stored.get(id_)) for id_, (bot_id, event) in wanted.items()
        }

    async def _numbered(
        self,
        found: Iterable[_Found],
        automations: Mapping[str, list[Automation]],
        session: Session,
    ) -> list[Event]:
        """Events with their numbers, kept; what was told before is not told again.

        `to` are the automations that want it now: nobody is told it who begins to want it later.
        """
        by_id = {one.event_id: one for one in found}
        known = await self._by_id("automation_events", list(by_id), {"_id": 1}, session)
        fresh = [
            one.stream.numbered(id_, one.happening, one.cause)
            for id_, one in by_id.items()
            if id_ not in known
        ]
        if fresh:
            now = self._clock.now()
            rows = [
                {
                    **event_document(event),
                    "to": [one.id for one in automations[event.bot_id] if event.type in one.events],
                    "relayed_at": now,
                }
                for event in fresh
            ]
            await self._mongo["automation_events"].insert_many(rows, session=session)
        return fresh

    async def _save(self, streams: Mapping[str, Stream], session: Session) -> None:
        writes = []
        for id_, stream in streams.items():
            kept = ("bot_id", "conversation_id", "customer_id")
            sets = {name: stream.document[name] for name in kept}
            sets |= {"seq": stream.seq, "told": asdict(stream.told)}
            update: Document = {"$set": sets}
            if stream.watch is None:
                update["$unset"] = {"watch": 1}
            else:
                sets["watch"] = stream.watch
            writes.append(UpdateOne({"_id": id_}, update, upsert=True))
        await self._mongo["automation_streams"].bulk_write(writes, ordered=False, session=session)

    async def _queue(
        self,
        fresh: Sequence[Event],
        automations: Mapping[str, list[Automation]],
        session: Session,
    ) -> None:
        """Have every automation that wants one of the events told; its place stays where it is."""
        now = self._clock.now()
        wanted: dict[tuple[str, str], list[Event]] = {}
        for event in fresh:
            for automation in automations[event.bot_id]:
                if event.type in automation.events:
                    wanted.setdefault((automation.id, event.stream_id), []).append(event)
        writes = [
            _queued(automation_id, stream_id, events, now)
            for (automation_id, stream_id), events in wanted.items()
        ]
        if writes:
            queues = self._mongo["automation_queues"]
            await queues.bulk_write(writes, ordered=False, session=session)


def _queued(
    automation_id: str, stream_id: str, events: Sequence[Event], now: datetime
) -> UpdateOne:
    """A new queue begins with these events; who is at an older one finds them by `last`."""
    fields = {
        "automation_id": automation_id,
        "bot_id": events[0].bot_id,
        "stream_id": stream_id,
        "next": {"$ifNull": ["$next", events[0].sequence]},
        "last": events[-1].sequence,
        "work": {"$ifNull": ["$work", due(now)]},
    }
    id_ = hash_id("automation_queue", automation_id, stream_id)
    return UpdateOne({"_id": id_}, [{"$set": fields}], upsert=True)


def _stream_id(bot_id: str, event: LiveEvent) -> str:
    """A conversation may move to another bot, and a customer may write to several."""
    return hash_id("automation_stream", bot_id, stream_of(event) or "")


def _stream(bot_id: str, event: LiveEvent, stored: Document | None) -> Stream:
    if stored is None:
        document: Document = {
            "_id": _stream_id(bot_id, event),
            "bot_id": bot_id,
            "conversation_id": event.conversation_id,
            "customer_id": event.customer_id,
        }
        return Stream(document, Told(), 0, None)
    return Stream(stored, Told(**stored["told"]), stored["seq"], stored.get("watch"))


def _answering(automations: Sequence[Automation]) -> Automation | None:
    return next((one for one in automations if one.answers), None)
