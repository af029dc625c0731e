"""Backup and restore: a whole round trip, secrets and media included, and what is refused."""

import gzip
import json
import secrets
import stat
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import bson
import pytest
from pymongo import MongoClient

from app.backup.errors import BackupDamaged, BackupTooNew, FolderInUse, NoBackup, OtherSecretKey
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.model import NewAccount, NewBot
from inbox.bots.secrets import SecretBox, WrongSecretKey
from inbox.clock import SystemClock
from inbox.errors import InboxError
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.snapshots import UNLIMITED, HalfRestored, NotEmpty, begin_restoring
from tests.app.backup_house import KEY, OTHER_KEY, Desk, House
from tests.app.shop_processes import Shop
from tests.ingest import FACEBOOK_PAGE, facebook_message
from tests.waiting import until

TOKEN = {"access_token": "EAA-secret"}
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
ACCOUNT = account_key("facebook", FACEBOOK_PAGE)


@pytest.fixture
async def house(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> House:
    return House(mongo_uri, tmp_path, mongo)


@pytest.fixture
async def empty(mongo_uri: str) -> AsyncIterator[Mongo]:
    """A database that is not there yet."""
    mongo = Mongo.connect(mongo_uri, f"test_{secrets.token_hex(8)}", **UNLIMITED)
    yield mongo
    await mongo.client.drop_database(mongo.db.name)
    await mongo.close()


def credentials(mongo: Mongo, key: bytes) -> CredentialStore:
    return CredentialStore(mongo, SecretBox([urlsafe_b64encode(key).decode()]))


async def said(desk: Desk) -> list[str]:
    rows = (await desk.call("GET", "/conversations"))["items"]
    found: list[str] = []
    for row in rows:
        page = await desk.call("GET", f"/conversations/{row['id']}/messages")
        found += [one["text"] for one in reversed(page["items"])]
    return found


async def fill(desk: Desk) -> tuple[bytes, str]:
    """A connected page, a customer's message and an uploaded picture: the webhook, the address."""
    account = NewAccount(
        channel="facebook", account_id=FACEBOOK_PAGE, name="Trang", credentials=TOKEN
    )
    await desk.service.bots.create(None, NewBot(name="Shop", accounts=(account,)))
    at = int(SystemClock().now().timestamp() * 1000)
    body = json.dumps(facebook_message("Còn áo không?", mid="m_1", at=at)).encode()
    assert await desk.post_webhook(body) == 200

    async def is_there() -> bool:
        return await said(desk) == ["Còn áo không?"]

    await until(is_there)
    form = aiohttp.FormData()
    form.add_field("file", PICTURE, filename="ảnh.png", content_type="image/png")
    upload = await desk.call("POST", "/uploads", data=form)
    return body, f"/api/v1/uploads/{upload['id']}"


async def test_everything_is_back_on_another_machine(house: House, empty: Mongo) -> None:
    async with house.open(house.mongo, "old") as desk:
        body, address = await fill(desk)
        backup = await house.backup()  # while the service runs

    manifest = await house.restore(backup, empty)

    assert manifest.missing == 0
    async with house.open(empty, "new") as desk:
        assert await said(desk) == ["Còn áo không?"]
        assert await desk.bytes_of(address) == PICTURE
        assert await credentials(empty, KEY).of(ACCOUNT) == TOKEN
        assert await desk.post_webhook(body) == 200  # delivered once more: known already
        journal = empty["webhook_journal"]

        async def is_applied() -> bool:
            return await journal.find_one({"apply": {"$exists": True}}) is None

        await until(is_applied)
        assert await said(desk) == ["Còn áo không?"]
    assert await empty["migrations"].count_documents({}) == len(manifest.migrations)


async def test_a_backup_is_of_one_moment_however_long_it_takes(house: House, empty: Mongo) -> None:
    for name in ("customers", "messages"):
        await house.mongo[name].insert_one({"_id": "before"})

    with MongoClient[dict[str, Any]](house.uri) as client:
        database = client[house.mongo.db.name]

        def meanwhile(what: str, _: int) -> None:
            if what == "customers":  # written, and messages are still to come
                database["messages"].insert_one({"_id": "after"})
                database["messages"].delete_one({"_id": "before"})

        backup = await house.backup(told=meanwhile)

    await house.restore(backup, empty)
    assert [one["_id"] async for one in empty["messages"].find()] == ["before"]


async def test_documents_come_back_bit_for_bit(house: House, empty: Mongo) -> None:
    odd = {
        "_id": "x",
        "z": 1,
        "a": bson.Int64(5),
        "n": None,
        "b": b"\0\xff",
        "d": {"k": [1.5, "ế"]},
    }
    await house.mongo["customers"].insert_one(odd)
    backup = await house.backup()

    await house.restore(backup, empty)

    with gzip.open(backup / "collections" / "customers.bson.gz") as stream:
        kept = stream.read()
    found = await empty["customers"].find_one({})
    assert bson.encode(found or {}) == kept == bson.encode(odd)


async def test_only_its_owner_reads_a_backup_and_it_appears_when_it_is_whole(house: House) -> None:
    def too_much(_: str, __: int) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        await house.backup(told=too_much)
    assert not (house.folder / "backup").exists()

    backup = await house.backup()  # what the first try has left is no hindrance

    for path in (backup, *backup.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    with pytest.raises(FolderInUse):
        await house.backup()


async def test_what_is_only_true_for_a_while_is_left_out(house: House) -> None:
    for name in ("sessions", "leases", "live_events", "staff"):
        await house.mongo[name].insert_one({"_id": "x"})
    backup = await house.backup()
    kept = {path.name for path in (backup / "collections").iterdir()}
    assert "staff.bson.gz" in kept
    assert not kept & {"sessions.bson.gz", "leases.bson.gz", "live_events.bson.gz"}


async def test_a_database_with_anything_in_it_is_left_alone(house: House, empty: Mongo) -> None:
    backup = await house.backup()
    await empty["customers"].insert_one({"_id": "somebody"})
    with pytest.raises(NotEmpty):
        await house.restore(backup, empty)
    assert await empty["customers"].count_documents({}) == 1


async def test_another_secret_key_is_refused_unless_that_is_meant(
    house: House, empty: Mongo
) -> None:
    async with house.open(house.mongo, "old") as desk:
        await fill(desk)
    backup = await house.backup()
    with pytest.raises(OtherSecretKey):
        await house.restore(backup, empty, key=OTHER_KEY)
    assert await empty.db.list_collection_names() == []

    await house.restore(backup, empty, key=OTHER_KEY, other_key=True)

    with pytest.raises(WrongSecretKey):
        await credentials(empty, OTHER_KEY).of(ACCOUNT)


def _cut(backup: Path) -> None:
    path = backup / "collections" / "customers.bson.gz"
    path.write_bytes(path.read_bytes()[:-3])


def _swap_media(backup: Path) -> None:
    next(path for path in (backup / "media").rglob("*") if path.is_file()).write_bytes(b"else")


def _lose_manifest(backup: Path) -> None:
    (backup / "manifest.json").unlink()


def _from_the_future(backup: Path) -> None:
    path = backup / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"migrations": [1, 9999]}))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(_cut, BackupDamaged, id="cut off"),
        pytest.param(_swap_media, BackupDamaged, id="media changed"),
        pytest.param(_lose_manifest, NoBackup, id="no manifest"),
        pytest.param(_from_the_future, BackupTooNew, id="newer version"),
    ],
)
async def test_what_is_not_whole_is_not_restored_at_all(
    house: House, empty: Mongo, spoil: Any, error: type[InboxError]
) -> None:
    await house.mongo["customers"].insert_one({"_id": "x"})
    aside, stored = await house.files("old").write_aside(_picture())
    await house.files("old").settle(aside, stored)
    backup = await house.backup()
    spoil(backup)
    with pytest.raises(error):
        await house.restore(backup, empty)
    assert await empty.db.list_collection_names() == []


