"""What benchmarks/crm measures: throughput, calls, lag, what an edit costs, claims."""

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.crm.shop import CONNECTION, Shop, Target, lags, named
from benchmarks.crm.working import Order, Worked
from benchmarks.measuring import HERE, cpu_s
from benchmarks.visibility import percentile
from crm_sync.connections.pacing import SHARE_OF_WORKERS
from crm_sync.connectors.model import Edit
from crm_sync.mirroring.pushing import AT_ONCE
from inbox.clock import SystemClock
from inbox.mongo.client import Document

_ENDS_WITHIN_S = 600.0
_LOOK_EVERY_S = 0.05
_TYPED, _TYPED_WITHIN_S = 10, 5.0


@dataclass(frozen=True, slots=True)
class Mirrored:
    """Edits that were mirrored from a standing start; `cpu_mongod` in seconds."""

    edits: int
    seconds: float
    worked: Sequence[Worked]
    cpu_mongod: float

    @property
    def rate(self) -> float:
        return self.edits / self.seconds

    def per_edit(self, name: str) -> float:
        total: float = sum(getattr(one, name) for one in self.worked)
        return total / self.edits


@dataclass(frozen=True, slots=True)
class Limited:
    """`commands` to the database for each call, `cpu` of one core."""

    allowed_per_s: float
    calls_per_s: float
    commands: float
    cpu: float


class Workers:
    """Processes that push; `answers` are there after the block."""

    def __init__(self, uri: str, shop: Shop, count: int) -> None:
        assert shop.target is not None
        order = Order(uri, shop.mongo.db.name, asdict(shop.target))
        self._children = [_worker(order) for _ in range(count)]
        self.answers: list[Worked] = []

    async def ready(self) -> None:
        for child in self._children:
            assert child.stdout is not None
            await asyncio.to_thread(child.stdout.readline)

    def go(self) -> None:
        for child in self._children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()

    async def end(self) -> None:
        for child in self._children:
            output, _ = await asyncio.to_thread(child.communicate, timeout=_ENDS_WITHIN_S)
            self.answers.append(Worked(**json.loads(output)))

    def kill(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()

    @property
    def arrived(self) -> dict[str, float]:
        """When each note was in the CRM."""
        found: dict[str, float] = {}
        for answer in self.answers:
            for _, note, at in answer.written:
                found[note] = min(at, found.get(note, at))
        return found


def _worker(order: Order) -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.crm.working"],
        cwd=HERE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(asdict(order)) + "\n")
    child.stdin.flush()
    return child


