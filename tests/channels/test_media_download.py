"""Downloading media: from the platforms' hosts alone, never from inside, never without an end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from channels.config import MediaFetchConfig
from channels.media.client import MediaClient
from channels.media.hosts import HostRules
from inbox.addresses import is_public
from inbox.media.source import MediaGone, MediaRefused, MediaTooLarge, MediaUnavailable

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
MOST = 100_000
BRIEF = timedelta(milliseconds=150)


class Names(AbstractResolver):
    """Resolves every name to the addresses of the test, and counts."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for one in self.addresses
        ]

    async def close(self) -> None:
        return


@asynccontextmanager
async def serving(answer: Answer, **config: Any) -> AsyncIterator[tuple[MediaClient, str]]:
    """A simulated CDN on loopback, which the client is told of, and its address."""
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    async with TestServer(application, host="127.0.0.1") as server:
        settings = MediaFetchConfig(allow_hosts=[f"127.0.0.1:{server.port}"], **config)
        client = MediaClient(settings)
        try:
            yield client, str(server.make_url("/"))
        finally:
            await client.close()


async def download(client: MediaClient, url: str, *, most_bytes: int = MOST) -> bytes:
    async with client.fetch("facebook", url, most_bytes=most_bytes) as stream:
        return b"".join([chunk async for chunk in stream.chunks])


@asynccontextmanager
async def strict(*addresses: str) -> AsyncIterator[tuple[MediaClient, Names]]:
    """A client as in production, whose names lead to these addresses."""
    names = Names(*addresses)
    client = MediaClient(MediaFetchConfig(connect_timeout=BRIEF, timeout=BRIEF), resolver=names)
    try:
        yield client, names
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("http://scontent.xx.fbcdn.net/a.jpg", "not_https"),
        ("ftp://scontent.xx.fbcdn.net/a.jpg", "not_https"),
        ("file:///etc/passwd", "not_a_link"),
        ("https://127.0.0.1/a.jpg", "host"),
        ("https://10.0.0.7/a.jpg", "host"),
        ("https://169.254.169.254/latest/meta-data/", "host"),
        ("https://2130706433/a.jpg", "host"),
        ("https://0177.0.0.1/a.jpg", "host"),
        ("https://0x7f.1/a.jpg", "host"),
        ("https://127.1/a.jpg", "host"),
        ("https://[::1]/a.jpg", "host"),
        ("https://[::ffff:127.0.0.1]/a.jpg", "host"),
        ("https://[::ffff:7f00:1]/a.jpg", "host"),
        ("https://[64:ff9b::7f00:1]/a.jpg", "host"),
        ("https://[fe80::1%25eth0]/a.jpg", "host"),
        ("https://localhost/a.jpg", "host"),
        ("https://fbcdn.net.evil.example/a.jpg", "host"),
        ("https://evilfbcdn.net/a.jpg", "host"),
        ("https://f21-zpc.zdn.vn/a.jpg", "host"),  # Zalo's, in a message of Facebook
        ("https://scontent.xx.fbcdn.net@evil.example/a.jpg", "credentials"),
        ("https://user:word@scontent.xx.fbcdn.net/a.jpg", "credentials"),
        ("https://evil.example\\@scontent.xx.fbcdn.net/a.jpg", "not_a_link"),
        ("https://scontent.xx.fbcdn.net:8443/a.jpg", "port"),
        ("https://scontent.xx.fbcdn.net:99999/a.jpg", "not_a_link"),
        ("https://scontent.xx.fbcdn.net/a.jpg\r\nHost: evil", "not_a_link"),
        ("https:///a.jpg", "not_a_link"),
        ("", "not_a_link"),
        ("https://scontent.xx.fbcdn.net/" + "a" * 9000, "not_a_link"),
    ],
)
async def test_link_that_leads_elsewhere_is_refused_before_anything_is_sent(
    link: str, reason: str
) -> None:
    """X.INB.07: private IP target refused, however it is spelt; only the channel's hosts."""
    async with strict("127.0.0.1") as (client, names):
        with pytest.raises(MediaRefused) as refused:
            await download(client, link)

    assert refused.value.reason == reason
    assert names.asked == 0


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.9",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.0.8",
        "198.18.0.1",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
