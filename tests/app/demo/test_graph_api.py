"""The simulated Graph API over real HTTP: sends, errors, windows, tokens, reading back."""

import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import FormData

from app.demo.accounts import FACEBOOK_PAGE
from app.demo.apps import proof
from app.demo.facebook import delivery
from app.demo.faults import Refusal
from app.demo.media import media_content
from inbox.clock import FixedClock
from tests.simulated import APPS, INSTAGRAM, PAGE, PSID, Simulated, simulated


@pytest.fixture
async def meta(clock: FixedClock) -> AsyncIterator[Simulated]:
    async with simulated(clock) as running:
        yield running


def error_of(answer: Any) -> tuple[int, int | None]:
    error = answer["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= error.keys()
    return error["code"], error.get("error_subcode")


async def upload(meta: Simulated, kind: str, name: str, mime: str, content: bytes) -> Any:
    form = FormData()
    form.add_field("recipient", json.dumps({"id": PSID}))
    message = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
    form.add_field("message", json.dumps(message))
    form.add_field("filedata", io.BytesIO(content), filename=name, content_type=mime)
    return await meta.graph("POST", "me/messages", data=form)


async def comment(meta: Simulated, comment_id: str = "122_900") -> str:
    """A customer comments under a post of the page."""
    value = {
        "from": {"id": "5500000000000001", "name": "Lê Minh Châu"},
        "post_id": f"{PAGE}_122",
        "comment_id": comment_id,
        "created_time": 1,
        "item": "comment",
        "parent_id": f"{PAGE}_122",
        "verb": "add",
        "message": "còn size L ko shop",
    }
    changes = [{"field": "feed", "value": value}]
    seconds = int(meta.clock.now().timestamp())
    entry = {"id": PAGE, "time": seconds, "changes": changes}
    meta.platforms.webhooks.post([delivery(FACEBOOK_PAGE, [entry], APPS.facebook_app_secret)])
    await meta.platforms.settle()
    return comment_id


async def test_a_text_is_taken_told_as_an_echo_and_written_into_the_ledger(
    meta: Simulated,
) -> None:
    status, answer = await meta.send("Dạ còn ạ 🥰", message={"metadata": "out:1"})
    assert status == 200
    assert answer == {"recipient_id": PSID, "message_id": answer["message_id"]}
    assert answer["message_id"].startswith("m_")
    [echo] = meta.inbox.of("echo")
    assert echo.message_id == answer["message_id"]
    assert echo.text == "Dạ còn ạ 🥰"
    assert meta.inbox.bodies[0]["entry"][0]["messaging"][0]["message"]["metadata"] == "out:1"
    [received] = meta.platforms.ledger.received
    assert (received.customer_id, received.text, received.reference) == (
        PSID,
        "Dạ còn ạ 🥰",
        "out:1",
    )
    assert received.platform_id == answer["message_id"]


async def test_an_echo_is_shaped_as_metas_sample(meta: Simulated) -> None:
    sample = json.loads(
        '{"mid":"","is_echo":true,"app_id":1184530992247716,"metadata":"","text":""}'
    )
    await meta.send("Dạ", message={"metadata": "x"})
    [body] = meta.inbox.bodies
    [element] = body["entry"][0]["messaging"]
    assert element["message"].keys() == sample.keys()
    assert type(element["message"]["app_id"]) is int
    assert element["sender"] == {"id": PAGE}
    assert element["recipient"] == {"id": PSID}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"recipient": None}, (100, None), id="no recipient"),
        pytest.param({"recipient": {"id": "1"}}, (100, 2018001), id="stranger"),
        pytest.param({"message": {}}, (100, None), id="nothing to say"),
        pytest.param({"message": {"text": " "}}, (100, None), id="blank"),
        pytest.param({"message": {"text": "x" * 2001}}, (100, None), id="too long"),
        pytest.param({"message": {"text": "🥰" * 1001}}, (100, None), id="UTF-16 counts"),
        pytest.param(
            {"message": {"text": "x", "metadata": "x" * 1001}}, (100, None), id="metadata"
        ),
        pytest.param({"messaging_type": "NOW"}, (100, None), id="type"),
        pytest.param(
            {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, None), id="dead tag"
        ),
        pytest.param({"messaging_type": "UTILITY"}, (200, None), id="no permission"),
        pytest.param(
            {
                "message": {
                    "text": "x",
                    "quick_replies": [{"content_type": "text", "title": "y"}] * 14,
                }
            },
            (100, None),
            id="quick replies",
        ),
        pytest.param(
            {"message": {"attachment": {"type": "image", "payload": {"url": "/x"}}}},
            (100, 2018008),
            id="no address",
        ),
        pytest.param(
            {"message": {"attachment": {"type": "image", "payload": {"attachment_id": "1"}}}},
            (100, 2018074),
            id="attachment of nobody",
        ),
        pytest.param(
            {"message": {"attachment": {"type": "sound", "payload": {"url": "https://a.vn/b"}}}},
            (100, 2018047),
            id="kind",
        ),
        pytest.param({"sender_action": "dance"}, (100, None), id="action"),
    ],
)
async def test_wrong_sends_are_refused_with_metas_code(
    meta: Simulated, body: dict[str, Any], code: tuple[int, int | None]
) -> None:
    whole = {"recipient": {"id": PSID}, "message": {"text": "x"}, **body}
    status, answer = await meta.graph("POST", f"{PAGE}/messages", json=whole)
    assert status == 400
    assert error_of(answer) == code
    assert not meta.platforms.ledger.received
    assert not meta.inbox.events


