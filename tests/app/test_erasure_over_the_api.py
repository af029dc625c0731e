"""A person asks to be forgotten: all that the inbox kept of them is gone, replays included."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from inbox.clock import FixedClock
from inbox.conversations.model import IdentityRef
from inbox.customers.erasure.erasing import SETTLE
from inbox.mongo.client import Mongo
from inbox.ports import Profile
from tests.ingest import facebook_message
from tests.service import OWNER, RunningService, running_service
from tests.waiting import until

PERSON, AGAIN, OTHER = "7312094485501276", "7312094485501277", "7312094485501278"
NAMES = {PERSON: "Tạ Quỳnh Lam", AGAIN: "Quỳnh Lam Tạ", OTHER: "Nguyễn Văn Bình"}
FILE = b"\x89PNG\r\n\x1a\n hop dong cua Quynh Lam 0987650123"
AT_MS = 1_795_316_400_000

WORDS = (
    "Quỳnh", "quynh", "QUỲNH",  # as written, as search keeps it
    "0987650123", "+84987650123", "987650123", "0987 650 123",
    "lam.quynh@shop.vn", "lam.quynh",
    "12 Lý Thường Kiệt", "ly thuong",
)  # fmt: skip
"""What of the person may stand anywhere."""


class Names:
    """A channel that knows everybody by their name."""

    async def fetch(self, identity: IdentityRef) -> Profile:
        return Profile(NAMES[identity.external_id])


def bodies() -> list[dict[str, Any]]:
    """What the person wrote, from two accounts of theirs, and what somebody else wrote."""
    said = [
        (PERSON, "Chào shop, mình là Quỳnh Lam, số 0987 650 123"),
        (PERSON, "mail mình lam.quynh@shop.vn\nđịa chỉ: số 12 Lý Thường Kiệt, phường 7, quận 10"),
        (AGAIN, "Quỳnh đây, nick mới ạ, 0987.650.123"),
        (OTHER, "Cho hỏi giá áo khoác"),
    ]
    return [
        facebook_message(text, mid=f"m_{number}", at=AT_MS + number * 1000, psid=psid)
        for number, (psid, text) in enumerate(said)
    ]


@dataclass
class Inbox:
    """The running service, as its owner uses it."""

    running: RunningService
    mongo: Mongo
    media: Path
    token: str

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        url = f"{self.running.url}/api/v1{path}"
        async with self.running.session.request(method, url, headers=headers, **options) as answer:
            return answer.status, await answer.json() if answer.content_length else None

    async def done(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer to what must succeed."""
        status, answer = await self.call(method, path, json=body, headers=headers)
        assert status < 400, (path, answer)
        return answer

    async def receive(self) -> None:
        """Every webhook, once more; returns when nothing waits to be applied."""
        for body in bodies():
            assert await self.running.post_facebook(body) == 200
        await until(self._is_applied)

    async def _is_applied(self) -> bool:
        waiting = {"applied_at": {"$exists": False}}
        return await self.mongo["webhook_journal"].count_documents(waiting) == 0

    async def customer(self, psid: str) -> str:
        """The id of a customer, once their name is known."""
        query = {"identities.external_id": psid, "name": NAMES[psid]}
        await until(lambda: self._has("customers", query))
        found = await self.mongo["customers"].find_one(query)
        assert found is not None
        id_: str = found["_id"]
        return id_

    async def _has(self, collection: str, query: dict[str, Any]) -> bool:
        return await self.mongo[collection].find_one(query) is not None

    async def found(self, *words: str) -> set[str]:
        """Collections and files whose raw bytes hold one of the words."""
        needles = [one.lower() for word in words for one in (word.encode(), _in_json(word))]
        raw: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
        hits = set()
        for name in await self.mongo.db.list_collection_names():
            documents: Any = self.mongo.db.get_collection(name, codec_options=raw).find()
            async for document in documents:
                stored = bytes(document.raw).lower()
                hits |= {name for needle in needles if needle in stored}
        for file in self.media.rglob("*"):
            if file.is_file():
                stored = file.read_bytes().lower()
                hits |= {"media" for needle in needles if needle in stored}
        return hits


def _in_json(word: str) -> bytes:
    """As a body of escaped JSON holds it."""
    return json.dumps(word)[1:-1].encode()


