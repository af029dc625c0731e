"""Erasing a person: nothing of them is found anywhere, also after a crash, a race or a replay."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import Binary, ObjectId
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import PyMongoError

from inbox.clock import FixedClock
from inbox.conversations.applying import Applier, EndedEntry
from inbox.conversations.changes import Change, EditMessage, KeepMessage, NoteInteraction, subjects
from inbox.conversations.model import Author, IdentityRef, MessageRef, ThreadRef
from inbox.customers.erasure.erasing import SETTLE, Erasing
from inbox.customers.erasure.routes import ErasureRoutes
from inbox.customers.erasure.store import ErasureStore
from inbox.ids import account_key, hash_id
from inbox.mongo.client import Mongo, Session
from inbox.mongo.journal import JournalEntries, Outcome
from tests.inbox.inbox_world import Api, an_actor, inbox_routes, serve

NAME = "Lê Thị Bích Hằng"
PHONE = "0912 345 678"
PERSON = IdentityRef("zalo", "oa1", "55501")
THREAD = ThreadRef("zalo", "oa1", "inbox", "55501")
GROUP = ThreadRef("zalo", "oa1", "group", "g1")
FRIEND = IdentityRef("zalo", "oa1", "55502")
BOTS = {account_key("zalo", "oa1"): "bot1"}


def _in_json(word: str) -> bytes:
    """As a body of escaped JSON holds it."""
    return json.dumps(word)[1:-1].encode()


class Inbox:
    """The real ingest from changes on, with the journal entries that they came from."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self._applier = Applier(mongo, clock, JournalEntries(mongo, clock))
        self.erasures = ErasureStore(mongo, clock)
        self.erasing = Erasing(mongo, self.erasures, clock)

    async def entry(self, body: Any, **fields: Any) -> ObjectId:
        """A journal entry as it is kept; its id."""
        id_ = ObjectId()
        await self.mongo["webhook_journal"].insert_one(
            {
                "_id": id_,
                "channel": "zalo",
                "body": Binary(body if isinstance(body, bytes) else json.dumps(body).encode()),
                "received_at": self.clock.now(),
            }
            | fields
        )
        return id_

    async def apply(self, *changes: Change) -> None:
        """Apply changes, as of a body that holds what they say."""
        id_ = await self.entry({"all": [repr(change) for change in changes]})
        spoken_of = frozenset(
            (subject, change.at) for change in changes for subject in subjects(change)
        )
        await self._applier.apply(changes, bots=BOTS, ended=[EndedEntry(id_, spoken_of)])

    async def erase(self) -> None:
        """Carry out what is due, both sweeps of it."""
        assert await self.erasing.run_one()
        self.clock.advance(SETTLE)
        assert await self.erasing.run_one()
        assert not await self.erasing.run_one()

    async def found(self, *words: str) -> list[str]:
        """Collections whose raw bytes hold one of the words, as UTF-8 or escaped in JSON."""
        needles = [w.lower() for word in words for w in (word.encode(), _in_json(word))]
        hits: list[str] = []
        raw: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
        for name in await self.mongo.db.list_collection_names():
            documents: Any = self.mongo.db.get_collection(name, codec_options=raw).find()
            stored = [bytes(document.raw).lower() async for document in documents]
            hits += [name for one in stored if any(needle in one for needle in needles)]
        return hits

    async def one(self, collection: str, **query: Any) -> dict[str, Any]:
        document = await self.mongo[collection].find_one(query)
        assert document is not None
        return document


@pytest.fixture
def inbox(mongo: Mongo, clock: FixedClock) -> Inbox:
    return Inbox(mongo, clock)


def said(
    text: str,
    at: datetime,
    *,
    thread: ThreadRef = THREAD,
    by: IdentityRef | None = PERSON,
    name: str | None = NAME,
) -> KeepMessage:
    """A message of the person, of somebody else (`by`), or ours (None)."""
    in_group = thread.kind == "group"
    author = Author("staff") if by is None else Author("customer")
    if in_group and by is not None:
        author = Author("customer", by.id, name)
    return KeepMessage(
        message=MessageRef("zalo", "oa1", hash_id(thread.kind, text)),
        thread=thread,
        customer=None if in_group else PERSON,
        direction="out" if by is None else "in",
        author=author,
        at=at,
        text=text,
        customer_name=None if in_group or by is None else name,
        writer=by if in_group else None,
        human_reply=by is None,
    )


