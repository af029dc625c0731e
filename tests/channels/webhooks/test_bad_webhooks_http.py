"""What is not a good webhook, over HTTP: the right status, kept or not, and never an error."""

import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.ingest import FACEBOOK_PAGE, ZALO_OA, connect_accounts, facebook_message
from tests.service import WebhookService, webhook_service
from tests.waiting import until
from tests.webhook_signing import FACEBOOK_VERIFY_TOKEN, SECRETS, ZALO_APP_ID, signed

T0 = 1_789_612_000_000
FACEBOOK_BODY = json.dumps(facebook_message("Alo", mid="m_1", at=T0)).encode()
ZALO_BODY = json.dumps(
    {
        "app_id": ZALO_APP_ID,
        "event_name": "user_send_text",
        "timestamp": str(T0),
        "sender": {"id": "42"},
        "recipient": {"id": ZALO_OA},
        "message": {"msg_id": "z_1", "text": "Alo"},
    }
).encode()
BODIES = {"facebook": FACEBOOK_BODY, "zalo": ZALO_BODY}

Serve = Callable[..., AbstractAsyncContextManager[WebhookService]]


@pytest.fixture
def serve(mongo: Mongo, mongo_uri: str, clock: FixedClock, tmp_path: Path) -> Serve:
    """Starts a service on the database of the test, with other secrets or settings if wished."""

    def start(**options: Any) -> AbstractAsyncContextManager[WebhookService]:
        return webhook_service(Mongo.connect(mongo_uri, mongo.db.name), clock, tmp_path, **options)

    return start


@pytest.fixture
async def service(serve: Serve, mongo: Mongo) -> AsyncIterator[WebhookService]:
    await connect_accounts(mongo)
    async with serve() as running:
        yield running


async def kept(mongo: Mongo) -> int:
    return await mongo["webhook_journal"].count_documents({})


def forged(body: bytes) -> str:
    return hmac.digest(b"another secret", body, "sha256").hex()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no signature"),
        pytest.param({"X-Hub-Signature-256": ""}, id="empty"),
        pytest.param({"X-Hub-Signature-256": f"sha256={forged(FACEBOOK_BODY)}"}, id="other secret"),
        pytest.param(signed("facebook", FACEBOOK_BODY + b" "), id="other body"),
        pytest.param({"X-Hub-Signature": "sha1=0"}, id="the older header"),
        pytest.param(signed("zalo", ZALO_BODY), id="another channel's"),
    ],
)
async def test_a_wrong_facebook_signature_is_401_and_nothing_is_kept(
    service: WebhookService, mongo: Mongo, headers: dict[str, str]
) -> None:
    assert await service.post("facebook", FACEBOOK_BODY, headers) == 401
    assert await kept(mongo) == 0


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(ZALO_BODY, {}, id="no signature"),
        pytest.param(ZALO_BODY, {"X-ZEvent-Signature": "mac=" + "0" * 64}, id="wrong"),
        pytest.param(
            ZALO_BODY,
            {"X-ZEvent-Signature": hashlib.sha256(ZALO_BODY).hexdigest()},
            id="a bare hash",
        ),
        pytest.param(b"not json", {"X-ZEvent-Signature": "mac=" + "0" * 64}, id="no JSON"),
        pytest.param(
            ZALO_BODY.replace(ZALO_APP_ID.encode(), b"1"),
            signed("zalo", ZALO_BODY),
            id="another app",
        ),
    ],
)
async def test_a_wrong_zalo_signature_is_401_and_nothing_is_kept(
    service: WebhookService, mongo: Mongo, body: bytes, headers: dict[str, str]
) -> None:
    assert await service.post("zalo", body, headers) == 401
    assert await kept(mongo) == 0


@pytest.mark.parametrize("channel", ["facebook", "zalo"])
async def test_a_good_webhook_is_200_and_applied(
    service: WebhookService, mongo: Mongo, channel: str
) -> None:
    assert await service.post(channel, BODIES[channel]) == 200
    await until(lambda: _has_messages(mongo, 1))


def _zalo(**fields: Any) -> bytes:
    return json.dumps({"app_id": ZALO_APP_ID, "timestamp": str(T0), **fields}).encode()


@pytest.mark.parametrize(
    ("channel", "body"),
    [
        pytest.param("facebook", b"{nope", id="no JSON"),
        pytest.param("facebook", b"", id="empty"),
        pytest.param("facebook", b"\xff\xfe\x00", id="no UTF-8"),
        pytest.param("facebook", b"[]", id="a list"),
        pytest.param("facebook", b"[" * 100_000, id="nested without end"),
        pytest.param("facebook", b'{"object": "page"}', id="no entries"),
        pytest.param("zalo", _zalo(), id="no event name"),
    ],
)
async def test_a_signed_body_that_makes_no_sense_is_200_kept_and_parked(
    service: WebhookService, mongo: Mongo, channel: str, body: bytes
) -> None:
    with capture_logs() as logs:
        assert await service.post(channel, body) == 200
        await until(lambda: _has_parked(mongo, 1))

    [parked] = await service.service.entries.list_parked(after=None, limit=10)
    assert parked["parked"]["reason"] == "malformed_body"
    entry = await mongo["webhook_journal"].find_one({"_id": parked["_id"]})
    assert entry is not None
    assert entry["body"] == body
    assert [line for line in logs if line["log_level"] in ("error", "critical")] == []