class Bench:
    """Measures on databases of one mongod."""

    def __init__(self, uri: str, mongod: int) -> None:
        self._uri = uri
        self._mongod = mongod

    @asynccontextmanager
    async def shop(self, target: Target | None) -> AsyncIterator[Shop]:
        shop = await Shop.made(self._uri, target)
        try:
            yield shop
        finally:
            await shop.close()

    @asynccontextmanager
    async def workers(self, shop: Shop, count: int) -> AsyncIterator[Workers]:
        """At work when the block begins; ended with it."""
        workers = Workers(self._uri, shop, count)
        try:
            await workers.ready()
            workers.go()
            yield workers
            await workers.end()
        finally:
            workers.kill()

    async def mirrored(self, target: Target, edits: int, workers: int) -> Mirrored:
        """So many customers with one edit each, from when the workers begin."""
        async with self.shop(target) as shop:
            names = named("e", edits)
            await shop.known(names, dirty=True)
            cpu = cpu_s(self._mongod)
            async with self.workers(shop, workers) as at_work:
                began = time.time()
                await _until_empty(shop)
                cpu = cpu_s(self._mongod) - cpu
            arrived = at_work.arrived
            lags(dict.fromkeys(names, began), arrived)
            return Mirrored(edits, max(arrived.values()) - began, at_work.answers, cpu)

    async def limited(self, target: Target, waiting: int, seconds: float) -> Limited:
        """One worker within the rate of the connection, beside a backlog."""
        async with self.shop(target) as shop:
            await shop.known(named("w", waiting), dirty=True)
            async with self.workers(shop, 1) as workers:
                began = time.monotonic()
                await asyncio.sleep(seconds)
            took, (worked,) = time.monotonic() - began, workers.answers
            return Limited(
                target.calls_per_second * SHARE_OF_WORKERS,
                worked.calls / took,
                worked.commands / max(1, worked.calls),
                worked.cpu_s / took,
            )

    async def naive(self, target: Target, edits: int) -> float:
        """Edits per second of a loop that writes the customer and then calls the CRM."""
        async with self.shop(target) as shop:
            ids = await shop.known(named("n", edits))
            connector, records = shop.mirror.line.direct, target.records or ("record",)
            began = time.monotonic()
            for number, id_ in enumerate(ids):
                note = f"n-{number}"
                await shop.mongo["customers"].update_one({"_id": id_}, {"$set": {"note": note}})
                edit = Edit({target.note: note}, revision=number)
                await connector.update(records[number % len(records)], edit)
            return edits / (time.monotonic() - began)

    async def coalesced(self, target: Target, edits: int, customers: int) -> float:
        """Calls per edit when each customer is edited so often, without a pause."""
        async with self.shop(target) as shop, at_work(shop):
            for number, id_ in enumerate(await shop.known(named("c", customers))):
                for turn in range(edits):
                    await shop.edit(id_, f"{number} {turn}")
                await _until_empty(shop)
            return shop.calls.count / (edits * customers)

    async def typed(self, target: Target) -> int:
        """Calls of an agent who types ten versions of a note within five seconds."""
        async with self.shop(target) as shop, at_work(shop):
            (id_,) = await shop.known(named("t", 1))
            for turn in range(_TYPED):
                await shop.edit(id_, f"Chị Lan {turn}")
                await asyncio.sleep(_TYPED_WITHIN_S / _TYPED)
            await _until_empty(shop)
            return shop.calls.count

    async def lag(
        self, target: Target, per_s: float, edits: int, *, elsewhere: bool
    ) -> list[float]:
        """Seconds from commits at a steady rate until the CRM had answered. `elsewhere`: the
        worker is another process, which nobody wakes.
        """
        async with self.shop(target) as shop:
            ids = await shop.known(named("l", edits))
            if not elsewhere:
                async with at_work(shop):
                    edited = await _steadily(ids, per_s, shop.edit)
                    await _until_empty(shop)
                return lags(edited, shop.calls.at())
            async with self.workers(shop, 1) as workers:
                edited = await _steadily(ids, per_s, shop.edit)
                await _until_empty(shop)
            return lags(edited, workers.arrived)

    async def sync_now(self, target: Target, per_s: float, edits: int, backlog: int) -> list[float]:
        """The same for somebody who asks for it at once, while a worker has a backlog to push."""
        async with self.shop(target) as shop:
            ids = await shop.known(named("s", edits))
            await shop.known(named("b", backlog), dirty=True)

            async def edit(customer_id: str, note: str) -> None:
                await shop.edit(customer_id, note)
                asked.append(asyncio.create_task(shop.mirror.pushing.sync_now(customer_id)))

            asked: list[asyncio.Task[None]] = []
            async with self.workers(shop, 1) as workers:
                edited = await _steadily(ids, per_s, edit)
                await asyncio.gather(*asked)
                if await shop.is_empty():
                    raise SystemExit("the backlog was gone before the end")
            return lags(edited, workers.arrived | shop.calls.at())

    async def edit_costs(self, target: Target, edits: int) -> Mapping[str, list[float]]:
        """Seconds of an edit, in turn in inboxes that differ by what they are connected to."""
        async with (
            self.shop(None) as none,
            self.shop(target) as one,
            self.shop(target) as away,
        ):
            shops = {"none": none, "one": one, "down": await _broken(away)}
            ids = {name: await shop.known(named("k", 200)) for name, shop in shops.items()}
            took: dict[str, list[float]] = {name: [] for name in shops}
            async with at_work(away):
                for turn in range(edits):
                    for name in random.sample(list(shops), len(shops)):
                        began = time.perf_counter()
                        await shops[name].edit(ids[name][turn % 200], f"Ghi chú {turn}")
                        took[name].append(time.perf_counter() - began)
            return took

    async def claims(self, target: Target, few: int, many: int, rounds: int) -> "Claims":
        """With few customers dirty and with many, in turn."""
        async with self.shop(target) as small, self.shop(target) as large:
            await small.known(named("d", few), dirty=True)
            await large.known(named("d", many), dirty=True)
            took: dict[int, list[float]] = {few: [], many: []}
            for _ in range(rounds):
                for count, shop in ((few, small), (many, large)):
                    began = time.perf_counter()
                    claimed = await shop.mirror.store.due.claim(AT_ONCE)
                    took[count].append(time.perf_counter() - began)
                    assert len(claimed) == AT_ONCE
            medians = {count: statistics.median(found) for count, found in took.items()}
            return Claims(
                AT_ONCE / medians[many],
                medians[many] / medians[few],
                await _stages(large),
            )