async def test_the_window_closes_after_a_day_and_for_people_after_a_week(
    meta: Simulated, clock: FixedClock
) -> None:
    human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    clock.advance(timedelta(hours=24))
    assert (await meta.send("còn kịp"))[0] == 200
    clock.advance(timedelta(seconds=1))
    status, answer = await meta.send("trễ rồi")
    assert (status, error_of(answer)) == (400, (10, 2018278))
    assert (await meta.send("người thật", **human))[0] == 200
    clock.advance(timedelta(days=6))
    assert error_of((await meta.send("quá tuần", **human))[1]) == (10, 2018278)
    meta.platforms.customer_writes(PAGE, PSID, "Shop ơi")
    assert (await meta.send("Dạ"))[0] == 200


async def test_who_blocked_the_page_is_not_available(meta: Simulated) -> None:
    meta.platforms.meet(PAGE, PSID).refuses = True
    assert error_of((await meta.send("Dạ"))[1]) == (551, 1545041)


@pytest.mark.parametrize(
    ("code", "subcode", "status"),
    [
        (1, None, 500),
        (1, 1357046, 500),
        (2, None, 500),
        (4, None, 403),
        (10, 2018108, 400),
        (190, 459, 401),
        (200, None, 400),
        (368, None, 400),
        (551, None, 400),
        (613, None, 403),
        (2022, None, 400),
        (80006, None, 403),
    ],
)
async def test_any_documented_error_can_be_provoked(
    meta: Simulated, code: int, subcode: int | None, status: int
) -> None:
    meta.platforms.faults.script("send", Refusal(code=code, subcode=subcode))
    got, answer = await meta.send("Dạ")
    assert (got, error_of(answer)) == (status, (code, subcode))
    assert not meta.platforms.ledger.received
    assert (await meta.send("Dạ"))[0] == 200


async def test_a_file_is_uploaded_with_the_message_and_once_more_by_its_id(
    meta: Simulated,
) -> None:
    content = media_content("ao.png")
    status, answer = await upload(meta, "image", "áo khoác.png", "image/png", content)
    assert status == 200
    attachment = {"type": "image", "payload": {"attachment_id": answer["attachment_id"]}}
    body = {"recipient": {"id": PSID}, "message": {"attachment": attachment}}
    assert (await meta.graph("POST", f"{PAGE}/messages", json=body))[0] == 200
    one, other = meta.platforms.ledger.received
    assert one.files == other.files
    assert one.files[0].size == len(content)
    [file] = meta.inbox.of("echo")[0].attachments
    async with meta.session.get(file.url) as served:
        assert await served.read() == content


@pytest.mark.parametrize(
    ("kind", "mime", "size", "subcode"),
    [
        ("audio", "video/mp4", 10, 2018047),
        ("image", "image/png", 9 * 1024 * 1024, 2018109),
        ("file", "application/pdf", 26 * 1024 * 1024, 2018109),
    ],
)
async def test_files_beyond_the_limits_are_refused(
    meta: Simulated, kind: str, mime: str, size: int, subcode: int
) -> None:
    status, answer = await upload(meta, kind, "x", mime, bytes(size))
    assert (status, error_of(answer)) == (400, (100, subcode))