@pytest.mark.parametrize("channel", ["facebook", "zalo"])
async def test_a_body_of_ten_megabytes_is_413_and_nothing_is_kept(
    service: WebhookService, mongo: Mongo, channel: str
) -> None:
    whole = io.BytesIO(b" " * (10 * 1024 * 1024))
    async with service.client.post(f"/webhooks/{channel}", data=whole) as answer:
        assert answer.status == 413

    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * (1024 * 1024)

    async with service.client.post(f"/webhooks/{channel}", data=in_pieces()) as answer:
        assert answer.status == 413
    assert await kept(mongo) == 0
    assert await service.post(channel, BODIES[channel]) == 200


async def test_facebook_without_a_secret_is_403_and_nothing_is_kept(
    serve: Serve, mongo: Mongo
) -> None:
    async with serve(secrets=_without("CHANNELS__FACEBOOK__APP_SECRETS")) as service:
        assert await service.post("facebook", FACEBOOK_BODY) == 403
        assert await service.post("facebook", FACEBOOK_BODY, {}) == 403
        empty = hmac.digest(b"", FACEBOOK_BODY, "sha256").hex()
        headers = {"X-Hub-Signature-256": f"sha256={empty}"}
        assert await service.post("facebook", FACEBOOK_BODY, headers) == 403
    assert await kept(mongo) == 0


async def test_zalo_being_set_up_is_200_and_nothing_is_kept(serve: Serve, mongo: Mongo) -> None:
    async with serve(secrets=_without("CHANNELS__ZALO__OA_SECRET_KEYS")) as service:
        assert await service.post("zalo", ZALO_BODY) == 200
        assert await service.post("zalo", b"anything", {}) == 200
    assert await kept(mongo) == 0


@pytest.mark.parametrize("place", ["newest", "older"])
async def test_every_configured_secret_is_accepted(serve: Serve, mongo: Mongo, place: str) -> None:
    names = ("CHANNELS__FACEBOOK__APP_SECRETS", "CHANNELS__ZALO__OA_SECRET_KEYS")
    ours = {name: SECRETS[name] for name in names}
    both = {
        name: f"{secret},the other one" if place == "newest" else f"the other one,{secret}"
        for name, secret in ours.items()
    }
    async with serve(secrets={**SECRETS, **both}) as service:
        assert await service.post("facebook", FACEBOOK_BODY) == 200
        assert await service.post("zalo", ZALO_BODY) == 200
    assert await kept(mongo) == 2


async def test_the_handshake_of_meta_answers_its_challenge_to_the_right_word_only(
    service: WebhookService,
) -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": FACEBOOK_VERIFY_TOKEN,
        "hub.challenge": "1158201444<b>",
    }
    async with service.client.get("/webhooks/facebook", params=query) as answer:
        assert (answer.status, await answer.text()) == (200, "1158201444<b>")
        assert answer.content_type == "text/plain"
    for wrong in ({"hub.verify_token": "guess"}, {"hub.mode": "unsubscribe"}):
        async with service.client.get("/webhooks/facebook", params=query | wrong) as answer:
            assert answer.status == 403
    async with service.client.get("/webhooks/facebook") as answer:
        assert answer.status == 403
    async with service.client.get("/webhooks/zalo") as answer:
        assert answer.status == 200


async def test_the_domain_page_of_zalo_shows_our_codes_and_any_while_being_set_up(
    serve: Serve,
) -> None:
    codes = {"channels.zalo.domain_codes": ["OurCode-1"]}
    async with serve(overrides=codes) as service:
        status, page = await _domain_page(service, "OurCode-1")
        assert status == 200
        assert '<meta property="zalo-platform-site-verification" content="OurCode-1" />' in page
        assert (await _domain_page(service, "Another"))[0] == 404

    async with serve(secrets=_without("CHANNELS__ZALO__OA_SECRET_KEYS")) as service:
        assert (await _domain_page(service, "Another"))[0] == 200
        assert (await _domain_page(service, "%22%3E%3Cscript%3E"))[0] == 404


async def _domain_page(service: WebhookService, code: str) -> tuple[int, str]:
    async with service.client.get(f"/zalo_verifier{code}.html") as answer:
        return answer.status, await answer.text()


def _without(name: str) -> dict[str, str]:
    return {key: value for key, value in SECRETS.items() if key != name}


async def _has_messages(mongo: Mongo, count: int) -> bool:
    return await mongo["messages"].count_documents({"at": {"$exists": True}}) == count


async def _has_parked(mongo: Mongo, count: int) -> bool:
    return await mongo["webhook_journal"].count_documents({"parked": {"$exists": True}}) == count


def test_the_good_bodies_speak_of_connected_accounts() -> None:
    assert FACEBOOK_PAGE.encode() in FACEBOOK_BODY
    assert ZALO_OA.encode() in ZALO_BODY
