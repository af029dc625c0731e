"""How fast an inbox with very many customers is read: `python -m benchmarks.reading`.

Fills a private mongod with benchmarks/seed.py (what is there already stays), starts the service
as a process of its own, and asks for sidebars, lists and searches over one connection, one
request after another, as the owner and as a sale who is in one of the twenty bots.
"""

import argparse
import asyncio
import base64
import itertools
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from random import Random
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.ingest import machine
from benchmarks.measuring import Http, cpu_s, free_port, process, until_answered
from benchmarks.people import COLOURS, GIVEN, PRODUCTS, RARE
from benchmarks.publishing import publish
from benchmarks.seed import BLOCK, BOTS, MESSAGES_EACH, Block, add_options, bot_id, seed, server
from benchmarks.visibility import percentile
from inbox.bots.model import Bot, SplitSettings
from inbox.bots.store import BotStore
from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from inbox.mongo.indexes import ensure_indexes
from inbox.mongo.migrations import MIGRATIONS, create_collections
from inbox.staff.model import ALL_SCOPES, Role, Staff, Token
from inbox.staff.secrets import new_token_secret, secret_id
from inbox.staff.store import StaffStore, TokenStore

_PEOPLE: tuple[Role, ...] = ("owner", "sale")
_SAMPLED_BLOCKS = 5
_WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the table: paths to ask for, in turn, and what p95 shall be in ms."""

    name: str
    paths: tuple[str, ...]
    target: float | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What one question took as one person, in ms; `partial` answers gave up on older results.

    `cpu` is the time of service and mongod per answer, in ms: others on the machine do not add to
    it as they add to the time that passes.
    """

    question: Question
    role: Role
    took: list[float]
    cpu: float
    partial: int

    def row(self) -> str:
        p50, p95, p99 = (percentile(self.took, share) for share in (0.5, 0.95, 0.99))
        target = self.question.target
        wanted = f"≤ {target:g}" if target is not None else ""
        met = "" if target is None else "yes" if p95 <= target else "**no**"
        return (
            f"| {self.question.name} | {self.role} | {p50:.1f} | {p95:.1f} | {p99:.1f} "
            f"| {self.cpu:.1f} | {wanted} | {met} | {self.partial / len(self.took):.0%} |"
        )


async def prepare(uri: str, database: str) -> tuple[dict[Role, str], float]:
    """Indexes, bots and two people; the secrets of their tokens and how long indexing took."""
    mongo, now = Mongo.connect(uri, database), SystemClock().now()
    try:
        await create_collections(mongo)
        for one in MIGRATIONS:  # the documents are as the newest version writes them
            done = {"$set": {"name": one.name, "at": now}}
            await mongo["migrations"].update_one({"_id": one.number}, done, upsert=True)
        began = time.monotonic()
        await ensure_indexes(mongo)
        took = time.monotonic() - began
        for name in ("bots", "staff", "tokens"):
            await mongo[name].delete_many({})
        return {role: await _person(mongo, role) for role in _PEOPLE}, took
    finally:
        await mongo.close()


async def _person(mongo: Mongo, role: Role) -> str:
    now = SystemClock().now()
    person = Staff(role, role.title(), role[:2], f"{role}@shop.example", role, True, True, now)
    await StaffStore(mongo).insert(person, "no password")
    if role == "owner":
        bots = [
            Bot(bot_id(n), f"Shop {n}", ("sale",) if n == 0 else (), False, SplitSettings(), now, 1)
            for n in range(BOTS)
        ]
        for bot in bots:
            async with mongo.client.start_session() as session:
                await BotStore(mongo).insert(bot, session=session)
    secret = new_token_secret()
    token = Token(id=secret_id(secret), name="bench", staff_id=role, bot_id=None,
                  scopes=ALL_SCOPES, created_at=now, expires_at=None)  # fmt: skip
    await TokenStore(mongo).insert(token)
    return secret