async def test_an_uploaded_attachment_belongs_to_its_page_for_ninety_days(
    meta: Simulated, clock: FixedClock
) -> None:
    form = FormData()
    form.add_field("message", json.dumps({"attachment": {"type": "file", "payload": {}}}))
    form.add_field("filedata", b"%PDF", filename="a.pdf", content_type="application/pdf")
    _, answer = await meta.graph("POST", f"{PAGE}/message_attachments", data=form)
    assert answer.keys() == {"attachment_id"}
    clock.advance(timedelta(days=90))
    meta.platforms.customer_writes(PAGE, PSID)
    attachment = {"type": "file", "payload": answer}
    body = {"recipient": {"id": PSID}, "message": {"attachment": attachment}}
    _, refused = await meta.graph("POST", f"{PAGE}/messages", json=body)
    assert error_of(refused) == (100, 2018074)


async def test_sender_actions_are_seen_and_are_no_messages(meta: Simulated) -> None:
    for action in ("typing_on", "mark_seen"):
        body = {"recipient": {"id": PSID}, "sender_action": action}
        assert await meta.graph("POST", f"{PAGE}/messages", json=body) == (
            200,
            {"recipient_id": PSID},
        )
    assert [one.name for one in meta.platforms.ledger.gestures] == ["typing_on", "mark_seen"]
    assert not meta.platforms.ledger.received


async def test_instagram_is_written_to_through_its_page_and_echoes_under_its_own_id(
    meta: Simulated,
) -> None:
    meta.platforms.meet(INSTAGRAM, "991")
    meta.platforms.customer_writes(INSTAGRAM, "991")
    status, _ = await meta.send("Dạ có ạ", to="991")
    assert status == 200
    assert error_of((await meta.send("ạ" * 400, to="991"))[1]) == (100, 2534038)
    [body] = meta.inbox.bodies
    assert body["object"] == "instagram"
    assert body["entry"][0]["id"] == INSTAGRAM
    assert "app_id" not in body["entry"][0]["messaging"][0]["message"]


async def test_a_dead_page_token_is_refused_until_the_next_login_gives_a_new_one(
    meta: Simulated,
) -> None:
    old = meta.page_token
    pages = meta.platforms.graph.pages
    pages.kill(PAGE, 460)
    status, answer = await meta.graph("GET", "me", token=old)
    assert (status, error_of(answer)) == (401, (190, 460))
    assert error_of((await meta.graph("GET", "me", token="EAAnobody"))[1]) == (190, None)
    assert error_of((await meta.graph("GET", "me", token=""))[1]) == (2500, None)
    [account] = pages.accounts()
    assert account["access_token"] != old
    _, told = await meta.graph("GET", "me", token=account["access_token"])
    assert told["id"] == PAGE
    assert error_of((await meta.graph("GET", "me", token=old))[1]) == (190, 460)


async def test_a_wrong_proof_is_refused_and_a_missing_one_where_it_is_required(
    meta: Simulated,
) -> None:
    token = meta.page_token
    right = {"appsecret_proof": proof(APPS.facebook_app_secret, token)}
    assert (await meta.graph("GET", "me", params=right))[0] == 200
    _, answer = await meta.graph("GET", "me", params={"appsecret_proof": "00"})
    assert "appsecret_proof" in answer["error"]["message"]
    meta.platforms.graph.pages.proof_required = True
    status, answer = await meta.graph("GET", "me")
    assert (status, error_of(answer)) == (400, (100, None))


async def test_login_gives_a_code_that_works_once_and_leads_to_page_tokens(
    meta: Simulated,
) -> None:
    back = "https://inbox.example/callback"
    url = f"{meta.urls.graph_url}/v26.0/dialog/oauth"
    asked = {"client_id": APPS.facebook_app_id, "redirect_uri": back, "state": "s1"}
    async with meta.session.get(url, params=asked) as answer:
        assert "Cho phép" in await answer.text()
    agreed = {**asked, "choice": PAGE, "decision": "allow"}
    async with meta.session.post(url, data=agreed, allow_redirects=False) as answer:
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["s1"]
    app = {"client_id": APPS.facebook_app_id, "client_secret": APPS.facebook_app_secret}
    exchange = {**app, "redirect_uri": back, "code": query["code"][0]}
    _, short = await meta.graph("GET", "oauth/access_token", token="", params=exchange)
    assert error_of(
        (await meta.graph("GET", "oauth/access_token", token="", params=exchange))[1]
    ) == (100, 36009)
    longer = {
        **app,
        "grant_type": "fb_exchange_token",
        "fb_exchange_token": short["access_token"],
    }
    _, long = await meta.graph("GET", "oauth/access_token", token="", params=longer)
    assert long["expires_in"] > short["expires_in"]
    _, accounts = await meta.graph("GET", "me/accounts", token=long["access_token"])
    [page] = accounts["data"]
    assert page["id"] == PAGE
    app_token = f"{APPS.facebook_app_id}|{APPS.facebook_app_secret}"
    asked = {"input_token": page["access_token"]}
    _, told = await meta.graph("GET", "debug_token", token=app_token, params=asked)
    assert told["data"]["is_valid"] is True
    meta.platforms.graph.pages.kill(PAGE)
    _, told = await meta.graph("GET", "debug_token", token=app_token, params=asked)
    assert told["data"]["is_valid"] is False
    assert told["data"]["error"]["code"] == 190


