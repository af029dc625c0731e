"""Answers over the API: stored once, shown at once, refused with a reason."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.window import WindowRules
from inbox.ids import message_key
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import Answer, Api
from tests.reply_world import LAN, PAGE, SCRIPT, ReplyWorld, serving


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> ReplyWorld:
    world = ReplyWorld(mongo, clock, tmp_path)
    await world.connect()
    return world


@pytest.fixture
async def api(world: ReplyWorld) -> AsyncIterator[Api]:
    async with serving(world) as api:
        yield api


async def post(api: Api, thread: str, as_: str = "lan", **body: Any) -> Answer:
    body = {"client_id": "c1", "text": "Dạ còn ạ"} | body
    return await api.call("POST", f"/conversations/{thread}/messages", as_, json=body)


async def test_an_answer_is_queued_shown_and_ends_the_waiting(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    """S4.18: both ways, by API."""
    thread = await world.thread()

    answer = await post(api, thread)

    assert answer.status == 201
    assert answer.json["status"] == "queued"
    assert answer.json["author"] == {"kind": "staff", "id": "lan", "name": "lan"}
    assert answer.json["client_id"] == "c1"
    shown = (await api.get(f"/conversations/{thread}", "lan")).json
    assert shown["waiting_since"] is None
    assert (shown["last"]["text"], shown["last"]["by"]) == ("Dạ còn ạ", "staff")
    assert await world.live_types() == ["message_received"]
    await world.deliver()
    assert world.platform.texts == ["Dạ còn ạ"]
    messages = (await api.get(f"/conversations/{thread}/messages", "lan")).json["items"]
    assert [one["status"] for one in messages] == ["sent"]


async def test_posting_again_sends_nothing_new(world: ReplyWorld, api: Api) -> None:
    thread = await world.thread()
    first = await post(api, thread)
    await world.deliver()

    again = await post(api, thread)

    assert (again.status, again.json["id"]) == (201, first.json["id"])
    assert again.json["status"] == "sent"
    await world.deliver()
    assert world.platform.texts == ["Dạ còn ạ"]


async def test_the_same_client_id_at_the_same_time_is_one_message(
    world: ReplyWorld, api: Api, mongo: Mongo
) -> None:
    thread = await world.thread()

    answers = await asyncio.gather(*(post(api, thread) for _ in range(8)))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    await world.deliver_all()
    assert world.platform.texts == ["Dạ còn ạ"]
    assert await mongo["messages"].count_documents({}) == 1


@pytest.mark.parametrize(
    "other", [{"text": "Khác"}, {"internal": True}, {"quick_replies": [{"title": "Có"}]}]
)
async def test_a_client_id_is_not_reused_for_other_words(
    world: ReplyWorld, api: Api, other: dict[str, Any]
) -> None:
    thread = await world.thread()
    await post(api, thread)

    answer = await post(api, thread, **other)

    assert (answer.status, answer.json["code"]) == (409, "client_id_reused")


async def test_the_same_client_id_in_another_conversation_is_reused(
    world: ReplyWorld, api: Api
) -> None:
    await post(api, await world.thread())

    assert (await post(api, await world.thread())).status == 409


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"text": "  "}, "empty_message", id="empty"),
        pytest.param({"text": None}, "empty_message", id="nothing"),
        pytest.param({"reply_to": "nobody"}, "quoted_message_missing", id="quotes nothing"),
        pytest.param({"private": True}, "not_privately", id="private in an inbox"),
        pytest.param({"client_id": ""}, "invalid_input", id="no client id"),
        pytest.param({"buttons": [{"title": "X", "url": "javascript:x"}]}, "invalid_input", id="u"),
    ],
)
async def test_what_cannot_be_said_is_refused(
    world: ReplyWorld, api: Api, body: dict[str, Any], code: str
) -> None:
    answer = await post(api, await world.thread(), **body)

    assert (answer.status, answer.json["code"]) == (422, code)
    assert await world.live_types() == []


async def test_what_the_channel_cannot_take_is_refused_with_its_reason(
    world: ReplyWorld, api: Api
) -> None:
    upload = await world.upload(b"x" * 2000)

    answer = await post(api, await world.thread(), attachments=[{"upload_id": upload.id}])

    assert (answer.status, answer.json["reason_code"]) == (422, "too_big")
    assert answer.json["detail"] == "Tệp quá lớn."


async def test_an_unknown_upload_is_refused(world: ReplyWorld, api: Api) -> None:
    answer = await post(api, await world.thread(), attachments=[{"upload_id": "nothing"}])

    assert (answer.status, answer.json["code"]) == (404, "upload_not_found")


async def test_who_may_not_see_the_conversation_may_not_answer(world: ReplyWorld, api: Api) -> None:
    assert (await post(api, await world.thread(), "guest")).status == 403
    assert (await post(api, "nowhere")).status == 404


async def test_a_channel_without_a_messenger_says_so(world: ReplyWorld, api: Api) -> None:
    thread = await world.thread(channel="instagram")

    answer = await post(api, thread)

    assert (answer.status, answer.json["code"]) == (409, "channel_cannot_send")
    assert (await post(api, thread, internal=True)).status == 201


async def test_an_account_that_was_taken_out_cannot_send(world: ReplyWorld, api: Api) -> None:
    answer = await post(api, await world.thread(account="other page"))

    assert (answer.status, answer.json["code"]) == (409, "channel_cannot_send")


async def test_a_note_is_never_sent_and_changes_nothing_for_the_customer(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    """X.INB.03: no channel call, marked, excluded from unanswered logic."""
    thread = await world.thread(window=None, last_in_at=None)
    before = await world.conversation_of(thread)

    answer = await post(api, thread, text="Khách quen, giảm 5%", internal=True)

    assert (answer.status, answer.json["internal"], answer.json["status"]) == (201, True, "sent")
    after = await world.conversation_of(thread)
    assert after == before | {"seq": before["seq"] + 1}
    await world.deliver()
    assert world.platform.calls == 0
    assert await world.live_types() == ["message_received"]


async def test_a_script_does_not_end_the_waiting(world: ReplyWorld) -> None:
    thread = await world.thread()
    before = await world.conversation_of(thread)

    await world.say(thread, "Chào bạn", by=SCRIPT)
    await world.deliver()

    after = await world.conversation_of(thread)
    assert after["waiting_since"] == before["waiting_since"]
    assert "last_out_at" not in after
    assert world.platform.texts == ["Chào bạn"]
    assert not world.platform.taken[0].by_human


async def test_an_expired_window_refuses_before_the_channel_is_called(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    """X.INB.06: refused before the channel call, with the reason; the composer is told."""
    thread = await world.thread()
    clock.advance(timedelta(days=8))

    answer = await post(api, thread)

    assert (answer.status, answer.json["code"]) == (409, "window_closed")
    assert answer.json["until"] == "2026-11-29T03:00:00.000Z"
    assert "thời gian" in answer.json["detail"]
    assert (await api.get(f"/conversations/{thread}", "lan")).json["window"] is None
    assert world.platform.calls == 0
    assert await world.live_types() == []


async def test_the_composer_sees_the_window_and_its_cost(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    """X.INB.06: free, billed, closed on Zalo."""
    now = clock.now()
    window = {
        "until": now + timedelta(days=7),
        "kind": "consultation",
        "free_until": now + timedelta(hours=48),
    }
    thread = await world.thread(channel="zalo", account="oa1", window=window)
    seen = []
    for pause in (timedelta(0), timedelta(hours=49), timedelta(days=7)):
        clock.advance(pause)
        shown = (await api.get(f"/conversations/{thread}", "lan")).json["window"]
        seen.append(shown and (shown["cost"], shown["until"], shown["free_until"]))

    until, free_until = "2026-11-29T03:00:00.000Z", "2026-11-24T03:00:00.000Z"
    assert seen == [("free", until, free_until), ("billed", until, free_until), None]


async def test_after_a_day_only_people_may_answer_on_facebook(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    thread = await world.thread()
    clock.advance(timedelta(days=2))

    shown = (await api.get(f"/conversations/{thread}", "lan")).json["window"]
    assert (shown["kind"], shown["human_only"]) == ("human_agent", True)
    with pytest.raises(Exception, match="window_closed"):
        await world.say(thread, "Chào bạn", by=SCRIPT)
    assert (await post(api, thread)).status == 201
    await world.deliver()
    assert world.platform.taken[0].by_human


async def test_without_the_human_agent_feature_a_day_is_all(
    mongo: Mongo, clock: FixedClock, tmp_path: Path
) -> None:
    world = ReplyWorld(mongo, clock, tmp_path, rules=WindowRules(human_agent=False))
    await world.connect()
    thread = await world.thread()
    clock.advance(timedelta(days=2))

    with pytest.raises(Exception, match="window_closed"):
        await world.say(thread, "Chào bạn")


async def test_a_repeat_after_the_window_has_closed_is_still_the_message(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    thread = await world.thread()
    first = await post(api, thread)
    clock.advance(timedelta(days=8))

    assert (await post(api, thread)).json["id"] == first.json["id"]


async def test_an_answer_is_shown_after_what_it_answers_when_clocks_differ(
    world: ReplyWorld, clock: FixedClock
) -> None:
    ahead = clock.now() + timedelta(seconds=3)
    last = {"message_id": "m", "text": "Alo", "at": ahead, "by": "customer"}
    thread = await world.thread(last=last, waiting_since=ahead, last_in_at=ahead)

    message = await world.kept(await world.say(thread, "Dạ"))

    assert message["at"] > ahead
    assert "waiting_since" not in await world.conversation_of(thread)


async def test_a_queued_message_is_cancelled_and_the_customer_waits_again(
    world: ReplyWorld, api: Api
) -> None:
    thread = await world.thread()
    since = (await world.conversation_of(thread))["waiting_since"]
    await world.message(thread, "Còn hàng không?", at=since)
    message = (await post(api, thread)).json["id"]

    answer = await api.call("DELETE", f"/messages/{message}", "lan")
    again = await api.call("DELETE", f"/messages/{message}", "lan")

    assert (answer.status, again.status) == (200, 200)
    assert (answer.json["text"], answer.json["error"]["code"]) == (None, "cancelled")
    assert answer.json["removed_at"] is not None
    conversation = await world.conversation_of(thread)
    assert conversation["waiting_since"] == since
    assert "last_out_at" not in conversation
    await world.deliver_all()
    assert world.platform.calls == 0


async def test_what_was_sent_is_not_cancelled(world: ReplyWorld, api: Api) -> None:
    message = (await post(api, await world.thread())).json["id"]
    await world.deliver()

    answer = await api.call("DELETE", f"/messages/{message}", "lan")

    assert (answer.status, answer.json["code"]) == (409, "cannot_cancel")
    retried = await api.call("POST", f"/messages/{message}/retry", "lan", json={})
    assert (retried.status, retried.json["code"]) == (409, "nothing_to_retry")


async def test_typing_is_told_to_the_channel_and_not_too_often(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    thread = await world.thread()

    for pause in (0, 3, 10):
        clock.advance(timedelta(seconds=pause))
        answer = await api.call("POST", f"/conversations/{thread}/typing", "lan")
        assert answer.status == 204
    await world.signals.told()

    assert [one.split(":")[0] for one in world.platform.signals] == ["typing", "typing"]


async def a_comment(world: ReplyWorld, clock: FixedClock) -> tuple[str, str]:
    """A comment thread with the comment that began it; their ids."""
    thread = await world.thread(kind="comment")
    root = (await world.conversation_of(thread))["external_id"]
    comment = message_key("facebook", PAGE, root)
    await world.message(thread, "Giá?", at=clock.now(), _id=comment, external_id=root)
    return thread, comment


async def test_a_comment_is_answered_publicly_at_any_time(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    thread, comment = await a_comment(world, clock)
    clock.advance(timedelta(days=30))

    answer = await post(api, thread, reply_to=comment)
    await world.deliver()

    assert answer.status == 201
    taken = world.platform.taken[0]
    assert taken.comment_id is None
    assert taken.reply_to == taken.recipient


async def test_a_comment_is_answered_privately_once_within_a_week(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    thread, _ = await a_comment(world, clock)

    first = await post(api, thread, private=True)
    second = await post(api, thread, private=True, client_id="c2")
    await world.deliver()

    assert (first.status, first.json["private"]) == (201, True)
    assert (second.status, second.json["code"]) == (409, "answered_privately")
    assert world.platform.taken[0].comment_id == world.platform.taken[0].recipient


async def test_a_comment_is_not_answered_privately_after_a_week(
    world: ReplyWorld, api: Api, clock: FixedClock
) -> None:
    thread, _ = await a_comment(world, clock)
    clock.advance(timedelta(days=7))

    answer = await post(api, thread, private=True)

    assert (answer.status, answer.json["code"]) == (409, "private_window_closed")


async def test_files_and_choices_are_kept_and_shown(world: ReplyWorld, api: Api) -> None:
    upload = await world.upload(b"bang gia", name="bảng giá.txt")

    answer = await post(
        api,
        await world.thread(),
        attachments=[{"upload_id": upload.id}],
        quick_replies=[{"title": "Có"}, {"title": "Không", "payload": "NO"}],
    )
    await world.deliver()

    file = answer.json["attachments"][0]
    assert (file["copy_state"], file["size"]) == ("copied", len("bang gia"))
    assert file["url"].startswith(f"/api/v1/media/{answer.json['id']}/0?variant=original&until=")
    assert answer.json["content"]["quick_replies"][1] == {"title": "Không", "payload": "NO"}
    text, file = world.platform.taken
    assert (text.text, file.file, file.content) == ("Dạ còn ạ", "bảng giá.txt", "bang gia")


async def test_one_message_per_author_and_client_id(world: ReplyWorld) -> None:
    thread = await world.thread()

    second = await world.say(thread, "Chào", "same", by=SCRIPT)
    first = await world.say(thread, "Chào", "same")

    assert first != second
    assert first == LAN.message_id("same")
