"""How calls come in: tokens, proofs, versions, forms, batches; and how they are refused."""

import json
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest

from tests.channels.messenger_gateway.gateway_world import (
    PAGE,
    READ_ONLY,
    TOKEN,
    GatewayWorld,
    proof_of,
)


async def test_a_token_may_stand_in_query_body_and_header(world: GatewayWorld) -> None:
    page = {"id": PAGE, "name": "Trợ lý áo khoác"}
    session, url = world.session, f"{world.url}/messenger/v23.0/me"

    async with session.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        assert await answer.json() == page
    async with session.get(url, params={"access_token": TOKEN, "fields": "id"}) as answer:
        assert await answer.json() == {"id": PAGE}
    form = {"access_token": TOKEN, "subscribed_fields": "messages"}
    async with session.post(f"{url}/subscribed_apps", data=form) as answer:
        assert await answer.json() == {"success": True}
    async with session.post(f"{url}/subscribed_apps", json=form) as answer:
        assert await answer.json() == {"success": True}


@pytest.mark.parametrize("path", ["me", f"{PAGE}", "v2.6/me", "v26.0/me", "v3/me/"])
async def test_the_version_makes_no_difference(world: GatewayWorld, path: str) -> None:
    status, answer = await world.graph("GET", path)

    assert (status, answer["id"]) == (200, PAGE)


async def test_a_token_of_nobody_is_refused_as_meta_does(world: GatewayWorld) -> None:
    error = await world.refused("GET", "me", token="wrong")
    none = await world.refused("GET", "me", token="")

    assert (error["status"], error["code"], error["type"]) == (401, 190, "OAuthException")
    assert (none["status"], none["code"]) == (401, 2500)


async def test_an_automation_that_is_off_or_speaks_otherwise_is_refused(
    world: GatewayWorld,
) -> None:
    automation = world.directory.automation
    for other in (replace(automation, enabled=False), replace(automation, kind="webhook")):
        world.directory.automation = other

        assert (await world.refused("GET", "me"))["code"] == 190


async def test_a_proof_is_checked_when_it_is_sent(world: GatewayWorld) -> None:
    good = await world.graph("GET", "me", query={"appsecret_proof": proof_of(TOKEN)})
    error = await world.refused("GET", "me", query={"appsecret_proof": proof_of("other")})

    assert good[0] == 200
    assert (error["code"], "appsecret_proof" in error["message"]) == (100, True)


async def test_a_token_that_may_only_read_sends_nothing(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    body = {"recipient": {"id": lan}, "message": {"text": "a"}}

    error = await world.refused("POST", "me/messages", body, token=READ_ONLY)

    assert (error["status"], error["code"]) == (403, 200)
    assert (await world.graph("GET", "me", token=READ_ONLY))[0] == 200


async def test_a_url_encoded_form_is_taken_with_json_in_its_fields(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    form = {"recipient": json.dumps({"id": lan}), "message": json.dumps({"text": "Dạ & vâng"})}

    status, _ = await world.graph("POST", "me/messages", data=form)
    await world.deliver_all()

    assert status == 200
    assert [one.text for one in world.zalo.shown] == ["Dạ & vâng"]


async def test_a_batch_is_answered_item_by_item_in_its_order(world: GatewayWorld) -> None:
    lan = await world.customer_of()

    def message(text: str) -> dict[str, str]:
        fields = {"recipient": json.dumps({"id": lan}), "message": json.dumps({"text": text})}
        url = f"me/messages?access_token={quote(TOKEN)}"
        return {"method": "POST", "relative_url": url, "body": urlencode(fields)}

    strange = {"method": "GET", "relative_url": "//["}
    batch = [message("một"), {"method": "GET", "relative_url": "v6.0/nobody"}, strange]
    batch.append(message("hai"))
    status, answers = await world.graph("POST", "v6.0/", {"batch": batch})
    await world.deliver_all()

    assert (status, [one["code"] for one in answers]) == (200, [200, 400, 400, 200])
    assert json.loads(answers[0]["body"])["recipient_id"] == lan
    assert json.loads(answers[1]["body"])["error"]["error_subcode"] == 33
    assert [one.text for one in world.zalo.shown] == ["một", "hai"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "", {"batch": "{"}, id="broken batch"),
        pytest.param("POST", "", {"batch": []}, id="empty batch"),
        pytest.param("POST", "", {"batch": [1] * 51}, id="long batch"),
        pytest.param("GET", "", None, id="no path"),
        pytest.param("GET", "me/unknown", None, id="unknown edge"),
        pytest.param("POST", "other/messages", {}, id="another page"),
        pytest.param("POST", "me/messages/more", {}, id="deeper"),
        pytest.param("PUT", "me", None, id="another method"),
    ],
)
async def test_what_is_not_there_is_refused_in_json(
    world: GatewayWorld, method: str, path: str, body: dict[str, object] | None
) -> None:
    error = await world.refused(method, path, body)

    assert (error["status"], error["code"]) == (400, 100)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"x", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
    ],
)
async def test_a_broken_body_is_refused_in_json(
    world: GatewayWorld, body: bytes, kind: str
) -> None:
    error = await world.refused("POST", "me/messages", data=body, headers={"Content-Type": kind})

    assert (error["status"], error["code"]) == (400, 100)


async def test_what_libraries_ask_at_their_start_is_answered(world: GatewayWorld) -> None:
    fields = {"subscribed_fields": "messages,messaging_postbacks"}
    assert await world.graph("POST", f"{PAGE}/subscribed_apps", fields) == (200, {"success": True})
    _, subscribed = await world.graph("GET", "me/subscribed_apps")
    _, token = await world.graph("GET", "debug_token", query={"input_token": TOKEN})
    app_id = token["data"]["app_id"]
    _, webhooks = await world.graph("GET", f"{app_id}/subscriptions")
    elsewhere = {"object": "page", "callback_url": "https://elsewhere.example/"}
    error = await world.refused("POST", f"{app_id}/subscriptions", elsewhere)
    _, app = await world.graph("GET", app_id)

    assert subscribed["data"][0]["subscribed_fields"] == ["messages", "messaging_postbacks"]
    assert (token["data"]["is_valid"], token["data"]["profile_id"]) == (True, PAGE)
    assert webhooks["data"][0]["callback_url"] == "https://bot.example/webhook"
    assert error["code"] == 2200
    assert app["id"] == app_id