async def test_an_unsubscribed_page_tells_nothing_but_can_be_read(meta: Simulated) -> None:
    path = f"{PAGE}/subscribed_apps"
    _, before = await meta.graph("GET", path)
    assert before["data"][0]["id"] == APPS.facebook_app_id
    assert (await meta.graph("DELETE", path)) == (200, {"success": True})
    assert (await meta.graph("GET", path))[1] == {"data": []}
    _, sent = await meta.send("không ai nghe")
    assert not meta.inbox.events
    _, found = await meta.graph("GET", sent["message_id"], params={"fields": "message"})
    assert found == {"id": sent["message_id"], "message": "không ai nghe"}
    fields = {"subscribed_fields": "messages,messaging_seen"}
    status, answer = await meta.graph("POST", path, params=fields)
    assert (status, error_of(answer)) == (400, (100, None))
    assert "messaging_seen" in answer["error"]["message"]
    assert (await meta.graph("POST", path, params={"subscribed_fields": "messages,feed"}))[0] == 200
    assert (await meta.graph("GET", path))[1]["data"][0]["subscribed_fields"] == [
        "messages",
        "feed",
    ]


async def test_conversations_are_read_back_with_the_ids_of_the_webhooks(
    meta: Simulated, clock: FixedClock
) -> None:
    asked_id = meta.platforms.customer_writes(PAGE, PSID, "Còn size L ko shop")
    clock.advance(timedelta(seconds=3))
    _, sent = await meta.send("Dạ còn ạ")
    fields = "id,updated_time,participants,messages.limit(20){id,created_time,from,to,message}"
    params = {"platform": "messenger", "user_id": PSID, "fields": fields}
    _, told = await meta.graph("GET", f"{PAGE}/conversations", params=params)
    [conversation] = told["data"]
    assert conversation["participants"]["data"][0] == {"id": PSID, "name": "Lê Minh Châu"}
    newest, oldest = conversation["messages"]["data"]
    assert newest == {
        "id": sent["message_id"],
        "created_time": clock.now().strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "from": {"id": PAGE, "name": "Áo Khoác An Nhiên"},
        "to": {"data": [{"id": PSID, "name": "Lê Minh Châu"}]},
        "message": "Dạ còn ạ",
    }
    assert (oldest["id"], oldest["from"]["id"]) == (asked_id, PSID)


async def test_only_the_twenty_newest_messages_can_be_read(
    meta: Simulated, clock: FixedClock
) -> None:
    ids = []
    for number in range(25):
        clock.advance(timedelta(seconds=1))
        ids.append(meta.platforms.customer_writes(PAGE, PSID, f"tin {number}"))
    _, conversations = await meta.graph("GET", f"{PAGE}/conversations")
    path = f"{conversations['data'][0]['id']}/messages"
    fields = {"fields": "id,message", "limit": "15"}
    _, first = await meta.graph("GET", path, params=fields)
    after = {"after": first["paging"]["cursors"]["after"]}
    _, second = await meta.graph("GET", path, params=fields | after)
    rows = first["data"] + second["data"]
    assert [row["id"] for row in rows] == ids[::-1]
    assert ["message" in row for row in rows] == [True] * 20 + [False] * 5
    assert error_of((await meta.graph("GET", ids[0]))[1]) == (9000001, None)


