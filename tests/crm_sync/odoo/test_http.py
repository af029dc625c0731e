"""Outgoing JSON: what a failure tells of the request, and what an error keeps to itself."""

from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from crm_sync.connectors.errors import AuthRefused, CrmAway, CrmBusy, CrmError, CrmUncertain
from crm_sync.connectors.http import (
    ADDRESS_REFUSED,
    MAX_ANSWER_BYTES,
    MAX_RETRY_AFTER_S,
    Answer,
    JsonClient,
)
from inbox.addresses import is_public
from tests.crm_sync.faults import FaultProxy, Refuse, fault_proxy

SECRET = "s3cret-in-the-path"


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """Behind it is nothing: every request is for a fault."""
    async with fault_proxy("http://127.0.0.1:9") as proxy:
        yield proxy


@pytest.fixture
async def client() -> AsyncIterator[JsonClient]:
    client = JsonClient(headers={"X-Key": SECRET})
    yield client
    await client.close()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"retry-after": "30"}, 30, id="seconds"),
        pytest.param({"retry-after": " 0 "}, 0, id="at once"),
        pytest.param({"retry-after": "99999999"}, MAX_RETRY_AFTER_S, id="three years"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "soon"}, None, id="a word"),
        pytest.param({"retry-after": "٣"}, None, id="a digit of another script"),
        pytest.param(
            {
                "retry-after": "Sun, 22 Nov 2026 05:01:00 GMT",
                "date": "Sun, 22 Nov 2026 05:00:00 GMT",
            },
            60,
            id="a date",
        ),
        pytest.param(
            {
                "retry-after": "Sun, 22 Nov 2026 04:00:00 GMT",
                "date": "Sun, 22 Nov 2026 05:00:00 GMT",
            },
            0,
            id="a date that has passed",
        ),
        pytest.param(
            {"retry-after": "Sun, 22 Nov 2026 05:01:00 GMT"}, None, id="a date, but no own"
        ),
    ],
)
def test_how_long_to_wait(headers: Mapping[str, str], seconds: float | None) -> None:
    assert Answer(429, None, headers).retry_after_s == seconds


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(Refuse(429), CrmBusy, id="limited"),
        pytest.param(Refuse(503, {"Retry-After": "3"}), CrmBusy, id="out of service for a while"),
        pytest.param(Refuse(503), CrmAway, id="out of service"),
        pytest.param(Refuse(423), CrmAway, id="locked"),
        pytest.param(Refuse(302, {"Location": "/login"}), CrmAway, id="redirect"),
        pytest.param(Refuse(401), AuthRefused, id="unknown"),
        pytest.param(Refuse(504), CrmUncertain, id="gateway"),
    ],
)
async def test_status_that_means_the_same_everywhere(
    proxy: FaultProxy, client: JsonClient, fault: Refuse, error: type[CrmError]
) -> None:
    proxy.will(fault)

    with pytest.raises(CrmError) as failed:
        await client.call("POST", f"{proxy.url}/{SECRET}", json={"token": SECRET})

    assert type(failed.value) is error
    assert SECRET not in f"{failed.value!r} {failed.value.detail} {failed.value.__cause__!r}"


@pytest.mark.parametrize("status", [200, 201, 204, 400, 404, 409, 422, 500])
async def test_status_about_the_request_is_an_answer(
    proxy: FaultProxy, client: JsonClient, status: int
) -> None:
    body = b"" if status == 204 else b'{"code": "x"}'
    proxy.will(Refuse(status, {"Content-Type": "application/json", "X-Limit": "9"}, body))

    answer = await client.call("GET", f"{proxy.url}/contacts", query={"q": "Lan"})

    assert answer.status == status
    assert answer.json == (None if status == 204 else {"code": "x"})
    assert answer.headers["x-limit"] == "9"


@pytest.mark.parametrize("status", [302, 401, 429, 503])
async def test_who_asks_is_told_every_status(
    proxy: FaultProxy, client: JsonClient, status: int
) -> None:
    proxy.will(Refuse(status, {"Content-Type": "application/json"}, b'{"policyName": "DAILY"}'))

    answer = await client.ask("POST", f"{proxy.url}/contacts", json={})

    assert (answer.status, answer.json) == (status, {"policyName": "DAILY"})


async def test_nobody_listening_is_away(client: JsonClient) -> None:
    with pytest.raises(CrmAway):
        await client.call("POST", "http://127.0.0.1:9/", json={})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_request_whose_answer_is_cut_off_is_not_sent_again(
    client: JsonClient, method: str
) -> None:
    heard: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        heard.append(request.method)
        if len(heard) > 1 and request.transport is not None:
            request.transport.abort()
        return web.json_response({})

    application = web.Application()
    application.router.add_route("*", "/", answer)
    async with TestServer(application) as server:
        await client.call("POST", str(server.make_url("/")))  # on whose connection the next goes
        with pytest.raises(CrmUncertain):
            await client.call(method, str(server.make_url("/")))

    assert heard == ["POST", method]


async def test_endless_answer_is_not_read_to_the_end(client: JsonClient) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(MAX_ANSWER_BYTES // 2**20 + 2):
            await response.write(b" " * 2**20)
        return response

    application = web.Application()
    application.router.add_get("/", answer)
    async with TestServer(application) as server:
        with pytest.raises(CrmUncertain):
            await client.call("GET", str(server.make_url("/")))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "10.0.0.7",
        "172.31.255.254",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "[fd00::1]",
        "[fe80::1]",
    ],
)
async def test_address_that_may_not_be_reached_hears_nothing(proxy: FaultProxy, host: str) -> None:
    client = JsonClient(may_reach=is_public)
    port = proxy.url.rpartition(":")[2]

    with pytest.raises(CrmAway) as refused:
        await client.call("POST", f"http://{host}:{port}/", json={"token": SECRET})
    await client.close()

    assert refused.value.detail == ADDRESS_REFUSED


async def test_address_is_looked_at_when_it_is_connected_to(proxy: FaultProxy) -> None:
    asked: list[str] = []

    def may_reach(address: str) -> bool:
        asked.append(address)
        return True

    client = JsonClient(may_reach=may_reach)
    proxy.will(Refuse(200, {}, b"{}"))

    answer = await client.call("POST", proxy.url, json={})
    await client.close()

    assert (answer.status, asked) == (200, ["127.0.0.1"])
