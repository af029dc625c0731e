"""Fills a database with customers and messages: `python -m benchmarks.seed --customers 1000000`.

Everything is made by seeded random in blocks of a thousand customers, five messages for each on
average. A block that is done is marked, so a run that was stopped goes on where it was; one that
was stopped within a block writes the same documents again, which are there already.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from pymongo import MongoClient, WriteConcern
from pymongo.errors import BulkWriteError

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.embedded import EmbeddedMongo
from benchmarks.people import customer_words, name_of, often, phone_of, text_of, words_of
from inbox.ids import account_key, conversation_key, identity_key, message_key
from inbox.text import fold

Document = dict[str, Any]

BLOCK = 1000
MESSAGES_EACH = 5
BOTS = 20
TAGS = 30
STAFF = 100
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
ENDED = datetime(2026, 11, 1, tzinfo=UTC)
_SEED = 20261122
_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class Account:
    """One page or OA, of one bot."""

    number: int

    @property
    def channel(self) -> str:
        return "zalo" if self.number % 2 else "facebook"

    @property
    def id(self) -> str:
        return f"{700_000_000_000_000 + self.number}"

    @property
    def bot_id(self) -> str:
        return bot_id(self.number // 2)


def bot_id(number: int) -> str:
    return f"bot-{number:02d}"


class Block:
    """A thousand customers with their threads, messages and timelines; the same each time."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._random = Random(f"{_SEED}:{number}")
        self.documents: dict[str, list[Document]] = {
            name: [] for name in ("customers", "conversations", "messages", "interactions")
        }
        for place, messages in enumerate(self._lengths()):
            self._person(number * BLOCK + place, messages)

    def _lengths(self) -> list[int]:
        """Messages of each: most write little, a few very much; five on average."""
        weights = [self._random.paretovariate(1.3) for _ in range(BLOCK)]
        rest = BLOCK * (MESSAGES_EACH - 1)
        extra = [int(weight / sum(weights) * rest) for weight in weights]
        extra[0] += rest - sum(extra)
        return [1 + more for more in extra]

    def _person(self, number: int, messages: int) -> None:
        random = self._random
        account = Account(random.randrange(2 * BOTS))
        external_id = f"{9_000_000_000_000_000 + number}"
        id_ = identity_key(account.channel, account.id, external_id)
        thread = conversation_key(account.channel, account.id, "inbox", external_id)
        phone, name = phone_of(random), name_of(random)
        began = BEGAN + random.random() * (ENDED - BEGAN)
        phones = [f"+84{phone[1:]}"] if often(random, 0.4) else []
        identity = {"id": id_, "channel": account.channel, "account_id": account.id,
                    "external_id": external_id, "name": name}  # fmt: skip
        customer: Document = {
            "_id": id_, "name": name, "name_key": fold(name), "name_from": id_, "phones": phones,
            "emails": [f"khach{number}@mail.example"] if often(random, 0.1) else [],
            "note": "khách quen" if often(random, 0.05) else "", "attributes": {},
            "tag_ids": [f"tag-{random.randrange(TAGS):02d}"] if often(random, 0.5) else [],
            "follower_ids": [], "identities": [identity], "version": 1, "field_versions": {},
            "merged_from": [], "origin": account.channel, "created_at": began, "updated_at": began,
        }  # fmt: skip
        customer["tok"] = customer_words(customer)
        self.documents["customers"].append(customer)
        said = list(self._messages(account, thread, number, messages, began, phone))
        self.documents["messages"] += said
        self._thread(account, thread, external_id, id_, said)
        self.documents["interactions"] += [
            {"_id": f"{number}:{n}", "customer_id": id_, "conversation_id": thread,
             "type": random.choice(("followed", "referral", "feedback")), "data": {},
             "at": began + timedelta(hours=n)}
            for n in range(random.randrange(4))
        ]  # fmt: skip

    def _messages(
        self, account: Account, thread: str, number: int, count: int, at: datetime, phone: str
    ) -> Iterator[Document]:
        random = self._random
        for seq in range(1, count + 1):
            inbound = seq == 1 or often(random, 0.6)
            external_id = f"m_{number}_{seq}"
            text = text_of(random, inbound=inbound, phone=phone)
            picture = inbound and often(random, 0.06)
            yield {
                "_id": message_key(account.channel, account.id, external_id),
                "conversation_id": thread, "channel": account.channel, "external_id": external_id,
                "seq": seq, "direction": "in" if inbound else "out",
                "author": {"kind": "customer" if inbound else "staff"}, "text": text,
                "attachments": [_picture(number, seq)] if picture else [], "at": at,
                "status": "received" if inbound else "sent", "internal": False,
                "tok": words_of(text),
            }  # fmt: skip
            at += timedelta(seconds=random.expovariate(1 / 20_000))

    def _thread(
        self, account: Account, thread: str, external_id: str, customer: str, said: list[Document]
    ) -> None:
        random, last = self._random, said[-1]
        waits = last["direction"] == "in" and often(random, 0.02)
        assignee = f"sale-{random.randrange(STAFF):03d}"
        document: Document = {
            "_id": thread, "channel": account.channel, "account_id": account.id,
            "account_key": account_key(account.channel, account.id), "kind": "inbox",
            "external_id": external_id, "bot_id": account.bot_id, "customer_id": customer,
            "participant_ids": [assignee], "assignee_id": assignee,
            "status": "open" if often(random, 0.3) else "closed", "status_at": BEGAN,
            "seq": len(said), "read_seq": len(said), "unread": 0, "split": {"state": "off"},
            "automation": {"state": "active"}, "created_at": said[0]["at"],
            "last": {"message_id": last["_id"], "text": last["text"], "at": last["at"],
                     "by": last["author"]["kind"], "kind": None},
            "last_in_at": said[0]["at"],
        }  # fmt: skip
        if waits:
            document |= {"status": "open", "waiting_since": last["at"]}
        self.documents["conversations"].append(document)


