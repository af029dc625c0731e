"""What happens in the database reaches every open client, in order, and nothing is lost."""

import asyncio
import re
import socket
from typing import Any

import aiohttp
import pytest
from pymongo import WriteConcern

from inbox.config import LiveConfig
from inbox.live.store import FeedLost, LiveStore
from inbox.mongo.client import Mongo, Session
from tests.failpoints import reads_standing_still
from tests.inbox.live.conftest import DEADLINE_S, Happenings, Listener, Live, StartLive
from tests.waiting import until


async def test_every_client_gets_all_events_in_the_order_they_happened(
    live: Live, happenings: Happenings
) -> None:
    clients = [await live.listen("lan"), await live.listen("owner")]

    for start in range(0, 300, 30):
        await happenings.happen(*range(start, start + 30))

    for client in clients:
        await client.until_told(299)
        assert client.numbers == list(range(300))
    first = clients[0].frames[1]
    assert {**first, "id": ""} == {
        "id": "",
        "type": "message_received",
        "at": "2026-11-22T03:00:00Z",
        "conversation_id": "conversation-1",
        "data": {"n": 0},
    }
    assert re.fullmatch(r"[A-Za-z0-9_-]+", first["id"])


async def test_an_event_of_an_aborted_transaction_is_never_told(
    live: Live, happenings: Happenings, mongo: Mongo
) -> None:
    lan = await live.listen("lan")

    async def change_and_fail(session: Session) -> None:
        await mongo["live_events"].insert_one({"type": "message_received"}, session=session)
        raise LookupError

    with pytest.raises(LookupError):
        await mongo.transaction(change_and_fail)
    await happenings.happen(1)

    await lan.until_told(1)
    assert lan.types == ["hello", "message_received"]


async def test_a_client_that_comes_back_gets_what_it_missed(
    live: Live, happenings: Happenings
) -> None:
    lan = await live.listen("lan")
    witness = await live.listen("owner")
    await happenings.happen(1, 2)
    await lan.until_told(2)
    seen = lan.frames[-1]["id"]
    await lan.socket.close()
    await happenings.happen(3, 4)
    await happenings.happen(5, bot_id="bot-2")
    await witness.until_told(5)

    back = await live.listen("lan", after=seen)
    await happenings.happen(6)

    await back.until_told(6)
    assert back.frames[0]["id"] == seen, "hello names the point that the feed goes on from"
    assert back.numbers == [3, 4, 6]


async def test_hello_alone_is_enough_to_come_back(live: Live, happenings: Happenings) -> None:
    lan = await live.listen("lan")
    witness = await live.listen("owner")
    await lan.socket.close()
    await happenings.happen(1)
    await witness.until_told(1)

    back = await live.listen("lan", after=lan.frames[0]["id"])

    await back.until_told(1)
    assert back.types == ["hello", "message_received"]


async def test_a_client_may_come_back_to_another_process(
    start_live: StartLive, happenings: Happenings
) -> None:
    one, other = await start_live(), await start_live()
    lan = await one.listen("lan")
    witness = await other.listen("owner")
    await happenings.happen(1, 2)
    await lan.until_told(2)
    await witness.until_told(2)

    back = await other.listen("lan", after=lan.frames[1]["id"])

    await back.until_told(2)
    assert back.numbers == [2]


@pytest.mark.parametrize("after", ["unknown", "", "8269'; drop"])
async def test_an_unknown_id_is_answered_with_resync(
    live: Live, happenings: Happenings, after: str
) -> None:
    lan = await live.listen("lan", after=after)
    await happenings.happen(1)

    await lan.until_told(1)
    assert lan.types == ["hello", "resync", "message_received"]


async def test_an_id_that_is_older_than_the_kept_events_is_answered_with_resync(
    start_live: StartLive, happenings: Happenings
) -> None:
    live = await start_live(LiveConfig(kept_events=10))
    witness = await live.listen("owner")
    for number in range(12):
        await happenings.happen(number)
        await witness.until_told(number)
    too_old, old_enough = witness.frames[1]["id"], witness.frames[3]["id"]

    lost = await live.listen("lan", after=too_old)
    found = await live.listen("lan", after=old_enough)

    assert (await lost.next())["type"] == "resync"
    await found.until_told(11)
    assert found.numbers == list(range(3, 12))