async def test_name_that_leads_to_an_address_inside_is_refused(address: str) -> None:
    """X.INB.07: private IP target refused, by the answer of the DNS."""
    async with strict("157.240.199.1", address) as (client, _):
        with pytest.raises(MediaRefused) as refused:
            await download(client, "https://scontent.xx.fbcdn.net/a.jpg")

    assert refused.value.reason == "address"


@pytest.mark.parametrize("address", ["157.240.199.1", "8.8.8.8", "2a03:2880:f12d::face:b00c"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "fbcdn.net", "2130706433", "127.1", "0x7f000001"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


async def test_name_is_resolved_once_for_the_check_and_the_connection() -> None:
    """X.INB.07: a name that leads inside at its second look gains nothing."""
    async with strict("203.0.113.0", "127.0.0.1") as (client, names):
        with pytest.raises(MediaRefused):
            await download(client, "https://cdn.fbsbx.com/a.jpg")

    assert names.asked == 1


async def test_bytes_come_as_they_are_with_the_declared_type() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert "Cookie" not in request.headers
        assert "Authorization" not in request.headers
        assert request.headers["Accept-Encoding"] == "identity"
        assert request.raw_path == "/x%2By/a.jpg?oh=%2B%7E&oe=6F+1"
        return web.Response(body=b"abc" * 1000, content_type="image/jpeg")

    async with (
        serving(answer) as (client, url),
        client.fetch("zalo", f"{url}x%2By/a.jpg?oh=%2B%7E&oe=6F+1#part", most_bytes=MOST) as stream,
    ):
        content = b"".join([chunk async for chunk in stream.chunks])

    assert content == b"abc" * 1000
    assert (stream.mime, stream.size) == ("image/jpeg", 3000)


def redirect(*places: str) -> Answer:
    """/0 leads to the first place, /1 to the second..."""

    async def answer(request: web.Request) -> web.Response:
        n = int(request.match_info["path"])
        if n < len(places):
            return web.Response(status=302, headers={"Location": places[n]})
        return web.Response(body=b"there")

    return answer


async def test_three_redirects_are_followed_and_no_fourth() -> None:
    async with serving(redirect("/1", "/2", "/3")) as (client, url):
        assert await download(client, f"{url}0") == b"there"
    async with serving(redirect("/1", "/2", "/3", "/4")) as (client, url):
        with pytest.raises(MediaRefused) as refused:
            await download(client, f"{url}0")
    assert refused.value.reason == "redirects"


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/a",
        "http://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/a",
        "//10.0.0.1/a",
        "https://evil.example/a",
        "http://scontent.xx.fbcdn.net/a.jpg",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "",
    ],
)
async def test_redirect_to_somewhere_else_is_refused(place: str) -> None:
    """X.INB.07: private IP target refused, by a redirect."""
    async with serving(redirect(place, place, place, place)) as (client, url):
        with pytest.raises(MediaRefused):
            await download(client, f"{url}0")


async def test_host_of_a_simulator_must_be_on_loopback() -> None:
    client = MediaClient(MediaFetchConfig(allow_hosts=["10.0.0.1:80"], connect_timeout=BRIEF))
    with pytest.raises(MediaRefused) as refused:
        await download(client, "http://10.0.0.1/a")
    await client.close()

    assert refused.value.reason == "address"


def test_only_the_exact_port_of_a_simulator_is_open() -> None:
    rules = HostRules(["127.0.0.1:9000"])

    assert rules.check("zalo", "http://127.0.0.1:9000/a").is_local
    for link in ("http://127.0.0.1:9001/a", "http://127.0.0.1/a", "http://localhost:9000/a"):
        with pytest.raises(MediaRefused):
            rules.check("zalo", link)