async def fill(inbox: Inbox) -> str:
    """A person who wrote, was answered, spoke in a group and was edited; the customer's id."""
    now = inbox.clock.now()
    ago = [now - timedelta(minutes=n) for n in range(10)]
    hello = said(f"Mình là {NAME}", ago[9])
    await inbox.apply(
        hello,
        said(f"Chào {NAME}, số {PHONE} đúng không?", ago[8], by=None),
        EditMessage(hello.message, None, ago[7], 1, f"Gọi {PHONE} nhé"),
        NoteInteraction(THREAD, PERSON, ago[7], "feedback", "k", {"note": f"{NAME} khen"}),
    )
    await inbox.apply(
        said(f"Tôi là {NAME}", ago[6], thread=GROUP),
        said(f"{NAME.upper()} ơi, 0912.345.678 còn dùng không", ago[5], thread=GROUP, by=FRIEND,
             name="Bạn"),
        said("Mình hỏi chút", ago[4], thread=GROUP, by=FRIEND, name="Bạn"),
    )  # fmt: skip
    await inbox.mongo["customers"].update_one(
        {"_id": PERSON.id}, {"$set": {"phones": ["+84912345678"]}}
    )
    await inbox.mongo["account_events"].insert_one(
        {"_id": "e", "at": ago[3], "data": {"name": NAME}, "subjects": [PERSON.id, FRIEND.id]}
    )
    await inbox.mongo["audit"].insert_one(
        {"_id": "a", "at": ago[3], "target": {"kind": "customer", "id": PERSON.id},
         "changes": {"note": {"before": NAME, "after": PHONE}}}
    )  # fmt: skip
    for name, thread in (("own", THREAD), ("shared", GROUP)):
        about = {"conversation_id": thread.id, "at": ago[3]}
        reason = f"{NAME} gọi {PHONE}"
        await inbox.mongo["receipts"].insert_one({"_id": name, **about, "reason": reason})
        await inbox.mongo["notices"].insert_one(
            {"_id": name, **about, "staff_id": "lan", "data": {"reason": reason}}
        )
    await inbox.entry({"events": [{"user": PERSON.external_id, "name": NAME}, {"user": "9"}]},
                      parked={"reason": "unknown_account"})  # fmt: skip
    return PERSON.id


WORDS = (NAME, PHONE, "+84912345678", "0912.345.678", "912345678")


async def test_nothing_of_the_person_is_found_in_the_whole_database(
    inbox: Inbox, mongo: Mongo
) -> None:
    """X.DIR.06."""
    customer_id = await fill(inbox)
    everywhere = set(await inbox.found(*WORDS))
    assert everywhere >= {
        "messages", "customers", "conversations", "interactions", "live_events", "audit",
        "account_events", "webhook_journal", "receipts", "notices",
    }  # fmt: skip

    await inbox.erasures.request(customer_id, an_actor("boss", role="admin"))
    assert await inbox.erasing.run_one()

    assert await inbox.found(*WORDS) == []
    inbox.clock.advance(SETTLE)
    assert await inbox.erasing.run_one()
    assert await inbox.found(*WORDS, PERSON.external_id) == []
    assert not await inbox.erasing.run_one()
    erasure = await inbox.one("erasures")
    assert "done_at" in erasure
    assert "scope" not in erasure


async def test_what_others_said_stays(inbox: Inbox, mongo: Mongo) -> None:
    await inbox.erasures.request(await fill(inbox), an_actor("boss", role="admin"))
    await inbox.erase()

    texts = [one.get("text") async for one in mongo["messages"].find().sort("at", 1)]
    assert texts == [None, None, "Mình hỏi chút"]
    assert (await inbox.one("account_events"))["subjects"] == [FRIEND.id]
    assert (await inbox.one("conversations"))["last"]["text"] == "Mình hỏi chút"
    parked = await inbox.one("webhook_journal", parked={"$exists": True})
    assert json.loads(parked["body"]) == {"events": [None, {"user": "9"}]}


async def test_watching_clients_are_told_that_the_conversation_is_gone(
    inbox: Inbox, mongo: Mongo
) -> None:
    await inbox.erasures.request(await fill(inbox), an_actor("boss", role="admin"))
    await inbox.erase()

    event = await inbox.one("live_events")
    assert (event["type"], event["conversation_id"]) == ("conversation_removed", THREAD.id)
    assert (event["bot_id"], event["data"]) == ("bot1", {})


