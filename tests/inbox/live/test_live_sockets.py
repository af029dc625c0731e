"""Who may open a live connection, what they may send, and when it is closed."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from prometheus_client import REGISTRY

from inbox.config import LiveConfig
from tests.inbox.live.conftest import DEADLINE_S, Door, Happenings, Live, StartLive


async def test_without_signing_in_there_is_no_upgrade(live: Live) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live.connect("nobody")

    assert refused.value.status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    ],
)
async def test_a_page_of_another_site_is_refused(live: Live, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live.connect("lan", headers=headers)

    assert refused.value.status == 403


async def test_our_own_page_is_let_in(live: Live) -> None:
    url = live.server.make_url("/")
    origin = f"http://{url.host}:{url.port}"

    lan = await live.listen("lan", headers={"Origin": origin})

    assert lan.frames[0]["type"] == "hello"


async def test_a_token_is_let_in(live: Live) -> None:
    async with live.session.ws_connect(
        live.server.make_url("/api/v1/live"), headers={"Authorization": "Bearer lan"}
    ) as socket:
        assert (await socket.receive_json(timeout=DEADLINE_S))["type"] == "hello"


async def test_a_plain_request_is_answered_with_a_problem(live: Live) -> None:
    url = live.server.make_url("/api/v1/live")

    async with live.session.get(url, headers={"Cookie": "inbox_session=lan"}) as answer:
        assert answer.status == 400


async def test_messages_are_not_compressed(live: Live) -> None:
    socket = await live.connect("lan", compress=15)

    assert socket.compress == 0


async def test_pings_are_answered_and_other_words_ignored(live: Live) -> None:
    lan = await live.listen("lan")

    for words in ("no json", "[]", '{"type": "typing"}', '"ping"'):
        await lan.socket.send_str(words)
    await lan.socket.send_bytes(b"\x00\xff")
    await lan.socket.send_json({"type": "ping"})

    assert (await lan.next())["type"] == "pong"


async def test_a_message_that_is_too_large_closes_the_socket(live: Live) -> None:
    lan = await live.listen("lan")

    await lan.socket.send_str("x" * 5000)

    assert await lan.until_closed() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_peer_that_does_not_answer_pings_is_closed(start_live: StartLive) -> None:
    live = await start_live(LiveConfig(heartbeat=timedelta(milliseconds=100)))
    socket = await live.connect("lan", autoping=False)

    async with asyncio.timeout(DEADLINE_S):
        while (await socket.receive()).type is not aiohttp.WSMsgType.CLOSED:
            pass  # the pings that this client leaves unanswered

    assert socket.closed


async def test_a_living_peer_stays_through_many_heartbeats(
    start_live: StartLive, happenings: Happenings
) -> None:
    live = await start_live(LiveConfig(heartbeat=timedelta(milliseconds=40)))
    lan = await live.listen("lan")
    dead = await live.connect("lan", autoping=False)
    async with asyncio.timeout(DEADLINE_S):
        reading = asyncio.create_task(lan.until_told(1))
        while (await dead.receive()).type is not aiohttp.WSMsgType.CLOSED:
            pass

        await happenings.happen(1)
        await reading


@pytest.mark.parametrize(
    "data", [{"session_id": "session-lan"}, {"staff_id": "staff-lan"}], ids=["session", "staff"]
)
async def test_the_end_of_a_session_closes_its_sockets(
    live: Live, happenings: Happenings, data: dict[str, Any]
) -> None:
    tabs = [await live.listen("lan"), await live.listen("lan")]
    minh = await live.listen("minh")

    await happenings.tell("session_ended", data=data)

    assert [await tab.until_closed() for tab in tabs] == [4401, 4401]
    await happenings.happen(1, bot_id="bot-2")
    await minh.until_told(1)


async def test_another_session_of_the_same_person_stays_open(
    live: Live, happenings: Happenings, door: Door
) -> None:
    door.let_in("lan-phone", door.actors["lan"])
    computer, phone = await live.listen("lan"), await live.listen("lan-phone")

    await happenings.tell("session_ended", data={"session_id": "session-lan"})
    await happenings.happen(1)

    assert await computer.until_closed() == 4401
    await phone.until_told(1)


async def test_a_session_that_ran_out_without_an_event_is_found(
    start_live: StartLive, door: Door
) -> None:
    live = await start_live(LiveConfig(recheck_every=timedelta(milliseconds=20)))
    lan = await live.listen("lan")

    del door.actors["lan"]

    assert await lan.until_closed() == 4401


async def test_a_session_that_ends_while_its_socket_opens_is_found(live: Live, door: Door) -> None:
    door.signing_out.add("lan")

    lan = await live.listen("lan")

    assert await lan.until_closed() == 4401


async def test_clients_are_counted(live: Live) -> None:
    before = _clients()
    lan = await live.listen("lan")
    minh = await live.listen("minh")

    assert _clients() == before + 2
    await lan.socket.close()
    await minh.socket.close()
    stays = await live.listen("owner")
    async with asyncio.timeout(DEADLINE_S):
        while _clients() != before + 1:  # each answer is a round through the server
            await stays.socket.send_json({"type": "ping"})
            await stays.next()


def _clients() -> float:
    value = REGISTRY.get_sample_value("inbox_live_clients")
    assert value is not None
    return value