async def test_profiles_are_told_refused_and_sometimes_late(meta: Simulated) -> None:
    fields = {"fields": "id,name,first_name,last_name,profile_pic"}
    _, told = await meta.graph("GET", PSID, params=fields)
    assert told.keys() == set(fields["fields"].split(","))
    assert told["name"] == "Lê Minh Châu"
    async with meta.session.get(told["profile_pic"]) as picture:
        assert picture.status == 200
    customer = meta.platforms.meet(PAGE, PSID)
    customer.profile = "closed"
    assert error_of((await meta.graph("GET", PSID))[1]) == (100, 2018247)
    customer.profile = "slow"
    assert (await meta.graph("GET", PSID))[0] == 500
    assert (await meta.graph("GET", PSID))[0] == 200
    assert error_of((await meta.graph("GET", "123"))[1]) == (100, 33)


async def test_a_comment_is_answered_publicly_and_hidden(meta: Simulated) -> None:
    comment_id = await comment(meta)
    _, answer = await meta.graph("POST", f"{comment_id}/comments", json={"message": "Dạ còn ạ"})
    assert (await meta.graph("POST", comment_id, params={"is_hidden": "true"})) == (
        200,
        {"success": True},
    )
    asked, ours, hidden = meta.inbox.bodies
    value = ours["entry"][0]["changes"][0]["value"]
    assert (value["verb"], value["comment_id"], value["from"]["id"]) == ("add", answer["id"], PAGE)
    assert value["parent_id"] == asked["entry"][0]["changes"][0]["value"]["comment_id"]
    assert hidden["entry"][0]["changes"][0]["value"]["is_hidden"] is True
    _, told = await meta.graph("GET", comment_id)
    assert told["is_hidden"] is True


async def test_a_comment_is_answered_privately_once_and_within_a_week(
    meta: Simulated, clock: FixedClock
) -> None:
    comment_id = await comment(meta)

    async def answer(to: str) -> tuple[int, Any]:
        body = {"recipient": {"comment_id": to}, "message": {"text": "Dạ em nhắn riêng ạ"}}
        return await meta.graph("POST", f"{PAGE}/messages", json=body)

    status, answered = await answer(comment_id)
    assert status == 200
    [echo] = meta.inbox.of("echo")
    assert echo.person.id == answered["recipient_id"]
    assert error_of((await answer(comment_id))[1]) == (10900, None)
    assert error_of((await answer("122_1"))[1]) == (100, 2018292)
    late = await comment(meta, "122_901")
    clock.advance(timedelta(days=7, seconds=1))
    assert error_of((await answer(late))[1]) == (10903, None)
    kinds = [one.kind for one in meta.platforms.ledger.received]
    assert kinds == ["private_reply"]


async def test_the_conversation_that_a_private_answer_began_is_read_back(meta: Simulated) -> None:
    comment_id = await comment(meta)
    fields = {"fields": "private_reply_conversation{messages.limit(20){id,message,from}}"}
    _, told = await meta.graph("GET", comment_id, params=fields)
    assert "private_reply_conversation" not in told

    body = {"recipient": {"comment_id": comment_id}, "message": {"text": "Dạ em nhắn riêng ạ"}}
    _, answered = await meta.graph("POST", f"{PAGE}/messages", json=body)

    _, told = await meta.graph("GET", comment_id, params=fields)
    [said] = told["private_reply_conversation"]["messages"]["data"]
    assert (said["id"], said["from"]["id"]) == (answered["message_id"], PAGE)


async def test_a_comment_is_liked_and_not_any_more(meta: Simulated) -> None:
    comment_id = await comment(meta)
    for method, emoji in (("POST", "like"), ("DELETE", None)):
        assert (await meta.graph(method, f"{comment_id}/likes"))[0] == 200
        reaction = meta.inbox.of("reaction")[-1]
        assert (reaction.message_id, reaction.by_account) == (comment_id, True)
        assert reaction.emoji == emoji


async def test_answers_under_a_comment_are_read_back_newest_first(
    meta: Simulated, clock: FixedClock
) -> None:
    comment_id = await comment(meta)
    ids = []
    for text in ("Dạ còn ạ", "Dạ inbox ạ"):
        clock.advance(timedelta(seconds=1))
        _, answer = await meta.graph("POST", f"{comment_id}/comments", json={"message": text})
        ids.append(answer["id"])
    newest = {"order": "reverse_chronological"}
    _, told = await meta.graph("GET", f"{comment_id}/comments", params=newest)
    assert [one["id"] for one in told["data"]] == ids[::-1]
    assert told["data"][0]["message"] == "Dạ inbox ạ"
    assert (await meta.graph("DELETE", ids[1])) == (200, {"success": True})
    _, told = await meta.graph("GET", f"{comment_id}/comments")
    assert [one["id"] for one in told["data"]] == ids[:1]