async def test_replaying_what_was_said_before_brings_nothing_back(inbox: Inbox) -> None:
    await inbox.erasures.request(await fill(inbox), an_actor("boss", role="admin"))
    old = inbox.clock.now() - timedelta(minutes=9)
    await inbox.erase()

    message = said(f"Mình là {NAME}", old)
    edit = EditMessage(message.message, None, inbox.clock.now(), 9, f"{NAME} sửa sau")
    await inbox.apply(message, said("lại", old, thread=GROUP), edit)

    assert await inbox.found(NAME) == []  # nor in the body that was only now received
    assert await inbox.mongo["customers"].count_documents({"_id": PERSON.id}) == 0
    assert await inbox.mongo["messages"].count_documents({"at": {"$exists": False}}) == 0


async def test_who_writes_again_is_a_new_nameless_customer(inbox: Inbox) -> None:
    await inbox.erasures.request(await fill(inbox), an_actor("boss", role="admin"))
    await inbox.erase()

    await inbox.apply(said("Chào shop", inbox.clock.now(), name=None))

    customer = await inbox.one("customers", _id=PERSON.id)
    assert (customer.get("name"), customer["phones"]) == (None, [])
    conversation = await inbox.one("conversations", _id=THREAD.id)
    assert (conversation["seq"], conversation["unread"]) == (1, 1)


async def test_what_came_after_the_platform_asked_stays(inbox: Inbox) -> None:
    await fill(inbox)
    asked_at = inbox.clock.now()
    inbox.clock.advance(timedelta(minutes=1))
    await inbox.apply(said("Mình quay lại rồi", inbox.clock.now()))

    await inbox.erasures.request_for_identity(PERSON.id, asked_at)
    await inbox.erasures.request_for_identity(PERSON.id, asked_at)
    await inbox.erase()

    assert await inbox.found(*WORDS) == []
    conversation = await inbox.one("conversations", _id=THREAD.id)
    assert conversation["last"]["text"] == "Mình quay lại rồi"
    assert conversation["unread"] == 1
    assert conversation["waiting_since"] == asked_at + timedelta(minutes=1)
    customer = await inbox.one("customers", _id=PERSON.id)
    assert "name" not in customer
    assert customer["profile"]["due_at"] <= inbox.clock.now()
    texts = [m["text"] async for m in inbox.mongo["messages"].find({"conversation_id": THREAD.id})]
    assert texts == ["Mình quay lại rồi"]


async def test_a_body_that_waits_to_be_applied_is_emptied_once_it_was(inbox: Inbox) -> None:
    customer_id = await fill(inbox)
    body = {"event": [{"user": PERSON.external_id, "text": NAME}, {"user": "9", "text": "của tôi"}]}
    waiting = await inbox.entry(body, apply={"due_at": inbox.clock.now()})
    await inbox.erasures.request(customer_id, an_actor("boss", role="admin"))

    await inbox.erasing.run_one()
    inbox.clock.advance(SETTLE)
    await inbox.erasing.run_one()
    assert json.loads((await inbox.one("webhook_journal", _id=waiting))["body"]) == body
    entries = JournalEntries(inbox.mongo, inbox.clock)
    await entries.mark([Outcome(waiting, frozenset([PERSON.id]))])
    inbox.clock.advance(SETTLE)
    await inbox.erasing.run_one()

    entry = await inbox.one("webhook_journal", _id=waiting)
    assert (entry["body"], "redacted_at" in entry) == (b"", True)
    assert await inbox.found(*WORDS) == []
    assert "done_at" in await inbox.one("erasures")


