"""Deliveries over real HTTP: repeated until they arrive, given up as the platforms do."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.demo.courier import Courier, Disorder
from app.demo.delivery import Delivery


@dataclass
class Endpoint:
    """A server that answers with `answers` first, then 200; a negative one drops the connection."""

    answers: list[int] = field(default_factory=list)
    seen: list[tuple[str, bytes, str | None]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.seen.append((request.path, body, request.headers.get("num_retry")))
        status = self.answers.pop(0) if self.answers else 200
        if status < 0 and request.transport is not None:
            request.transport.abort()
        return web.Response(status=abs(status))


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def base_url(endpoint: Endpoint) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/webhooks/{platform}", endpoint.receive)
    async with TestServer(application, host="127.0.0.1") as server:
        yield str(server.make_url("/"))


class Waits:
    """A pace that does not wait but remembers for how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


FACEBOOK = Delivery("facebook", b"{}", {"X-Hub-Signature-256": "sha256=00"})
ZALO = Delivery("zalo", b"[]", {"X-ZEvent-Signature": "mac=00"})


async def test_meta_repeats_the_same_bytes_until_200(endpoint: Endpoint, base_url: str) -> None:
    endpoint.answers = [503, 500, -200]
    waits = Waits()
    async with Courier(base_url, waits) as courier:
        courier.post([FACEBOOK])
        assert courier.waiting == 1
        await courier.settle()
        assert courier.waiting == 0
    assert endpoint.seen == [("/webhooks/facebook", b"{}", None)] * 4
    assert waits.seconds == [0, 2, 5]


async def test_zalo_counts_its_retries(endpoint: Endpoint, base_url: str) -> None:
    endpoint.answers = [503, 503]
    waits = Waits()
    async with Courier(base_url, waits) as courier:
        courier.post([ZALO])
        await courier.settle()
    assert [retry for _, _, retry in endpoint.seen] == [None, "1", "2"]
    assert waits.seconds == [30, 300]


async def test_both_give_up_in_the_end(endpoint: Endpoint, base_url: str) -> None:
    endpoint.answers = [503] * 100
    waits = Waits()
    async with Courier(base_url, waits) as courier:
        courier.post([ZALO])
        await courier.settle()
        assert len(endpoint.seen) == 6
        courier.post([FACEBOOK])
        await courier.settle()
    assert len(endpoint.seen) == 6 + 12
    assert 3000 < sum(waits.seconds[5:]) <= 3600


async def test_a_server_that_is_away_is_no_error() -> None:
    waits = Waits()
    async with Courier("http://127.0.0.1:9", waits) as courier:
        courier.post([ZALO, FACEBOOK])
        await courier.settle()
    assert len(waits.seconds) == 5 + 11


def test_disorder_loses_nothing_repeats_some_and_shuffles_some() -> None:
    deliveries = [Delivery("zalo", str(number).encode(), {}) for number in range(500)]
    disorder = Disorder(Random(5))
    arriving = [*disorder.arrange(deliveries), *disorder.rest()]
    counts = Counter(int(delivery.body) for delivery in arriving)
    assert set(counts) == set(range(500))
    assert set(counts.values()) == {1, 2}
    assert 5 < sum(count == 2 for count in counts.values()) < 50
    numbers = [int(delivery.body) for delivery in arriving]
    swapped = sum(a > b for a, b in pairwise(numbers))
    assert 5 < swapped < 100


async def test_what_is_under_way_follows_a_server_that_moves(
    endpoint: Endpoint, base_url: str
) -> None:
    waits = Waits()

    async def pace(seconds: float) -> None:
        await waits(seconds)
        if len(waits.seconds) == 2:
            courier.move(base_url)

    async with Courier("http://127.0.0.1:9", pace) as courier:
        courier.post([FACEBOOK])
        await courier.settle()
    assert len(endpoint.seen) == 1
    assert waits.seconds == [0, 2]
