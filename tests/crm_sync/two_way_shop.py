"""A shop whose customers are mirrored both ways, with every part that the app has, but the CRM."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm_sync.connections.pacing import Line
from crm_sync.connections.store import ConnectionStore
from crm_sync.forgetting.store import ForgettingStore
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMap, FieldMapping
from crm_sync.mapping.pairing import Names, Pair
from crm_sync.mirroring.marking import mark
from crm_sync.mirroring.merging import merged, parted, restored
from crm_sync.mirroring.model import Mirrored
from crm_sync.mirroring.pushing import Pushing
from crm_sync.mirroring.store import MirrorStore
from crm_sync.mirroring.syncing import Syncing
from crm_sync.mirroring.terms import Terms
from crm_sync.polling.looking import Looking
from crm_sync.polling.polling import Polled, Polling
from crm_sync.polling.store import PollStore
from inbox.clock import FixedClock
from inbox.config import TagsConfig
from inbox.customers.adopting.store import Adopting
from inbox.customers.mirroring.cards import CrmCard
from inbox.customers.mirroring.marking import Mirrors
from inbox.customers.store import CustomerStore
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import Claimed
from inbox.staff.model import Actor
from inbox.tags.service import TagService
from tests.crm_sync.fake_crm import FIELDS, TAGS, FakeCrm

CRM = "crm"
EVERY = timedelta(minutes=1)
LEASE = timedelta(seconds=30)
LAN = Actor(id="lan", name="Lan", role="owner")
PHONE, OTHER, THIRD = "+84912345678", "+84987654321", "+84933333333"


class Died(BaseException):
    """The process is gone: nothing of it runs any more."""


def both(ours: str, theirs: str, **how: Any) -> FieldMap:
    return FieldMap(**{"ours": ours, "theirs": theirs, "direction": "both", **how})


def usual(**how: Any) -> list[FieldMap]:
    """Phone, e-mail, note and tags, both ways."""
    names = {"phones": "phone", "emails": "email", "note": "note", "tag_ids": TAGS}
    pushed = [FieldMap(ours="name", theirs="name")]
    return pushed + [both(ours, theirs, **how) for ours, theirs in names.items()]


@dataclass
class Dying:
    """Lets the process die at a step, once."""

    at: str | None = None

    def reach(self, step: str) -> None:
        if step == self.at:
            self.at = None
            raise Died


class DyingStore(MirrorStore):
    """Tells where it is before and after its writes."""

    dying = Dying()

    async def taken(self, *args: Any, **kwargs: Any) -> None:
        self.dying.reach("taking")
        await super().taken(*args, **kwargs)

    async def will_write(self, claimed: Claimed, wrote: Any) -> bool:
        self.dying.reach("taken")
        return await super().will_write(claimed, wrote)

    async def pushed(self, *args: Any, **kwargs: Any) -> bool:
        self.dying.reach("keeping")
        done = await super().pushed(*args, **kwargs)
        self.dying.reach("kept")
        return done


@dataclass(frozen=True)
class AppMirror:
    """Implements `Mirror`, as the app does."""

    mapped: frozenset[str]
    connection: str = CRM

    def mark(
        self, customer: Mapping[str, Any], fields: Collection[str], now: datetime
    ) -> dict[str, Any]:
        return mark(CRM, self.mapped, customer, fields, now)

    def wake(self) -> None:
        return

    async def card(self, customer: Mapping[str, Any]) -> CrmCard:
        return CrmCard(connection=CRM, id=None, state="unlinked")

    def merge(self, survivor: Mapping[str, Any], loser: Mapping[str, Any]) -> dict[str, Any]:
        return merged(CRM, survivor, loser)

    def part(
        self, survivor: Mapping[str, Any], before: Mapping[str, Any], loser: Mapping[str, Any]
    ) -> dict[str, Any]:
        return parted(CRM, survivor, before, loser)

    def restore(
        self, survivor: Mapping[str, Any], loser: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        return restored(CRM, survivor, loser, now)

    async def erase(self, customer: Mapping[str, Any], *, session: Session) -> None:
        return


class TwoWayShop:
    """One bot, its customers, and one CRM."""

    def __init__(self, mongo: Mongo, clock: FixedClock, fields: Collection[FieldMap]) -> None:
        self.mongo, self.clock = mongo, clock
        self.crm = FakeCrm(clock)
        self.pairs: tuple[Pair, ...] = check(FieldMapping(fields=tuple(fields)), FIELDS).pairs
        assert len(self.pairs) == len(fields)
        self.is_fresh = False
        self.mirrors = Mirrors(mongo, [AppMirror(frozenset(one.map.ours for one in self.pairs))])
        self.customers = CustomerStore(mongo, clock, self.mirrors)
        self.tags = TagService(mongo, self.customers, clock, TagsConfig(most_per_customer=5))
        self.connections = ConnectionStore(mongo, clock)
        self.adopting = Adopting(mongo, self.customers, self.tags, clock)
        self.polls = PollStore(mongo, clock)
        self.dying = Dying()
        self.line = Line(CRM, self.crm, Buckets(mongo, clock), 1000)
        self.store = self.a_store()
        self.worker = self.a_worker()
        self.poller = self.a_poller()

    def a_store(self) -> MirrorStore:
        store = DyingStore(self.mongo, CRM, self.clock)
        store.dying = self.dying
        self.crm.reached = self.dying.reach
        return store

    def a_worker(self) -> Pushing:
        forgetting = ForgettingStore(self.mongo, self.clock, [CRM])
        syncing = Syncing(self.store, self.adopting, forgetting, self.clock)
        return Pushing(
            self.line, syncing, self.connections, self.terms, self.mirrors.wanted_of, self.clock
        )

    def a_poller(self, line: Line | None = None) -> Polling:
        polled = Polled(line or self.line, Looking(self.store, self.clock), self.terms, EVERY)
        return Polling(self.polls, self.connections, {CRM: polled}, self.clock)

    async def terms(self) -> Terms:
        off = (await self.connections.get(CRM)).fields_off
        pairs = tuple(pair for pair in self.pairs if pair.theirs not in off)
        tags = {one.id: one.name for one in await self.tags.store.all()}
        staff = await self.mongo["staff"].find({}).to_list()
        people = {one["_id"]: one["email"] for one in staff}
        return Terms(pairs, Names(tags, people), self.is_fresh)

    async def open(self) -> None:
        await self.store.ensure_indexes()
        await self.polls.begin(CRM)
        await self.switch(on=True)

    async def switch(self, *, on: bool) -> None:
        await self.mongo["bots"].update_one(
            {"_id": "shop"}, {"$set": {"crm_sync": on, "member_ids": []}}, upsert=True
        )

    async def hire(self, staff_id: str, email: str) -> None:
        await self.mongo["staff"].insert_one(
            {"_id": staff_id, "email": email, "active": True, "role": "admin"}
        )

    async def welcome(self, customer_id: str = "hoa", **fields: Any) -> None:
        """A customer writes for the first time, and fields are edited."""
        identity = {"id": f"i-{customer_id}", "channel": "facebook", "external_id": customer_id}
        await self.mongo["customers"].insert_one(
            {"_id": customer_id, "name": "Hoa", "version": 1, "identities": [identity]}
        )
        conversation = {"_id": f"c-{customer_id}", "customer_id": customer_id, "bot_id": "shop"}
        await self.mongo["conversations"].insert_one({**conversation, "kind": "inbox"})
        await self.edit(customer_id, **fields)

    async def edit(self, customer_id: str = "hoa", **fields: Any) -> None:
        """An agent edits; `a__b` is the attribute `b`."""
        paths = {name.replace("__", "."): value for name, value in fields.items()}
        await self.customers.edit(customer_id, paths, LAN, version=None)

    async def tag(self, name: str, customer_id: str = "hoa") -> str:
        return (await self.tags.attach_by_name(customer_id, name, LAN)).tag.id

    async def untag(self, tag_id: str, customer_id: str = "hoa") -> None:
        await self.tags.detach(customer_id, tag_id, LAN)

    async def mark(self, path: str, customer_id: str = "hoa") -> None:
        """What a renamed tag does, say."""
        marks = mark(CRM, [path], await self.here(customer_id), [path], self.clock.now())
        await self.mongo["customers"].update_one({"_id": customer_id}, {"$set": marks})

    async def here(self, customer_id: str = "hoa") -> dict[str, Any]:
        found = await self.mongo["customers"].find_one({"_id": customer_id})
        assert found is not None
        return found

    async def known(self, customer_id: str = "hoa") -> Mirrored:
        return self.store.of(await self.here(customer_id))

    async def tag_names(self, customer_id: str = "hoa") -> list[str]:
        names = {one.id: one.name for one in await self.tags.store.all()}
        return sorted(names[id_] for id_ in (await self.here(customer_id)).get("tag_ids", ()))

    async def rows(self, kind: str) -> list[dict[str, Any]]:
        """What the timeline tells of a kind."""
        found = await self.mongo["interactions"].find({"type": kind}).to_list()
        return [one["data"] for one in found]

    async def parked(self, customer_id: str = "hoa") -> list[tuple[str, tuple[str, ...], str]]:
        return [
            (one.kind, one.fields, one.detail) for one in (await self.known(customer_id)).parked
        ]

    async def poll(self) -> None:
        """Look for changes until the round is over, and mirror what was found."""
        await self.look()
        await self.push()

    async def look(self) -> None:
        await self.mongo["crm_connections"].update_one(
            {"_id": CRM, "poll.token": {"$exists": False}},
            {"$set": {"poll.due_at": self.clock.now()}},
        )
        await self.poller.step()

    async def push(self, *, within: timedelta = timedelta(hours=3)) -> None:
        """Let the time pass until nothing is to be mirrored any more."""
        ends = self.clock.now() + within
        while (due_at := await self.store.next_due()) is not None:
            assert self.clock.now() < ends, "still something to mirror"
            if not await self.worker.step():
                rests_until = (await self.connections.get(CRM)).rests_until or due_at
                wait = max(due_at, rests_until) - self.clock.now()
                self.clock.advance(max(wait, timedelta(milliseconds=1)))

    async def push_until_death(self) -> None:
        """A worker that may die; another one goes on when its lease is over."""
        try:
            await self.push()
        except Died:
            self.clock.advance(LEASE)
            await self.push()

    def wait(self, seconds: float = 5) -> None:
        self.clock.advance(timedelta(seconds=seconds))