async def test_too_large_a_file_is_refused_before_it_is_read() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * (MOST + 1))

    async with serving(answer) as (client, url):
        with pytest.raises(MediaTooLarge):
            async with client.fetch("facebook", url, most_bytes=MOST):
                raise AssertionError("entered")


async def test_stream_without_an_end_is_cut_at_the_limit() -> None:
    """X.INB.07: endless stream."""
    ended = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 10_000)
        finally:
            ended.set()

    async with serving(answer) as (client, url):
        with pytest.raises(MediaTooLarge):
            await download(client, url)
        await asyncio.wait_for(ended.wait(), 10)


async def test_shorter_answer_than_announced_is_passing() -> None:
    """X.INB.07: wrong content-length; half a picture is never taken for a whole one."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b"x" * 100)
        assert request.transport is not None
        request.transport.close()
        return response

    async with serving(answer) as (client, url):
        with pytest.raises(MediaUnavailable):
            await download(client, url)


async def test_packed_answer_is_refused() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"\x1f\x8b" + b"\0" * 50, headers={"Content-Encoding": "gzip"})

    async with serving(answer) as (client, url):
        with pytest.raises(MediaRefused):
            await download(client, url)


async def test_stalled_download_is_cut_by_silence_and_a_dripping_one_by_the_total() -> None:
    """X.INB.07: a stalled download ends."""
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        while request.path == "/drip" and not over.is_set():
            await response.write(b"x")
            await asyncio.sleep(0.02)
        await over.wait()
        return response

    async with serving(answer, idle_timeout=BRIEF, timeout=4 * BRIEF) as (client, url):
        for path in ("stall", "drip"):
            with pytest.raises(MediaUnavailable):
                await download(client, url + path)
        over.set()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_link_that_has_ended_is_gone(status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with serving(answer) as (client, url):
        with pytest.raises(MediaGone):
            await download(client, url)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_platform_in_trouble_is_passing_and_says_when_to_come_again(status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    async with serving(answer) as (client, url):
        with pytest.raises(MediaUnavailable) as unavailable:
            await download(client, url)

    assert unavailable.value.retry_after_s == 7


async def test_reset_and_a_closed_port_are_passing() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(answer) as (client, url):
        with pytest.raises(MediaUnavailable):
            await download(client, url)
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    client = MediaClient(MediaFetchConfig(allow_hosts=[f"127.0.0.1:{port}"]))
    with pytest.raises(MediaUnavailable):
        await download(client, f"http://127.0.0.1:{port}/a")
    await client.close()


async def test_header_without_an_end_is_passing() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={f"X-{n}": "y" * 4000 for n in range(100)})

    async with serving(answer) as (client, url):
        with pytest.raises(MediaUnavailable):
            await download(client, url)


async def test_errors_never_tell_the_link() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=403, text="secret")

    async with serving(answer) as (client, url):
        with pytest.raises(MediaGone) as gone:
            await download(client, f"{url}secret?oh=secret")

    assert "secret" not in str(gone.value)


@pytest.mark.parametrize(
    "link",
    [
        "http://pictures.example/a.jpg",
        "https://pictures.example:8443/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://[::1]/a.jpg",
        "https://2130706433/a.jpg",
        "https://127.1/a.jpg",
        "https://localhost/a.jpg",
        "https://pictures.example/a.jpg",
        "https://user:word@pictures.example/a.jpg",
    ],
)
async def test_a_link_of_a_program_leads_to_any_public_host_and_to_nothing_inside(
    link: str,
) -> None:
    async with strict("127.0.0.1") as (client, _):
        with pytest.raises(MediaRefused):
            async with client.fetch_public(link, most_bytes=MOST):
                pass  # pragma: no cover


async def test_what_a_program_links_to_is_read() -> None:
    async with (
        serving(_small) as (client, url),
        client.fetch_public(url + "a.jpg", most_bytes=MOST) as stream,
    ):
        assert b"".join([chunk async for chunk in stream.chunks]) == b"small"


async def _small(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"small", content_type="image/jpeg")