async def test_two_processes_both_tell_everything(
    start_live: StartLive, happenings: Happenings
) -> None:
    clients = [await (await start_live()).listen("lan") for _ in range(2)]

    await asyncio.gather(*(happenings.happen(number) for number in range(50)))

    for client in clients:
        await client.until_count(50)
    assert clients[0].frames[1:] == clients[1].frames[1:]
    assert sorted(clients[0].numbers) == list(range(50))


async def test_a_slow_client_is_told_once_to_resync_while_a_fast_one_gets_everything(
    start_live: StartLive, happenings: Happenings
) -> None:
    live = await start_live(LiveConfig(client_queue=20))
    fast = await live.listen("owner")
    async with _session_with_small_buffers() as session:
        slow = Listener(
            await session.ws_connect(
                live.server.make_url("/api/v1/live"), headers={"Cookie": "inbox_session=lan"}
            )
        )
        for start in range(0, 400, 10):  # 13 MB: more than the system keeps for one socket
            await happenings.happen(*range(start, start + 10), data={"text": "ả" * 16_000})
            await fast.until_told(start + 9)

        await slow.until(lambda: "resync" in slow.types)
        await happenings.happen(400)
        await slow.until_told(400)
    await fast.until_told(400)

    assert fast.numbers == list(range(401))
    assert "resync" not in fast.types
    assert slow.types.count("resync") == 1
    before = slow.types.index("resync") - 1
    assert slow.numbers == [*range(before), 400]
    assert before < 400


async def test_the_feed_goes_on_after_broken_connections(
    live: Live, happenings: Happenings, mongo: Mongo
) -> None:
    lan = await live.listen("lan")
    await happenings.happen(1)
    await lan.until_told(1)

    await _break_get_more(mongo, times=5)
    for number in range(2, 30):
        await happenings.happen(number)

    await lan.until_told(29)
    assert lan.numbers == list(range(1, 30))
    assert "resync" not in lan.types


async def test_when_the_history_is_lost_everybody_is_told_to_resync(
    live: Live, happenings: Happenings, mongo: Mongo
) -> None:
    lan = await live.listen("lan")

    await mongo["live_events"].drop()

    assert (await lan.next())["type"] == "resync"
    async with asyncio.timeout(DEADLINE_S):
        await live.hub.watching.wait()
    await happenings.happen(1)
    await lan.until_told(1)


async def test_an_event_that_is_no_json_does_not_end_the_feed(
    live: Live, happenings: Happenings
) -> None:
    lan = await live.listen("lan")

    await happenings.happen(1, data={"picture": b"\x00"})
    assert (await lan.next())["type"] == "resync"
    await happenings.happen(2)

    await lan.until_told(2)
    assert lan.numbers == [2]


@pytest.mark.parametrize("token", ["00", "not hexadecimal", "82" * 40])
async def test_a_token_that_is_none_is_lost(mongo: Mongo, token: str) -> None:
    with pytest.raises(FeedLost):
        async with LiveStore(mongo).watch(token) as feed:
            await feed.next()


async def test_what_came_before_the_feed_is_open_can_be_read_then(
    mongo: Mongo, mongo_uri: str
) -> None:
    """Majority reads lag behind: else an event would be neither in the feed nor in the reading."""
    events, one = mongo["live_events"], WriteConcern(w=1)

    async def read() -> int:
        async with LiveStore(mongo).watch():
            return await events.count_documents({})

    async def is_read_or_held_up() -> bool:
        waiting = {"command.update": "service_marks", "active": True}
        database = mongo.client.admin
        return reading.done() or bool(
            await (await database.aggregate([{"$currentOp": {}}, {"$match": waiting}])).to_list()
        )

    with reads_standing_still(mongo_uri) as go_on:
        await events.with_options(write_concern=one).insert_one({"type": "message_received"})
        reading = asyncio.create_task(read())
        await until(is_read_or_held_up)
        go_on()

        assert await reading == 1


async def test_stopping_closes_every_client_as_going_away(live: Live) -> None:
    clients = [await live.listen("lan"), await live.listen("owner")]

    live.stop.set()

    assert [await client.until_closed() for client in clients] == [1001, 1001]


def _session_with_small_buffers() -> aiohttp.ClientSession:
    def small(address: Any) -> socket.socket:
        family, type_, protocol, _, _ = address
        made = socket.socket(family, type_, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return made

    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=small))


async def _break_get_more(mongo: Mongo, *, times: int) -> None:
    await mongo.client.admin.command(
        {
            "configureFailPoint": "failCommand",
            "mode": {"times": times},
            "data": {"failCommands": ["getMore"], "closeConnection": True},
        }
    )