@pytest.fixture
async def inbox(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[Inbox]:
    async with running_service(
        mongo, mongo_uri, tmp_path, clock=clock, profiles=Names()
    ) as running:
        token = await running.service.make_token(OWNER, "test", ["read", "write", "admin"], None)
        yield Inbox(running, mongo, tmp_path / "media", token)


async def _use(inbox: Inbox) -> tuple[str, str]:
    """Everything that staff do with a customer; the ids of both of the person's records."""
    await inbox.receive()
    person, again = await inbox.customer(PERSON), await inbox.customer(AGAIN)
    path = f"/customers/{person}"
    await inbox.done("POST", f"{path}/tags", {"name": "Khách quen"})
    phone = {"kind": "phone", "value": "+84987650123"}
    address = {"kind": "email", "value": "lam.quynh@shop.vn"}
    await inbox.done("POST", f"{path}/suggestions", {**phone, "decision": "save"})
    await inbox.done("POST", f"{path}/suggestions", {**address, "decision": "decline"})
    edit = {
        "note": "Quỳnh Lam thích màu xanh",
        "attributes": {"address": "12 Lý Thường Kiệt"},
    }
    await inbox.done("PATCH", path, edit, **{"If-Match": "*"})
    await inbox.done("PATCH", path, {"note": "gọi 0987650123"}, **{"If-Match": "*"})
    await inbox.done("PATCH", f"/customers/{again}", {"note": "nick 2"}, **{"If-Match": "*"})
    await inbox.done("POST", f"{path}/reveal", {"field": "phones"})
    await _write_to(inbox, person)
    await inbox.done("POST", f"{path}/merge", {"customer_id": again})
    merge = (await inbox.done("GET", f"{path}/duplicates"))["last_merge"]
    await inbox.done("POST", f"/merges/{merge['id']}/undo")
    await inbox.done("POST", f"{path}/merge", {"customer_id": again})
    return person, again


async def _write_to(inbox: Inbox, person: str) -> None:
    """A note to colleagues from a canned reply, with a file."""
    canned = await inbox.done(
        "POST", "/canned-replies", {"shortcut": "hen", "text": "{{name}}: {{phone}}"}
    )
    [thread] = (await inbox.done("GET", f"/conversations?customer_id={person}"))["items"]
    chat = f"/conversations/{thread['id']}"
    filled = (await inbox.done("GET", f"{chat}/canned-replies/{canned['id']}"))["text"]
    assert filled == "Tạ Quỳnh Lam: +84987650123"
    form = FormData()
    form.add_field("file", FILE, filename="hop-dong-quynh.png")
    status, upload = await inbox.call("POST", "/uploads", data=form)
    assert status == 201
    note = {
        "client_id": "c1",
        "text": filled,
        "internal": True,
        "attachments": [{"upload_id": upload["id"]}],
    }
    await inbox.done("POST", f"{chat}/messages", note)


async def _erase(inbox: Inbox, customer_id: str, clock: FixedClock) -> None:
    """Ask for it, and let the workers go through it, the second sweep included."""
    await inbox.done("POST", f"/customers/{customer_id}/erasure")

    async def is_done() -> bool:
        clock.advance(SETTLE)
        return await inbox._has("erasures", {"done_at": {"$exists": True}})

    await until(is_done)
    await until(lambda: not [one for one in inbox.media.rglob("*") if one.is_file()])


async def test_nothing_of_a_person_is_left_anywhere_and_nothing_comes_back(
    inbox: Inbox, clock: FixedClock
) -> None:
    """S4.34, X.DIR.06: one contact deleted; raw bytes of every collection and file hold nothing."""
    person, again = await _use(inbox)
    before = await inbox.found(*WORDS)
    assert before >= {
        "customers", "messages", "conversations", "interactions", "live_events", "merges",
        "webhook_journal", "uploads", "media",
    }  # fmt: skip
    assert (await inbox.done("GET", "/search?q=quynh"))["items"]

    await _erase(inbox, again, clock)  # the id of before the merge leads to the same person

    assert await inbox.found(*WORDS, PERSON, AGAIN) == set()
    for path in (person, f"{person}/timeline", f"{person}/duplicates", again):
        assert (await inbox.call("GET", f"/customers/{path}"))[0] == 404
    assert (await inbox.done("GET", "/search?q=quynh"))["items"] == []
    assert (await inbox.done("GET", "/search?q=quynh&kind=messages"))["items"] == []
    # Somebody else is as before, and the catalogue too.
    [left] = (await inbox.done("GET", "/conversations"))["items"]
    assert left["customer"]["name"] == NAMES[OTHER]
    tags = (await inbox.done("GET", "/tags"))["items"]
    assert [one["name"] for one in tags] == ["Khách quen"]
    logged = (await inbox.done("GET", f"/audit?target={person}"))["items"]
    assert {"customer_revealed", "customer_erasure_requested"} <= {one["action"] for one in logged}

    await inbox.receive()  # a replay of everything that was ever received

    assert await inbox.found(*WORDS, PERSON, AGAIN) == set()
    assert len((await inbox.done("GET", "/conversations"))["items"]) == 1