@dataclass(frozen=True, slots=True)
class Claims:
    """`alike`: the time of one with many dirty, by that with few."""

    per_s: float
    alike: float
    stages: Sequence[str]


async def _stages(shop: Shop) -> list[str]:
    """How mongod finds what is due, and what waits longest."""
    path = f"crm.{CONNECTION}"
    found: list[str] = []
    asked: Mapping[str, Document] = {
        f"{path}.work.due_at": {"$lte": SystemClock().now()},
        f"{path}.since": {"$exists": True},
    }
    for field, wanted in asked.items():
        find = {"find": "customers", "filter": {field: wanted}, "sort": {field: 1}}
        explained = await shop.mongo.db.command("explain", {**find, "limit": AT_ONCE})
        found += _stages_of(explained["queryPlanner"]["winningPlan"])
    return sorted(set(found))


def _stages_of(plan: Mapping[str, Any]) -> list[str]:
    inner = plan.get("inputStage") or plan.get("queryPlan") or {}
    stage = [plan["stage"]] if "stage" in plan else []
    return [*stage, *(_stages_of(inner) if inner else [])]


@asynccontextmanager
async def at_work(shop: Shop) -> AsyncIterator[None]:
    """The worker in this process, as a service of one process has it."""
    stop = asyncio.Event()
    pushing = asyncio.create_task(shop.mirror.pushing.run(stop))
    try:
        yield
    finally:
        stop.set()
        shop.mirror.wake()
        await pushing


async def _broken(shop: Shop) -> Shop:
    """Its breaker is open, as after many failures in a row."""
    for _turn in range(12):
        await shop.mirror.connections.note(CONNECTION, ok=False)
    return shop


async def _until_empty(shop: Shop) -> None:
    ends = time.monotonic() + _ENDS_WITHIN_S
    while not await shop.is_empty():
        if time.monotonic() > ends:
            raise SystemExit("edits were left")
        await asyncio.sleep(_LOOK_EVERY_S)


async def _steadily(
    ids: Sequence[str], per_s: float, edit: Callable[[str, str], Awaitable[None]]
) -> dict[str, float]:
    """An edit each 1/per_s seconds; when each was committed, by its note."""
    committed: dict[str, float] = {}

    async def one(number: int, id_: str) -> None:
        note = f"note {number}"
        await edit(id_, note)
        committed[note] = time.time()

    began, edits = time.monotonic(), []
    for number, id_ in enumerate(ids):
        await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
        edits.append(asyncio.create_task(one(number, id_)))
    await asyncio.gather(*edits)
    return committed


def percentiles(seconds: Sequence[float]) -> str:
    found = [percentile(list(seconds), share) * 1000 for share in (0.5, 0.95, 0.99)]
    return ", ".join(f"{one:,.1f}" for one in found)