async def _picture() -> AsyncIterator[bytes]:
    yield PICTURE


async def test_a_restore_that_was_cut_short_serves_nobody_and_is_done_again(
    house: House, empty: Mongo
) -> None:
    await house.mongo["customers"].insert_many([{"_id": str(n)} for n in range(5)])
    backup = await house.backup()
    await begin_restoring(empty, SystemClock())
    await empty["customers"].insert_one({"_id": "0"})  # and then the power went

    with pytest.raises(HalfRestored):
        async with house.open(empty, "new"):
            pytest.fail("it was served")

    await house.restore(backup, empty)
    assert await empty["customers"].count_documents({}) == 5
    async with house.open(empty, "new") as desk:
        assert await said(desk) == []


def test_the_commands_say_what_they_did_and_refuse_in_one_sentence(shop: Shop) -> None:
    assert shop.run("migrate").returncode == 0
    folder = str(shop.folder / "backup")

    made = shop.run("backup", folder)
    again = shop.run("backup", folder)
    refused = shop.run("restore", folder)

    assert made.returncode == 0, made.stderr
    assert "The backup is in" in made.stdout
    assert (again.returncode, refused.returncode) == (2, 2)
    assert "choose a new folder" in again.stderr
    assert "The database is not empty" in refused.stderr
    with MongoClient[dict[str, Any]](shop.uri) as client:
        client.drop_database(shop.database)
    back = shop.run("restore", folder)
    assert back.returncode == 0, back.stderr
    assert "is back" in back.stdout