def _picture(number: int, seq: int) -> Document:
    return {
        "kind": "image", "name": "anh.jpg", "size": 120_000, "mime": "image/jpeg", "data": None,
        "url": f"https://media.example/{number}/{seq}.jpg", "thumbnail_url": None,
        "keep_copy": False,
    }  # fmt: skip


def seed(uri: str, database: str, customers: int, *, processes: int = 2) -> float:
    """Fill `database` up to so many customers (in whole blocks); the seconds that it took."""
    client: MongoClient[Document] = MongoClient(uri)
    try:
        marks = client[database]["seed_blocks"]
        done = {one["_id"] for one in marks.find({}, {"_id": 1})}
    finally:
        client.close()
    left = [number for number in range(-(-customers // BLOCK)) if number not in done]
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for count, _ in enumerate(pool.imap_unordered(partial(_write, uri, database), left), 1):
            if count % 50 == 0:
                print(f"{count} of {len(left)} blocks, {time.monotonic() - began:.0f} s")
    return time.monotonic() - began


def _write(uri: str, database: str, number: int) -> None:
    client: MongoClient[Document] = MongoClient(uri)
    quick = WriteConcern(w=1, j=False)
    try:
        for collection, documents in Block(number).documents.items():
            target = client[database].get_collection(collection, write_concern=quick)
            _insert(target, documents)
        client[database]["seed_blocks"].insert_one({"_id": number})
    finally:
        client.close()


def _insert(collection: Any, documents: list[Document]) -> None:
    """What is there already was written by a run that was stopped."""
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if any(one["code"] != _DUPLICATE_KEY for one in error.details["writeErrors"]):
            raise


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--customers", type=int, default=20_000, help="how many; 1,000,000 is full")
    parser.add_argument("--cache-gb", type=float, default=2.0, help="of mongod")
    parser.add_argument("--processes", type=int, default=2, help="that make the documents")
    parser.add_argument(
        "--folder", type=Path, default=Path("build/bench/reading"), help="where mongod keeps them"
    )


def server(options: argparse.Namespace) -> EmbeddedMongo:
    """The wheel's mongod, with as much cache as was asked for."""
    return EmbeddedMongo(options.folder / "mongo", cache_gb=options.cache_gb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--database", default="bench_reading")
    options = parser.parse_args()
    mongod = server(options)
    uri = mongod.start()
    try:
        took = seed(uri, options.database, options.customers, processes=options.processes)
        print(f"{options.customers} customers in {took:.0f} s")
    finally:
        mongod.stop()


if __name__ == "__main__":
    main()
