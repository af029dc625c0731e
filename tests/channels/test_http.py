"""Outgoing HTTP: whether a request that failed may have been taken is always known."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import structlog

from channels.http import (
    MAX_ANSWER_BYTES,
    Call,
    FilePart,
    HttpClient,
    MaybeSent,
    NotSent,
    Timeouts,
)
from tests.channels.scripted_platform import (
    Reply,
    Reset,
    ScriptedPlatform,
    Stall,
    Truncate,
    scripted_platform,
)

QUICK = Timeouts(
    connect=timedelta(seconds=2), read=timedelta(milliseconds=150), total=timedelta(seconds=3)
)


@pytest.fixture
async def platform() -> AsyncIterator[ScriptedPlatform]:
    async with scripted_platform() as platform:
        yield platform


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(QUICK)
    yield client
    await client.close()


def posting(url: str) -> Call:
    return Call(method="POST", url=f"{url}/messages", json={"text": "Xin chào"})


async def test_answer_comes_back_whatever_its_status(
    platform: ScriptedPlatform, http: HttpClient
) -> None:
    platform.will(Reply({"error": {"code": 100}}, status=400, headers={"X-App-Usage": "{}"}))

    answer = await http.call(posting(platform.url))

    assert answer.status == 400
    assert answer.json() == {"error": {"code": 100}}
    assert answer.headers["x-app-usage"] == "{}"
    assert platform.received[0].json == {"text": "Xin chào"}


async def test_answer_that_is_not_json_is_none(
    platform: ScriptedPlatform, http: HttpClient
) -> None:
    platform.will(Reply(b"<html>Bad gateway</html>", status=502))

    assert (await http.call(posting(platform.url))).json() is None


async def test_redirect_is_an_answer_and_is_not_followed(
    platform: ScriptedPlatform, http: HttpClient
) -> None:
    platform.will(Reply(b"", status=302, headers={"Location": f"{platform.url}/elsewhere"}))

    assert (await http.call(posting(platform.url))).status == 302
    assert len(platform.received) == 1


async def test_refused_connection_means_that_nothing_was_sent(http: HttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(NotSent):
        await http.call(posting(f"http://127.0.0.1:{port}"))


async def test_unknown_host_means_that_nothing_was_sent(http: HttpClient) -> None:
    with pytest.raises(NotSent):
        await http.call(posting("http://platform.invalid"))


async def test_host_that_takes_no_connection_means_that_nothing_was_sent() -> None:
    """A listening socket whose queue is full lets a connection hang."""
    timeouts = Timeouts(connect=timedelta(milliseconds=150))
    http = HttpClient(timeouts)
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())

        with pytest.raises(NotSent):
            await http.call(posting(f"http://127.0.0.1:{listening.getsockname()[1]}"))
    await http.close()


async def test_failed_handshake_means_that_nothing_was_sent(
    platform: ScriptedPlatform, http: HttpClient
) -> None:
    with pytest.raises(NotSent):
        await http.call(posting(platform.url.replace("http://", "https://")))

    assert platform.received == []


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Stall(), id="no answer in time"),
        pytest.param(Reset(after_reading=False), id="reset before the body was read"),
        pytest.param(Reset(after_reading=True), id="reset after the body was read"),
        pytest.param(Truncate(), id="answer cut in the middle"),
        pytest.param(Truncate(status=500), id="error cut in the middle"),
        pytest.param(Reply(b"x" * (MAX_ANSWER_BYTES + 1)), id="answer without end"),
    ],
)
async def test_failure_after_the_request_has_begun_leaves_its_fate_unknown(
    platform: ScriptedPlatform, http: HttpClient, step: Stall | Reset | Truncate | Reply
) -> None:
    platform.will(step)

    with pytest.raises(MaybeSent):
        await http.call(posting(platform.url))

    assert len(platform.received) == 1, "a request with effects is never repeated"


async def test_post_on_a_kept_connection_that_was_cut_is_not_repeated(
    platform: ScriptedPlatform, http: HttpClient
) -> None:
    platform.will(Reply({}), Reset(after_reading=True), Reply({}))
    await http.call(posting(platform.url))

    with pytest.raises(MaybeSent):
        await http.call(posting(platform.url))

    assert len(platform.received) == 2


async def test_total_time_limits_an_answer_that_drips(http: HttpClient) -> None:
    over, ended = asyncio.Event(), asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not over.is_set():
            writer.write(b"x")
            await asyncio.sleep(0.02)  # what the server does, not what the test waits for
        writer.close()
        ended.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    timeouts = Timeouts(total=timedelta(milliseconds=200))

    with pytest.raises(MaybeSent):
        await http.call(Call(method="POST", url=url, timeouts=timeouts))

    over.set()
    await asyncio.wait_for(ended.wait(), timeout=5)
    server.close()


async def test_file_goes_out_with_its_name_and_type_and_the_length_is_told(
    platform: ScriptedPlatform, http: HttpClient
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"hel"
        yield b"lo"

    platform.will(Reply({"attachment_id": "1"}))
    file = FilePart("filedata", "a.png", "image/png", 5, chunks())

    await http.call(
        Call(method="POST", url=f"{platform.url}/up", form={"message": '{"a":1}'}, file=file)
    )

    received = platform.received[0]
    assert received.form == {"message": '{"a":1}'}
    assert received.file == ("a.png", "image/png", b"hello")
    assert "Content-Length" in received.headers


async def test_neither_calls_nor_answers_nor_failures_show_secrets(
    platform: ScriptedPlatform, http: HttpClient
) -> None:
    platform.will(Reply({"access_token": "hunter22"}), Stall())
    call = Call(
        method="POST",
        url=f"{platform.url}/messages",
        query={"appsecret_proof": "hunter22"},
        headers={"Authorization": "Bearer hunter22"},
        json={"text": "hunter22"},
        form={"code": "hunter22"},
    )

    with structlog.testing.capture_logs() as logs:
        answer = await http.call(call)
        with pytest.raises(MaybeSent) as failure:
            await http.call(call)

    assert platform.received[0].headers["Authorization"] == "Bearer hunter22"
    assert "hunter22" not in f"{call!r} {answer!r} {failure.value!r} {logs}"
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__
