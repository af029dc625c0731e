"""People and the Messenger profile as Graph tells them, and who has a thread."""

from datetime import timedelta

import pytest

from channels.messenger_gateway.model import PAGE_INBOX_APP
from tests.channels.messenger_gateway.gateway_world import HOST, PAGE, GatewayWorld


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Nguyễn Thị Hồng Ánh", "Ánh", "Nguyễn Thị Hồng"),
        ("Lan", "Lan", None),
    ],
)
async def test_the_family_name_of_a_vietnamese_comes_first(
    world: GatewayWorld, name: str, first: str, last: str | None
) -> None:
    lan = await world.customer_of(name=name)

    status, answer = await world.graph(
        "GET", lan, query={"fields": "first_name,last_name,name,locale,timezone,gender"}
    )

    assert (status, answer["first_name"], answer.get("last_name")) == (200, first, last)
    assert (answer["name"], answer["locale"], answer["timezone"]) == (name, "vi_VN", 7)
    assert answer["id"] == lan
    assert "gender" not in answer


async def test_the_picture_of_a_customer_is_a_signed_link_of_ours(world: GatewayWorld) -> None:
    lan = await world.customer_of()

    _, answer = await world.graph("GET", lan, query={"fields": "profile_pic"})

    assert answer["profile_pic"].startswith(f"{HOST}/api/v1/avatars/")
    assert "signature=" in answer["profile_pic"]


async def test_a_person_of_another_bot_is_nobody(world: GatewayWorld) -> None:
    stranger = await world.customer_of(bot="bot2")

    error = await world.refused("GET", stranger)
    sending = await world.refused(
        "POST", "me/messages", {"recipient": {"id": stranger}, "message": {"text": "a"}}
    )

    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert (sending["code"], sending["error_subcode"]) == (100, 2018001)


async def test_a_messenger_profile_is_kept_and_told_as_graph_does(world: GatewayWorld) -> None:
    path = "v20.0/me/messenger_profile"
    started = {"payload": "START"}
    menu = [{"locale": "default", "call_to_actions": []}]
    greeting = [{"locale": "default", "text": "Chào bạn!"}]

    too_early = await world.refused("POST", path, {"persistent_menu": menu})
    first = await world.graph("POST", path, {"get_started": started, "greeting": greeting})
    second = await world.graph("POST", path, {"persistent_menu": menu})
    _, told = await world.graph("GET", path, query={"fields": "get_started,persistent_menu"})
    gone = await world.graph("DELETE", path, {"fields": ["greeting", "persistent_menu"]})
    _, left = await world.graph("GET", path)

    assert too_early["error_subcode"] == 2018145
    assert [first, second, gone] == [(200, {"result": "success"})] * 3
    assert told == {"data": [{"get_started": started, "persistent_menu": menu}]}
    assert left == {"data": [{"get_started": started}]}


async def test_a_profile_that_is_none_is_refused(world: GatewayWorld) -> None:
    path = "me/messenger_profile"
    for method, body in (
        ("POST", {}),
        ("POST", {"get_started": {}}),
        ("POST", {"greeting": [{"text": "a" * 70_000}]}),
        ("DELETE", {"fields": ["unknown"]}),
    ):
        assert (await world.refused(method, path, body))["code"] == 100
    assert await world.graph("GET", path) == (200, {"data": []})


async def test_a_program_hands_a_thread_to_people(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    body = {"recipient": {"id": lan}, "target_app_id": PAGE_INBOX_APP, "metadata": "muốn gặp người"}

    status, answer = await world.graph("POST", f"{PAGE}/pass_thread_control", body)

    assert (status, answer) == (200, {"success": True})
    assert world.directory.handed_over == [(await world.thread_of(lan), "muốn gặp người")]


async def test_a_thread_that_people_have_is_not_taken_back(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    body = {"recipient": {"id": lan}}
    owner = {"query": {"recipient": lan}}
    assert await world.graph("POST", "me/take_thread_control", body) == (200, {"success": True})
    _, before = await world.graph("GET", "me/thread_owner", **owner)
    await world.mongo["conversations"].update_one(
        {"external_id": lan},
        {
            "$set": {
                "automation": {
                    "state": "human",
                    "reason": "paused_by_hand",
                    "at": world.clock.now(),
                    "paused_until": world.clock.now() + timedelta(hours=1),
                }
            }
        },
    )

    error = await world.refused("POST", "me/take_thread_control", body)
    _, after = await world.graph("GET", "me/thread_owner", **owner)
    asked = await world.graph("POST", "me/request_thread_control", body)
    given = await world.graph("POST", "me/pass_thread_control", body)

    assert (error["status"], error["code"], error["error_subcode"]) == (409, 10, 2018300)
    assert error["error_data"] == {"code": "conversation_taken_over"}
    assert before["data"][0]["thread_owner"]["app_id"] != PAGE_INBOX_APP
    assert after == {"data": [{"thread_owner": {"app_id": PAGE_INBOX_APP}}]}
    assert asked == given == (200, {"success": True})
    assert world.directory.handed_over == []
    assert (await world.refused("POST", "me/pass_thread_control", {}))["code"] == 100
