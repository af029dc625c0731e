"""Events of one page and one customer, told to the handlers and applied."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from channels import events
from channels.events import Person, PlatformEvent, Thread
from channels.handlers import router
from inbox.clock import FixedClock
from inbox.conversations.applying import Applier
from inbox.conversations.changes import Batch
from inbox.ids import account_key, conversation_key, identity_key, message_key
from inbox.mongo.client import Mongo
from inbox.mongo.journal import JournalEntries

PAGE, AN = "page", "an"
NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
CUSTOMER = identity_key("facebook", PAGE, AN)
CONVERSATION = conversation_key("facebook", PAGE, "inbox", AN)
BOTS = {account_key(channel, PAGE): "bot" for channel in ("facebook", "instagram", "zalo")}

Document = dict[str, Any]
Tell = Callable[..., Awaitable[None]]


def minute(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def facts(at: float, **fields: Any) -> dict[str, Any]:
    """What every event of the page has; An is who it is about."""
    return {"channel": "facebook", "account_id": PAGE, "at": minute(at)} | fields


def said(at: float, message: str, text: str = "Còn hàng không ạ?", **fields: Any) -> PlatformEvent:
    who = {"thread": Thread(external_id=AN), "author": Person(id=AN)}
    return events.InboundMessage(**facts(at, message_id=message, text=text, **(who | fields)))


def echo(at: float, message: str, source: str, **fields: Any) -> PlatformEvent:
    who = {"thread": Thread(external_id=AN), "person": Person(id=AN)}
    return events.MessageEcho(
        **facts(at, message_id=message, text="Dạ còn ạ", source=source, **(who | fields))
    )


def comment(at: float, message: str, **fields: Any) -> PlatformEvent:
    root = Thread(kind="comment", external_id="c_root")
    who = {"thread": root, "author": Person(id="lua", name="Đỗ Thị Lụa"), "is_root": True}
    return events.Comment(**facts(at, message_id=message, text="Giá?", **(who | fields)))


def about_an(kind: type[PlatformEvent], at: float, **fields: Any) -> PlatformEvent:
    who = {"thread": Thread(external_id=AN), "person": Person(id=AN)}
    return kind(**facts(at, **(who | fields)))


def teller(mongo: Mongo, clock: FixedClock) -> Tell:
    """Routes events to the handlers and applies what these kept, as one batch."""
    applier = Applier(mongo, clock, JournalEntries(mongo, clock))

    async def route_and_apply(*told: PlatformEvent) -> None:
        batch = Batch()
        for event in told:
            assert router.dispatch(event, batch)
        await applier.apply(batch.changes, bots=BOTS)

    return route_and_apply


async def only(mongo: Mongo, collection: str, **query: Any) -> Document:
    (found,) = await mongo[collection].find(query).to_list()
    return found


async def the_message(mongo: Mongo, external_id: str, channel: str = "facebook") -> Document:
    return await only(mongo, "messages", _id=message_key(channel, PAGE, external_id))


async def types_on_timeline(mongo: Mongo) -> list[str]:
    return [one["type"] async for one in mongo["interactions"].find().sort("at", 1)]


def routed(event: PlatformEvent) -> list[Any]:
    batch = Batch()
    assert router.dispatch(event, batch)
    return batch.changes