@pytest.mark.parametrize("known", [True, False], ids=["known thread", "first message"])
async def test_a_message_that_is_being_applied_meanwhile_does_not_survive(
    inbox: Inbox, mongo: Mongo, *, known: bool
) -> None:
    """Its transaction read no tombstone; it collides with the erasure and reads it then."""
    await fill(inbox)
    if not known:
        for name in ("conversations", "messages", "live_events", "receipts", "notices"):
            await mongo[name].delete_many({})
    loaded, erased = asyncio.Event(), asyncio.Event()
    tombstones: list[bool] = []

    async def ingest(session: Session) -> None:
        tombstone = await mongo["erased"].find_one({"_id": PERSON.id}, session=session)
        thread = await mongo["conversations"].find_one({"_id": THREAD.id}, session=session)
        tombstones.append(tombstone is not None)
        if tombstone is not None:
            return
        loaded.set()
        await erased.wait()
        await mongo["messages"].insert_one({"_id": "late", "text": NAME}, session=session)
        if thread is None:
            await mongo["conversations"].insert_one({"_id": THREAD.id}, session=session)
        else:
            await mongo["conversations"].update_one(
                {"_id": THREAD.id}, {"$inc": {"seq": 1}}, session=session
            )

    applying = asyncio.create_task(mongo.transaction(ingest))
    await loaded.wait()
    await inbox.erasures.request(PERSON.id, an_actor("boss", role="admin"))
    await inbox.erasing.run_one()
    erased.set()
    await applying

    assert tombstones == [False, True]
    assert await inbox.found(NAME) == []


async def test_an_erasure_that_breaks_off_anywhere_is_finished_later(
    inbox: Inbox, mongo: Mongo
) -> None:
    """Command after command of the worker fails; what was left is done by the next try."""
    await inbox.erasures.request(await fill(inbox), an_actor("boss", role="admin"))
    interrupted = 0
    for commands in range(1, 200):
        await mongo.client.admin.command(
            "configureFailPoint",
            "failCommand",
            mode={"skip": commands},
            data={
                "failCommands": ["find", "update", "delete", "insert", "findAndModify", "distinct"],
                "errorCode": 11601,
            },
        )
        try:
            await inbox.erasing.run_one()
        except PyMongoError:
            interrupted += 1
        finally:
            await mongo.client.admin.command("configureFailPoint", "failCommand", mode="off")
        inbox.clock.advance(timedelta(hours=2))
        if "done_at" in await inbox.one("erasures"):
            break

    assert interrupted > 15
    assert await inbox.found(*WORDS, PERSON.external_id) == []
    assert "run" not in await inbox.one("erasures")


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock, inbox: Inbox) -> AsyncIterator[Api]:
    tables = [*inbox_routes(mongo, clock), ErasureRoutes(inbox.erasures)]
    api = await serve(tables, an_actor("boss", role="admin"), an_actor("lan", "bot1"))
    yield api
    await api.close()


async def test_an_admin_asks_for_an_erasure_and_nobody_else_may(inbox: Inbox, api: Api) -> None:
    path = f"/customers/{await fill(inbox)}/erasure"

    refused = await api.call("POST", path, "lan")
    asked = await api.call("POST", path, "boss")
    inbox.clock.advance(timedelta(seconds=1))
    again = await api.call("POST", path, "boss")
    await inbox.erasing.run_one()

    assert (refused.status, asked.status) == (403, 202)
    assert again.json == asked.json
    assert (await api.call("POST", path, "boss")).status == 404
    assert (await api.get(f"/conversations/{THREAD.id}", "boss")).status == 404


async def test_scripts_and_signals_of_the_person_go_and_those_of_others_stay(
    inbox: Inbox, mongo: Mongo
) -> None:
    """X.DIR.06: what ran for them, and what was still to be heeded."""
    customer_id, now = await fill(inbox), inbox.clock.now()
    for name, whose in (("theirs", customer_id), ("others", FRIEND.id)):
        about = {"_id": name, "customer_id": whose, "script_id": "s", "started_at": now}
        await mongo["enrolments"].insert_one(about)
        await mongo["signals"].insert_one(
            {"_id": name, "customer_id": whose, "kind": "customer_wrote", "at": now}
        )

    await inbox.erasures.request(customer_id, an_actor("boss", role="admin"))
    await inbox.erase()

    for collection in ("enrolments", "signals"):
        assert [one["_id"] async for one in mongo[collection].find()] == ["others"]


async def test_scripts_of_a_new_life_go_on(inbox: Inbox, mongo: Mongo) -> None:
    """Who comes back while they are being erased has begun anew."""
    customer_id = await fill(inbox)
    await inbox.erasures.request(customer_id, an_actor("boss", role="admin"))
    assert await inbox.erasing.run_one()
    inbox.clock.advance(timedelta(seconds=1))
    later = {"customer_id": customer_id, "script_id": "s", "started_at": inbox.clock.now()}
    await mongo["enrolments"].insert_one({"_id": "new", **later})

    inbox.clock.advance(SETTLE)
    assert await inbox.erasing.run_one()

    assert await mongo["enrolments"].count_documents({}) == 1
