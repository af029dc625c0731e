"""A bug in a parser or a handler costs one body or one event, never the ingest."""

from datetime import datetime, timedelta

from bson import ObjectId

from channels.accounts import AccountDirectory
from channels.events import InboundMessage, Parsed
from channels.ingesting import MOST_ATTEMPTS, Understanding
from channels.router import Router
from channels.store import IngestStore
from inbox.clock import FixedClock
from inbox.conversations.changes import Batch
from inbox.conversations.model import ThreadRef
from inbox.mongo.client import Mongo
from inbox.mongo.journal import Entry
from tests.ingest import FACEBOOK_PAGE, connect_accounts, facebook_message, running_ingest

AT = 1_789_612_345_678


def _broken_parser(body: bytes, _: datetime) -> Parsed:
    raise KeyError(body)


async def test_parser_that_fails_parks_the_body_and_hides_no_refusal(
    mongo: Mongo, clock: FixedClock
) -> None:
    directory = AccountDirectory(IngestStore(mongo).connected_accounts)
    understanding = Understanding({"facebook": _broken_parser}, Router("none"), directory)

    understood = understanding.understand(Entry(ObjectId(), "facebook", b"{}", clock.now()), "me")

    assert [one.reason for one in understood.parked] == ["parser_failed:KeyError"]
    assert understood.items == ()
    assert understanding.accounts_of("facebook", b"{}", clock.now()) == ()


async def test_handler_that_fails_parks_its_event_and_the_next_webhook_is_applied(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    router = Router("broken")

    @router.message()
    def stumble(event: InboundMessage, batch: Batch) -> None:
        raise ValueError(event.text, batch)

    async with running_ingest(mongo, clock, router=router) as ingest:
        for mid in ("m_1", "m_2"):
            await ingest.keep("facebook", facebook_message("Alo", mid=mid, at=AT))
            await ingest.applied()

    parked = await ingest.entries.list_parked(after=None, limit=10)
    assert [one["parked"]["reason"] for one in parked] == ["handler_failed:ValueError"] * 2


async def test_poison_that_shows_when_it_is_applied_parks_alone_among_sixty_three_others(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    poison = facebook_message("Alo", mid="m_poison", at=AT, psid="13")
    body = facebook_message("Alo", mid="m_0", at=AT)
    body["entry"][0]["messaging"] = [
        facebook_message("Alo", mid=f"m_{number}", at=AT, psid=str(number))["entry"][0][
            "messaging"
        ][0]
        for number in range(63)
    ]
    body["entry"][0]["messaging"].insert(31, poison["entry"][0]["messaging"][0])
    await _spoil(mongo, psid="13")
    async with running_ingest(mongo, clock) as ingest:
        await ingest.keep("facebook", body)
        await ingest.applied()

    [parked] = await ingest.entries.list_parked(after=None, limit=10)
    assert {one["index"] for one in parked["parked"]["events"]} == {13, 31}
    assert await mongo["messages"].count_documents({"at": {"$exists": True}}) == 62


async def _spoil(mongo: Mongo, *, psid: str) -> None:
    """A stored conversation that no rule of ours can have written: applying to it fails."""
    thread = ThreadRef("facebook", FACEBOOK_PAGE, "inbox", psid)
    await mongo["conversations"].insert_one({"_id": thread.id, "seq": "not a number"})


async def test_entry_that_kills_process_after_process_is_parked(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    body = b'{"object": "page", "entry": []}'
    for owner, attempts in (("killed", MOST_ATTEMPTS), ("fresh", 0)):
        await mongo["webhook_journal"].insert_one(
            {
                "_id": ObjectId(),
                "channel": "facebook",
                "body": body,
                "received_at": clock.now() - timedelta(minutes=9),
                "apply": {"due_at": clock.now(), "fence": 0, "attempts": attempts, "token": owner},
            }
        )
    async with running_ingest(mongo, clock) as ingest:
        assert await ingest.recover() == 2

    [parked] = await ingest.entries.list_parked(after=None, limit=10)
    assert parked["parked"]["reason"] == "never_ends"
    assert await mongo["webhook_journal"].count_documents({"applied_at": {"$exists": True}}) == 1
