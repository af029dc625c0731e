"""Only proxies that we trust say who a request came from, and how; nobody else is believed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from inbox.clock import FixedClock
from inbox.http.application import build_application
from inbox.http.proxies import PROXIES, TrustedProxies, trusting
from inbox.mongo.client import Mongo
from inbox.staff.passwords import Passwords
from tests.staff_api import PASSWORD, Client, StaffApi, staff_api

OURS = trusting([ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("fd00::/8")])
NOBODY = TrustedProxies()


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        pytest.param("203.0.113.9", "1.1.1.1", "203.0.113.9", id="a stranger lies"),
        pytest.param("203.0.113.9", "10.0.0.1", "203.0.113.9", id="a stranger plays our proxy"),
        pytest.param("10.0.0.1", "203.0.113.9", "203.0.113.9", id="one proxy"),
        pytest.param(
            "10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9", id="a lie before the truth"
        ),
        pytest.param(
            "10.0.0.1", "10.0.0.7, 203.0.113.9", "203.0.113.9", id="a lie that is trusted"
        ),
        pytest.param("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9", id="two proxies"),
        pytest.param("10.0.0.1", "10.0.0.9", "10.0.0.9", id="somebody inside"),
        pytest.param("10.0.0.1", "", "10.0.0.1", id="around the proxy"),
        pytest.param("10.0.0.1", "<script>", "10.0.0.1", id="no address"),
        pytest.param("10.0.0.1", "evil, unknown", "10.0.0.1", id="proxy that hides"),
        pytest.param("10.0.0.1", "203.0.113.9:4711", "203.0.113.9", id="with a port"),
        pytest.param("fd00::1", "[2001:db8::5]:4711", "2001:db8::5", id="IPv6 with a port"),
        pytest.param("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9", id="IPv4 in IPv6"),
    ],
)
def test_address_is_the_nearest_that_no_proxy_of_ours_has(
    peer: str, forwarded: str, seen: str
) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)

    assert OURS.client_address(request) == seen


@pytest.mark.parametrize(
    ("proxies", "https", "host"),
    [
        pytest.param(OURS, True, "chat.shop.vn", id="trusted"),
        pytest.param(NOBODY, False, "inside:8080", id="not trusted"),
    ],
)
def test_scheme_and_host_are_taken_from_a_trusted_proxy_alone(
    proxies: TrustedProxies, https: bool, host: str
) -> None:
    headers = {
        "Host": "inside:8080",
        "X-Forwarded-Proto": "http, https",
        "X-Forwarded-Host": "evil.example, chat.shop.vn",
    }
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="10.0.0.1")

    assert proxies.is_https(request) is https
    assert proxies.host(request) == host


@dataclass
class Door:
    """The real staff API on loopback, whose peer is 127.0.0.1."""

    client: Client
    api: StaffApi

    async def sign_in(self, password: str = PASSWORD, **headers: str) -> tuple[int, str]:
        """Status, and the Set-Cookie header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(
            "/api/v1/session", json={"email": "lan@shop.vn", "password": password}, headers=named
        ) as answer:
            return answer.status, answer.headers.get("Set-Cookie", "")


@pytest.fixture(params=[True, False], ids=["trusted", "not trusted"])
async def trusted(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
async def door(mongo: Mongo, clock: FixedClock, trusted: bool) -> AsyncIterator[Door]:
    passwords = Passwords()
    api = staff_api(mongo, clock, passwords)
    await api.hire("lan", "owner")
    proxies = OURS if trusted else NOBODY
    application = build_application(api.tables, api.authenticator, static=None)
    application[PROXIES] = proxies
    async with TestClient(TestServer(application, host="127.0.0.1")) as client:
        yield Door(client, api)
    passwords.close()


async def test_cookie_is_secure_where_the_trusted_proxy_speaks_https(
    door: Door, trusted: bool
) -> None:
    status, cookie = await door.sign_in(X_Forwarded_Proto="https")

    assert status == 200
    assert ("Secure" in cookie) is trusted


async def test_tries_of_one_peer_are_counted_together_unless_a_trusted_proxy_tells_them_apart(
    door: Door, trusted: bool
) -> None:
    for number in range(5):
        status, _ = await door.sign_in("wrong", X_Forwarded_For=f"203.0.113.{number}")
        assert status == 401

    status, _ = await door.sign_in(X_Forwarded_For="203.0.113.77")

    assert status == (200 if trusted else 429)


async def test_origin_is_compared_with_the_host_that_the_trusted_proxy_tells(
    door: Door, trusted: bool
) -> None:
    status, _ = await door.sign_in(
        Origin="https://chat.shop.vn", X_Forwarded_Host="chat.shop.vn", X_Forwarded_Proto="https"
    )

    assert status == (200 if trusted else 403)


async def test_audit_log_says_where_a_change_came_from(door: Door, trusted: bool) -> None:
    _, cookie = await door.sign_in()
    token = (await (await door.client.get("/api/v1/me")).json())["csrf_token"]
    headers = {"X-CSRF-Token": token, "X-Forwarded-For": "203.0.113.9"}

    made = {"name": "máy in", "scopes": ["read"]}
    async with door.client.post("/api/v1/tokens", json=made, headers=headers) as answer:
        assert answer.status == 201
    entries = (await (await door.client.get("/api/v1/audit")).json())["items"]

    assert cookie
    assert entries[0]["action"] == "token_created"
    assert entries[0]["address"] == ("203.0.113.9" if trusted else "127.0.0.1")