@contextmanager
def serving(uri: str, database: str, folder: Path) -> Iterator[tuple[int, int]]:
    """The service on the database; its port and its process id."""
    port, config = free_port(), folder / "reading.yaml"
    config.write_text(
        f"app:\n  data: {folder / 'service'}\n  log:\n    level: warning\n"
        f"inbox:\n  mongo:\n    database: {database}\n"
    )
    arguments = [sys.executable, "-m", "app", "serve", "--processes", "1", "--port", str(port)]
    environment = {
        "INBOX__MONGO__URI": uri,
        "INBOX__SECRET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    with process([*arguments, "--config", str(config)], environment) as pid:
        until_answered(port, "/readyz")
        yield port, pid


def questions(customers: int, role: Role) -> list[Question]:
    """The named questions; where it can, each repeat asks for something else."""
    random = Random(7)
    there = range(-(-customers // BLOCK))
    blocks = [Block(n) for n in random.sample(there, k=min(_SAMPLED_BLOCKS, len(there)))]
    threads = [
        one
        for block in blocks
        for one in block.documents["conversations"]
        if role == "owner" or one["bot_id"] == bot_id(0)
    ]
    random.shuffle(threads)
    of_ours = {one["customer_id"] for one in threads}
    phones = [
        f"0{one['phones'][0][3:]}"
        for block in blocks
        for one in block.documents["customers"]
        if one["phones"] and one["_id"] in of_ours
    ]
    given = random.sample(GIVEN, k=len(GIVEN))
    products, colours = random.sample(PRODUCTS, len(PRODUCTS)), random.sample(COLOURS, len(COLOURS))
    conversations = "/api/v1/conversations"
    return [
        Question("sidebar", tuple(f"{conversations}/{t['_id']}/sidebar" for t in threads), 150),
        Question(
            "timeline",
            tuple(f"/api/v1/customers/{t['customer_id']}/timeline" for t in threads),
            150,
        ),
        Question("list", (f"{conversations}?limit=50",), 50),
        Question("list, waiting", (f"{conversations}?limit=50&view=uncared",), 50),
        Question("list, unassigned", (f"{conversations}?limit=50&view=unassigned",), 50),
        Question("list, Zalo", (f"{conversations}?limit=50&channel=zalo",), 50),
        Question(
            "list, of a name",
            tuple(f"{conversations}?limit=50&q={quote(f'thi {name}')}" for name in given),
            None,
        ),
        Question("list, of a phone", tuple(f"{conversations}?q={phone}" for phone in phones), None),
        _search("messages, rare word", RARE, "messages"),
        _search("messages, common word", ("shop", *products), "messages"),
        _search(
            "messages, two words",
            [f"{product} {colour}" for product in products for colour in colours],
            "messages",
        ),
        _search(
            "messages, rare and common",
            [f"{word} shop" for word in ("kimono", "guốc mộc")],
            "messages",
        ),
        _search("messages, phone", phones, "messages"),
        _search("messages, begun word", [f"{p.split()[-1][:3]}" for p in products], "messages"),
        _search("messages, no such word", ("zzzz",), "messages"),
        _search("customers, common word", ("nguyen", "tran", "thi"), "customers"),
        _search("customers, two words", [f"nguyễn {name}" for name in given], "customers"),
        _search("customers, phone", phones, "customers"),
        _search("customers, begun phone", [phone[:5] for phone in phones], "customers"),
    ]


def _search(name: str, words: "tuple[str, ...] | list[str]", kind: str) -> Question:
    paths = tuple(f"/api/v1/search?kind={kind}&q={quote(one)}" for one in words)
    return Question(f"search {name}", paths, 150)


@dataclass(frozen=True, slots=True)
class Asking:
    """One connection, whose answers are the work of some processes; how often to ask."""

    http: Http
    pids: tuple[int, ...]
    times: int

    def cpu_s(self) -> float:
        return sum(cpu_s(pid) for pid in self.pids)


def ask(asking: Asking, question: Question, role: Role, secret: str) -> Answered:
    """Ask one question as often as wanted, after a few times that are not counted."""
    headers, took, partial = {"Authorization": f"Bearer {secret}"}, list[float](), 0
    paths, cpu_before = itertools.cycle(question.paths), 0.0
    for n in range(_WARM_UP + asking.times):
        if n == _WARM_UP:
            cpu_before = asking.cpu_s()
        began = time.perf_counter()
        status, body = asking.http.ask("GET", next(paths), None, headers)
        if status != HTTPStatus.OK:
            raise SystemExit(f"{question.name}: {status} {body.decode()[:500]}")
        if n >= _WARM_UP:
            took.append((time.perf_counter() - began) * 1000)
            partial += b'"partial":true' in body
    cpu = (asking.cpu_s() - cpu_before) * 1000 / asking.times
    return Answered(question, role, took, cpu, partial)


def measure(asking: Asking, customers: int, people: dict[Role, str]) -> list[Answered]:
    asked = [(role, question) for role in _PEOPLE for question in questions(customers, role)]
    return [ask(asking, question, role, people[role]) for role, question in asked]


def report(options: argparse.Namespace, answered: list[Answered], where: str) -> str:
    customers: int = options.customers
    median = statistics.median(percentile(one.took, 0.5) for one in answered)
    size = f"{customers:,} customers, about {customers * MESSAGES_EACH:,} messages"
    lines = [
        f"{where}. {size}, mongod with {options.cache_gb:g} GB of cache.",
        f"Median of all medians: {median:.1f} ms.",
        "",
        "| read | as | p50 ms | p95 ms | p99 ms | CPU ms | target p95 | met | partial |",
        "|---|---|---|---|---|---|---|---|---|",
        *(one.row() for one in answered),
        "",
    ]
    return "\n".join(lines)


def on_seeded_mongod(options: argparse.Namespace, work: Callable[[str, int], None]) -> None:
    mongod = server(options)
    uri = mongod.start()
    try:
        seed(uri, DATABASE, options.customers, processes=options.processes)
        work(uri, mongod.pid or 0)
    finally:
        if options.keep:
            mongod.stop()
        else:
            mongod.discard()


DATABASE = "bench_reading"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--times", type=int, default=100, help="of each question")
    parser.add_argument("--keep", action="store_true", help="keep the data for another run")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args()

    def work(uri: str, mongod: int) -> None:
        people, built_s = asyncio.run(prepare(uri, DATABASE))
        print(f"all indexes were there after {built_s:.0f} s")
        where = machine()
        with serving(uri, DATABASE, options.folder) as (port, pid):
            asking = Asking(Http(port), (pid, mongod), options.times)
            answered = measure(asking, options.customers, people)
        publish("reading", report(options, answered, where), into_readme=options.readme)

    on_seeded_mongod(options, work)


if __name__ == "__main__":
    main()
