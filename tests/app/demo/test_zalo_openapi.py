"""The simulated Zalo OpenAPI over real HTTP: sends, windows, uploads, tokens, reading back."""

import asyncio
import base64
import hashlib
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import FormData

from app.demo.apps import proof
from app.demo.faults import Refusal
from inbox.clock import FixedClock
from tests.simulated import APPS, OA, ZALO_USER, Simulated, simulated

SAMPLES = Path(__file__).parents[2] / "payloads" / "zalo_api"
GROUP, VISITOR = "c41e07d9a5b263f81d02", "a93f1c77d2504be8"


@pytest.fixture
async def zalo(clock: FixedClock) -> AsyncIterator[Simulated]:
    async with simulated(clock) as running:
        yield running


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def shape(value: Any) -> Any:
    """What is in a JSON value, without the values: keys and types."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__


def image_message(attachment_id: str) -> Any:
    element = {"media_type": "image", "attachment_id": attachment_id}
    payload = {"template_type": "media", "elements": [element]}
    return {"text": "Mẫu này ạ", "attachment": {"type": "template", "payload": payload}}


async def upload(zalo: Simulated, kind: str, name: str, size: int = 100) -> Any:
    form = FormData(quote_fields=False)
    form.add_field("file", io.BytesIO(b"x" * size), filename=name)
    return await zalo.zalo("POST", f"v2.0/oa/upload/{kind}", data=form)


async def send(zalo: Simulated, message: Any, to: str = ZALO_USER) -> Any:
    body = {"recipient": {"user_id": to}, "message": message}
    return await zalo.zalo("POST", "v3.0/oa/message/cs", json=body)


async def get(zalo: Simulated, path: str, **asked: Any) -> Any:
    return await zalo.zalo("GET", path, params={"data": json.dumps(asked)})


async def test_a_text_is_taken_told_as_an_echo_and_written_into_the_ledger(
    zalo: Simulated,
) -> None:
    answer = await zalo.zalo_send("Dạ còn size L ạ")
    assert shape(answer) == shape(sample("send_cs_ok_in_48h"))
    assert answer["data"]["quota"] == {"quota_type": "reply"}
    [body] = zalo.inbox.bodies
    assert body["event_name"] == "oa_send_text"
    assert body["sender"] == {"id": OA}
    assert body["message"] == {"msg_id": answer["data"]["message_id"], "text": "Dạ còn size L ạ"}
    [received] = zalo.platforms.ledger.received
    assert (received.customer_id, received.text) == (ZALO_USER, "Dạ còn size L ạ")
    assert received.platform_id == answer["data"]["message_id"]


async def test_the_price_grows_with_the_customers_silence(
    zalo: Simulated, clock: FixedClock
) -> None:
    zalo.platforms.zalo.tokens.lives = timedelta(days=10)
    zalo.platforms.zalo.tokens.revive(OA)
    clock.advance(timedelta(hours=48))
    assert (await zalo.zalo_send("miễn phí"))["data"]["quota"]["quota_type"] == "reply"
    clock.advance(timedelta(seconds=1))
    packaged = await zalo.zalo_send("trong gói")
    assert shape(packaged) == shape(sample("send_cs_ok_sub_quota"))
    assert packaged["data"]["quota"]["remain"] == "1999"
    zalo.platforms.zalo.messages.remaining[OA] = 0
    billed = await zalo.zalo_send("trả tiền")
    assert shape(billed) == shape(sample("send_cs_ok_billed_no_quota"))
    zalo.platforms.zalo.messages.billing = False
    assert (await zalo.zalo_send("không ai trả"))["error"] == -320
    clock.advance(timedelta(days=5))
    assert await zalo.zalo_send("quá tuần") == sample("send_cs_err_7d")
    zalo.platforms.customer_writes(OA, ZALO_USER, "Shop ơi")
    assert (await zalo.zalo_send("Dạ"))["error"] == 0


@pytest.mark.parametrize(
    ("message", "number"),
    [
        pytest.param({}, -201, id="empty"),
        pytest.param({"text": "x" * 2001}, -210, id="too long"),
        pytest.param({"text": "ế" * 2000}, 0, id="two thousand letters"),
        pytest.param({"text": "e\u0302\u0301" * 2000}, 0, id="decomposed letters count once"),
        pytest.param(
            {"attachment": {"type": "image", "payload": {"url": "https://a.vn/b.jpg"}}},
            -201,
            id="plain image",
        ),
        pytest.param(image_message("nobody's"), -100, id="upload of nobody"),
        pytest.param(
            {"attachment": {"type": "file", "payload": {"token": "nobody's"}}}, -100, id="no file"
        ),
        pytest.param(
            {
                "attachment": {
                    "type": "template",
                    "payload": {
                        "template_type": "media",
                        "elements": [{"media_type": "gif", "url": "https://a.vn/b.gif"}],
                    },
                }
            },
            -201,
            id="gif without size",
        ),
        pytest.param(
            {"attachment": {"type": "template", "payload": {"template_type": "poem"}}},
            -233,
            id="unknown template",
        ),
    ],
)
async def test_messages_are_taken_or_refused_by_their_content(
    zalo: Simulated, message: Any, number: int
) -> None:
    assert (await send(zalo, message))["error"] == number
    assert len(zalo.platforms.ledger.received) == (number == 0)


async def test_strangers_and_who_blocked_the_oa_are_refused(zalo: Simulated) -> None:
    assert (await zalo.zalo_send("Dạ", to="7000000000000000001"))["error"] == -201
    zalo.platforms.meet(OA, ZALO_USER).refuses = True
    assert (await zalo.zalo_send("Dạ"))["error"] == -244
    assert (await zalo.zalo("POST", "v2.0/oa/message", json={}))["error"] == -240


@pytest.mark.parametrize(
    "number",
    [
        -32,
        -200,
        -204,
        -209,
        -211,
        -213,
        -216,
        -217,
        -218,
        -220,
        -221,
        -223,
        -224,
        -227,
        -234,
        -235,
        -237,
        -240,
        -244,
        -248,
        -320,
        -321,
    ],
)
async def test_any_documented_error_can_be_provoked(zalo: Simulated, number: int) -> None:
    zalo.platforms.faults.script("send", Refusal(code=number))
    answer = await zalo.zalo_send("Dạ")
    assert answer.keys() == {"error", "message"}
    assert answer["error"] == number
    assert not zalo.platforms.ledger.received


async def test_an_image_is_uploaded_and_sent_by_its_id_for_seven_days(
    zalo: Simulated, clock: FixedClock
) -> None:
    uploaded = await upload(zalo, "image", "ao.png")
    assert shape(uploaded) == shape(sample("upload_image_ok"))
    message = image_message(uploaded["data"]["attachment_id"])
    assert (await send(zalo, message))["error"] == 0
    [body] = zalo.inbox.bodies
    assert body["event_name"] == "oa_send_image"
    [attachment] = body["message"]["attachments"]
    assert attachment["payload"].keys() == {"url", "thumbnail"}
    async with zalo.session.get(attachment["payload"]["url"]) as served:
        assert await served.read() == b"x" * 100
    clock.advance(timedelta(days=7))
    zalo.platforms.zalo.tokens.revive(OA)
    assert (await send(zalo, message))["error"] == -100


async def test_a_file_is_uploaded_and_sent_by_its_token(zalo: Simulated) -> None:
    uploaded = await upload(zalo, "file", "bảng giá.pdf")
    assert shape(uploaded) == shape(sample("upload_file_ok"))
    message = {"attachment": {"type": "file", "payload": uploaded["data"]}}
    assert (await send(zalo, message))["error"] == 0
    [body] = zalo.inbox.bodies
    assert body["event_name"] == "oa_send_file"
    payload = body["message"]["attachments"][0]["payload"]
    assert (payload["name"], payload["size"], payload["type"]) == ("bảng giá.pdf", "100", "pdf")
    [received] = zalo.platforms.ledger.received
    assert received.files[0].sha256 == hashlib.sha256(b"x" * 100).hexdigest()


@pytest.mark.parametrize(
    ("kind", "name", "size", "number"),
    [
        ("image", "a.png", 1024 * 1024 + 1, -210),
        ("image", "a.png", 1024 * 1024, 0),
        ("gif", "a.gif", 5 * 1024 * 1024 + 1, -210),
        ("file", "a.pdf", 5 * 1024 * 1024 + 1, -210),
        ("sound", "a.mp3", 10, -201),
    ],
)
async def test_uploads_have_limits(
    zalo: Simulated, kind: str, name: str, size: int, number: int
) -> None:
    assert (await upload(zalo, kind, name, size))["error"] == number


async def test_an_upload_with_another_extension_succeeds_with_nothing(zalo: Simulated) -> None:
    answer = await upload(zalo, "image", "ao.webp")
    assert (answer["error"], answer["data"]) == (0, {})


async def test_groups_and_visitors_are_written_to_where_they_wrote(zalo: Simulated) -> None:
    for customer_id in (GROUP, VISITOR):
        zalo.platforms.customer_writes(OA, customer_id)
    body = {"recipient": {"group_id": GROUP}, "message": {"text": "Chào cả nhà"}}
    assert (await zalo.zalo("POST", "v3.0/oa/group/message", json=body))["error"] == 0
    recipient = {"anonymous_id": VISITOR, "conversation_id": "b7e4d0c2199a5f63"}
    body = {"recipient": recipient, "message": {"text": "Dạ 8h ạ"}}
    assert (await zalo.zalo("POST", "v2.0/oa/message", json=body))["error"] == 0
    group, visitor = zalo.inbox.bodies
    assert (group["event_name"], group["recipient"]["id"]) == ("oa_send_group_text", GROUP)
    assert visitor["event_name"] == "oa_send_anonymous_text"
    assert visitor["message"]["conversation_id"] == "b7e4d0c2199a5f63"
    body = {"recipient": {"group_id": "nobody"}, "message": {"text": "x"}}
    assert (await zalo.zalo("POST", "v3.0/oa/group/message", json=body))["error"] == -403


async def test_a_quote_of_nobodys_message_is_left_out_without_a_word(zalo: Simulated) -> None:
    message_id = zalo.platforms.customer_writes(OA, ZALO_USER, "Còn ko shop")
    await zalo.zalo_send("Dạ còn", quote_message_id=message_id)
    await zalo.zalo_send("Dạ còn nữa", quote_message_id="our own id")
    assert [one.reply_to for one in zalo.platforms.ledger.received] == [message_id, None]


async def test_a_reaction_is_shown_and_told(zalo: Simulated) -> None:
    message_id = zalo.platforms.customer_writes(OA, ZALO_USER, "Cảm ơn shop")
    await zalo.platforms.settle()
    action = {"react_icon": "/-heart", "react_message_id": message_id}
    body = {"recipient": {"user_id": ZALO_USER}, "sender_action": action}
    assert (await zalo.zalo("POST", "v2.0/oa/message", json=body))["error"] == 0
    assert zalo.inbox.bodies[-1]["event_name"] == "oa_reacted_message"
    assert zalo.platforms.ledger.gestures[0].data["react_icon"] == "/-heart"


async def test_a_dead_token_is_told_apart_from_nobodys(zalo: Simulated, clock: FixedClock) -> None:
    assert await zalo.zalo("GET", "v2.0/oa/getoa", token="x") == sample("send_cs_err_token")
    clock.advance(timedelta(hours=25))
    expired = await zalo.zalo("GET", "v2.0/oa/getoa")
    assert expired == sample("send_cs_err_token_expired")
    right = {"appsecret_proof": proof(APPS.zalo_app_secret, zalo.oa_token)}
    await zalo.oauth(
        grant_type="refresh_token", refresh_token=zalo.platforms.zalo.tokens.pair(OA).refresh
    )
    assert (await zalo.zalo("GET", "v2.0/oa/getoa", headers=right))["error"] == -242
    right = {"appsecret_proof": proof(APPS.zalo_app_secret, zalo.oa_token)}
    answer = await zalo.zalo("GET", "v2.0/oa/getoa", headers=right)
    assert answer["data"]["oaid"] == OA


async def test_a_refresh_token_works_once_and_ends_the_old_access_token_at_once(
    zalo: Simulated,
) -> None:
    old = zalo.platforms.zalo.tokens.pair(OA)
    asked = {"grant_type": "refresh_token", "refresh_token": old.refresh}
    answers = await asyncio.gather(zalo.oauth(**asked), zalo.oauth(**asked))
    taken = [answer for answer in answers if "access_token" in answer]
    refused = [answer for answer in answers if "access_token" not in answer]
    assert [shape(one) for one in taken] == [shape(sample("oauth_token_ok"))]
    assert [shape(one) for one in refused] == [shape(sample("oauth_error_http200"))]
    assert taken[0]["expires_in"] == "90000"
    assert refused[0]["error"] == -14014
    assert (await zalo.zalo("GET", "v2.0/oa/getoa", token=old.access))["error"] == -220
    assert (await zalo.zalo("GET", "v2.0/oa/getoa"))["error"] == 0
    tokens = zalo.platforms.zalo.tokens
    assert (tokens.refreshes[OA], tokens.refused_refreshes[OA]) == (1, 1)


async def test_a_refresh_token_dies_after_three_months(zalo: Simulated, clock: FixedClock) -> None:
    clock.advance(timedelta(days=90))
    refresh = zalo.platforms.zalo.tokens.pair(OA).refresh
    answer = await zalo.oauth(grant_type="refresh_token", refresh_token=refresh)
    assert answer["error"] == -14014


async def test_consent_gives_a_code_that_works_once_with_its_verifier(zalo: Simulated) -> None:
    verifier = "v" * 43
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "app_id": APPS.zalo_app_id,
        "redirect_uri": "https://inbox.example/zalo",
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }
    url = f"{zalo.urls.oauth_url}/v4/oa/permission"
    codes = []
    for _ in range(2):
        async with zalo.session.get(url, params=asked) as answer:
            assert "Cho phép" in await answer.text()
        agreed = {**asked, "choice": OA, "decision": "allow"}
        async with zalo.session.post(url, data=agreed, allow_redirects=False) as answer:
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert (query["state"], query["oa_id"]) == (["s1"], [OA])
        codes.append(query["code"][0])
    exchange = {"grant_type": "authorization_code", "code_verifier": verifier}
    assert "access_token" in await zalo.oauth(**exchange, code=codes[0])
    assert (await zalo.oauth(**exchange, code=codes[0]))["error"] == -118
    wrong = {**exchange, "code_verifier": "w" * 43}
    assert (await zalo.oauth(**wrong, code=codes[1]))["error"] == -118
    zalo.platforms.zalo.tokens.callback = "https://inbox.example/other"
    async with zalo.session.get(url, params=asked) as answer:
        assert (await answer.json())["error"] == -14003


async def test_people_are_told_as_in_zalos_sample(zalo: Simulated) -> None:
    answer = await get(zalo, "v3.0/oa/user/detail", user_id=ZALO_USER)
    expected = shape(sample("user_detail_ok"))
    expected["data"]["tags_and_notes_info"]["tag_names"] = []
    assert shape(answer) == expected
    assert answer["data"]["display_name"] == "Lê Minh Châu"
    customer = zalo.platforms.meet(OA, ZALO_USER)
    customer.profile = "closed"
    assert (await get(zalo, "v3.0/oa/user/detail", user_id=ZALO_USER))["error"] == -213
    assert (await get(zalo, "v3.0/oa/user/detail", user_id="1"))["error"] == -201


async def test_recent_messages_are_read_back_with_the_ids_of_the_webhooks(
    zalo: Simulated, clock: FixedClock
) -> None:
    asked_id = zalo.platforms.customer_writes(OA, ZALO_USER, "Shop ơi")
    clock.advance(timedelta(seconds=3))
    sent = await zalo.zalo_send("Dạ")
    recent = await get(zalo, "v2.0/oa/listrecentchat", offset=0, count=10)
    assert shape(recent) == shape(sample("listrecentchat_ok"))
    ids = [(row["message_id"], row["src"]) for row in recent["data"]]
    assert ids == [(sent["data"]["message_id"], 0), (asked_id, 1)]
    whole = await get(zalo, "v2.0/oa/conversation", user_id=ZALO_USER, offset=0, count=10)
    assert whole["data"] == recent["data"]
    rest = await get(zalo, "v2.0/oa/conversation", user_id=ZALO_USER, offset=1, count=10)
    assert rest["data"] == recent["data"][1:]
    assert (await get(zalo, "v2.0/oa/listrecentchat", offset=0, count=11))["error"] == -201


async def test_quotas_are_told_as_in_zalos_samples(zalo: Simulated) -> None:
    path = "v3.0/oa/quota/message"
    of_user = await zalo.zalo("POST", path, json={"user_id": ZALO_USER})
    assert shape(of_user) == shape(sample("quota_user_ok"))
    of_oa = await zalo.zalo("POST", path, json={"quota_owner": "OA"})
    assert shape(of_oa) == shape(sample("quota_oa_ok"))


async def test_too_many_calls_in_a_minute_are_refused_until_the_next(
    zalo: Simulated, clock: FixedClock
) -> None:
    zalo.platforms.zalo.calls_per_minute = 2
    assert [(await zalo.zalo_send(text))["error"] for text in "abc"] == [0, 0, -32]
    clock.advance(timedelta(minutes=1))
    assert (await zalo.zalo_send("d"))["error"] == 0
    assert await zalo.zalo("GET", "v2.0/oa/getoa", token="x") == sample("send_cs_err_token")
