"""Who talks with the customer: an automation until a person answers, and never over a person."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from inbox.automations.handing_over.store import HandOverStore, Waiting
from inbox.conversations.model import Author
from inbox.conversations.replying.model import Writer
from inbox.mongo.client import Mongo
from tests.inbox.automations.shop import Shop
from tests.ingest import FACEBOOK_PAGE
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)

CONVERSATIONS = 50
PAGE_INBOX = 263902037430900
"""The app of Business Suite."""


async def test_an_automation_never_talks_over_a_person_in_fifty_races(shop: Shop) -> None:
    """After a staff message with seq n there is no automation message with seq > n."""
    await shop.automate(answers=True)
    people = [f"p{n}" for n in range(CONVERSATIONS)]
    for person in people:
        await shop.customer_says(person, f"Chào shop, {person} đây")
    threads = [shop.thread(person) for person in people]
    await shop.told(*(f"Chào shop, {person} đây" for person in people))

    async def talk(thread: str) -> list[int]:
        said = []
        for n in range(4):
            answer = await shop.automation_says(thread, f"Em nghe {n}", f"{thread}:{n}")
            said.append(answer.status)
        return said

    async def step_in(thread: str) -> None:
        answer = await shop.staff_says(thread, "Để chị trả lời", f"{thread}:staff")
        assert answer.status == 201, answer.json

    racing = [work for one in threads for work in (talk(one), step_in(one))]
    answers = [one for one in await asyncio.gather(*racing) if one is not None]

    assert {status for said in answers for status in said} <= {201, 409}
    assert any(409 in said for said in answers), "nobody lost a race: it proves nothing"
    for thread in threads:
        messages = await shop.messages(thread)
        staff_seq = next(one["seq"] for one in messages if one["author"]["kind"] == "staff")
        later = [one["seq"] for one in messages if one["author"]["kind"] == "automation"]
        assert all(seq < staff_seq for seq in later)
    late = await shop.automation_says(threads[0], "Em vẫn đây", "late")
    assert (late.status, late.json["code"]) == (409, "conversation_taken_over")
    typing = await shop.call("POST", f"/conversations/{threads[0]}/typing", token=shop.token)
    assert typing.status == 409


async def test_what_is_given_back_the_automation_may_answer_again(shop: Shop) -> None:
    await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")
    await shop.staff_says(thread, "Chị đây")
    shop.clock.advance(timedelta(days=3))
    await shop.customer_says("an", "Còn ai không?")
    assert (await shop.automation_says(thread, "Em đây")).status == 409

    back = await shop.call("PUT", f"/conversations/{thread}/automation", {"state": "active"})
    assert back.status == 200, back.json

    assert (await shop.automation_says(thread, "Em đây")).status == 201
    taken = {"state": "active"}
    path = f"/conversations/{thread}/automation"
    assert (await shop.call("PUT", path, taken, token=shop.token)).status == 403


async def test_closing_a_conversation_gives_it_back(shop: Shop) -> None:
    await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")
    await shop.staff_says(thread, "Chị đây")
    await shop.call("PATCH", f"/conversations/{thread}", {"status": "closed"})
    shop.clock.advance(timedelta(minutes=5))
    await shop.customer_says("an", "Cho hỏi thêm")
    await shop.told("Cho hỏi thêm")

    assert (await shop.automation_says(thread, "Em nghe")).status == 201


async def test_an_automation_may_take_over_again_after_a_while_if_it_is_told_so(
    shop: Shop,
) -> None:
    await shop.automate(answers=True, hand_back_after_s=3600)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")
    await shop.staff_says(thread, "Chị đây")
    assert (await shop.automation_says(thread, "Em đây")).status == 409
    shop.clock.advance(timedelta(hours=1, seconds=1))
    await shop.customer_says("an", "Còn không?")

    assert (await shop.automation_says(thread, "Em đây")).status == 201


async def test_a_person_who_answers_elsewhere_takes_over_as_well(shop: Shop) -> None:
    """Business Suite: the page's own echo, without our app."""
    await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")
    at = int(shop.clock.now().timestamp() * 1000) + 500
    message = {"mid": "m_echo", "text": "Chị trả lời nhé", "is_echo": True, "app_id": PAGE_INBOX}
    echo = {
        "sender": {"id": FACEBOOK_PAGE},
        "recipient": {"id": "an"},
        "timestamp": at,
        "message": message,
    }
    await shop.webhook(at, echo)
    await until(lambda: "message.sent" in shop.receiver.types())

    answer = await shop.automation_says(thread, "Em đây")
    assert answer.json["code"] == "conversation_taken_over"


async def test_a_handoff_adds_exactly_one_note_and_splits_the_conversation(shop: Shop) -> None:
    await shop.automate(answers=True)
    me = (await shop.call("GET", "/me")).json["staff"]["id"]
    await shop.split(me)
    thread = await shop.customer_says("an", "Tôi muốn gặp người")
    await shop.told("Tôi muốn gặp người")
    before = (await shop.call("GET", f"/conversations/{thread}")).json
    assert (before["split"], before["assignee"]) == ("off", None), "the automation answers first"

    path = f"/conversations/{thread}/handoff"
    asked = [shop.call("POST", path, {"note": "Khách hỏi giá sỉ"}, token=shop.token)] * 1
    asked += [shop.call("POST", path, {"note": "Khách hỏi giá sỉ"}, token=shop.token)]
    answers = [one.json["handed_over"] for one in await asyncio.gather(*asked)]

    assert sorted(answers) == [False, True]
    notes = [one for one in await shop.messages(thread) if one["internal"]]
    assert [one["text"] for one in notes] == ["Khách hỏi giá sỉ"]

    async def is_split() -> bool:
        view = (await shop.call("GET", f"/conversations/{thread}")).json
        state: str = view["automation"]["state"]
        return view["split"] in ("assigned", "waiting") and state == "handoff_requested"

    await until(is_split)
    answer = await shop.automation_says(thread, "Thêm một câu")
    assert answer.json["code"] == "conversation_taken_over"
    await until(lambda: "conversation.automation_changed" in shop.receiver.types())
    rows = (await shop.call("GET", f"/customers/{before['customer']['id']}/timeline")).json
    assert "handed_off" in [one["type"] for one in rows["items"]]


async def test_splitting_sweeps_up_nobody_whom_an_automation_answers(shop: Shop) -> None:
    """Looking for whom it has missed, every second, it finds the comment, and leaves the inbox."""
    me = (await shop.call("GET", "/me")).json["staff"]["id"]
    await shop.automate(answers=True)
    await shop.split(me)
    thread = await shop.customer_says("an", "Mẫu này còn không?")
    await shop.told("Mẫu này còn không?")
    assert (await shop.automation_says(thread, "Dạ còn ạ")).status == 201
    waiting = {"_id": "comment", "kind": "comment", "bot_id": shop.bot_id, "assignee_id": None}
    inbox = await shop.mongo["conversations"].find_one({"_id": thread})
    assert inbox is not None
    await shop.mongo["conversations"].insert_one({**inbox, **waiting})

    async def is_swept() -> bool:
        comment = await shop.mongo["conversations"].find_one({"_id": "comment"})
        return comment is not None and comment["assignee_id"] == me

    await until(is_swept)

    view = (await shop.call("GET", f"/conversations/{thread}")).json
    assert (view["split"], view["assignee"]) == ("off", None)


async def test_what_comes_an_hour_late_is_split_though_an_automation_answers(shop: Shop) -> None:
    """Programs are not told of it, so nobody else would see the customer."""
    me = (await shop.call("GET", "/me")).json["staff"]["id"]
    await shop.automate(answers=True)
    await shop.split(me)
    at = int((shop.clock.now() - timedelta(hours=2)).timestamp() * 1000)
    message = {"mid": "m_late", "text": "Alo?"}
    late = {"sender": {"id": "an"}, "recipient": {"id": FACEBOOK_PAGE}, "timestamp": at}
    await shop.webhook(at, {**late, "message": message})

    async def is_given() -> bool:
        found = await shop.mongo["conversations"].find_one({"_id": shop.thread("an")})
        return found is not None and found.get("assignee_id") == me

    await until(is_given)


async def test_who_was_answered_is_not_handed_over_though_the_relay_is_behind(
    shop: Shop, mongo: Mongo
) -> None:
    await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")
    assert (await shop.automation_says(thread, "Em nghe ạ")).status == 201
    question, answer = await shop.messages(thread)
    store, clock = HandOverStore(mongo, shop.clock), shop.clock
    writer = Writer(Author("automation", shop.automation["id"], "Trợ lý"), is_human=False)

    async def hand_over(seq: int) -> bool:
        since = Waiting(clock.now(), seq)
        return await mongo.transaction(
            lambda session: store.hand_over(thread, writer, session, since)
        )

    assert not await hand_over(question["seq"])
    assert await hand_over(answer["seq"])


async def test_a_silent_automation_is_replaced_by_people_with_a_note(shop: Shop) -> None:
    await shop.automate(answers=True, answer_within_s=60)
    thread = await shop.customer_says("an", "Có ai không?")
    await shop.told("Có ai không?")
    shop.clock.advance(timedelta(seconds=61))

    await until(lambda: _has_note(shop, thread, "“Trợ lý” không trả lời khách trong 60 giây"))

    view = (await shop.call("GET", f"/conversations/{thread}")).json
    assert view["automation"]["state"] == "handoff_requested"
    shop.clock.advance(timedelta(minutes=5))
    await shop.customer_says("an", "Alo?")
    await shop.told("Alo?")
    shop.clock.advance(timedelta(minutes=5))
    assert len([one for one in await shop.messages(thread) if one["internal"]]) == 1


async def test_an_automation_that_answers_in_time_keeps_the_conversation(shop: Shop) -> None:
    await shop.automate(answers=True, answer_within_s=60)
    thread = await shop.customer_says("an", "Một")
    await shop.told("Một")
    assert (await shop.automation_says(thread, "Dạ")).status == 201
    await until(lambda: "message.sent" in shop.receiver.types())
    shop.clock.advance(timedelta(seconds=90))
    other = await shop.customer_says("binh", "Hai")
    await shop.told("Hai")
    shop.clock.advance(timedelta(seconds=61))

    await until(lambda: _has_note(shop, other, "không trả lời"))
    assert not [one for one in await shop.messages(thread) if one["internal"]]


async def test_switching_an_automation_off_hands_over_who_waits_for_it(shop: Shop) -> None:
    made = await shop.automate(answers=True, answer_within_s=3600)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")

    path = f"/bots/{shop.bot_id}/automations/{made['id']}"
    assert (await shop.call("PATCH", path, {"enabled": False})).status == 200
    shop.clock.advance(timedelta(seconds=1))

    await until(lambda: _has_note(shop, thread, "“Trợ lý” đang tắt"))


async def test_nobody_is_handed_a_conversation_that_was_called_spam(shop: Shop) -> None:
    await shop.automate(answers=True, answer_within_s=60)
    spam = await shop.customer_says("an", "Vay tiền nhanh 0%")
    other = await shop.customer_says("binh", "Có ai không?")
    await shop.told("Vay tiền nhanh 0%", "Có ai không?")
    assert (await shop.call("PATCH", f"/conversations/{spam}", {"status": "spam"})).status == 200
    await until(lambda: "conversation.status_changed" in shop.receiver.types())
    shop.clock.advance(timedelta(seconds=61))

    await until(lambda: _has_note(shop, other, "không trả lời"))
    assert not [one for one in await shop.messages(spam) if one["internal"]]


async def test_the_same_client_id_says_it_once(shop: Shop) -> None:
    await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")

    both = [await shop.automation_says(thread, "Em nghe", "one") for _ in range(2)]

    assert [one.status for one in both] == [201, 201]
    assert both[0].json["id"] == both[1].json["id"]
    author = both[0].json["author"]
    assert (author["kind"], author["name"]) == ("automation", "Trợ lý")
    await until(lambda: shop.platform.texts == ["Em nghe"])


async def test_who_wants_nothing_automatic_hears_nothing_of_an_automation(shop: Shop) -> None:
    await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Dừng nhận tin")
    await shop.told("Dừng nhận tin")

    answer = await shop.automation_says(thread, "Vâng")

    assert (answer.status, answer.json["code"]) == (409, "customer_opted_out")


async def test_tags_attributes_notes_and_scripts_come_by_the_token(shop: Shop) -> None:
    made = await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Số em 0912 345 678")
    await shop.told("Số em 0912 345 678")
    customer = (await shop.call("GET", f"/conversations/{thread}")).json["customer"]["id"]
    hour = {"when": {"kind": "delay", "n": 1, "unit": "hour"}, "content": {"text": "Dạ"}}
    script = await shop.call(
        "POST",
        f"/bots/{shop.bot_id}/scripts",
        {"name": "Chăm sóc", "enabled": True, "steps": [hour]},
    )
    assert script.status == 201, script.json

    def by_token(method: str, path: str, body: Any) -> Any:
        return shop.call(method, path, body, token=shop.token)

    for method, path, body in (
        ("POST", f"/customers/{customer}/tags", {"name": "Hỏi giá"}),
        ("PATCH", f"/customers/{customer}", {"phones": ["0912 345 678"]}),
        (
            "POST",
            f"/conversations/{thread}/messages",
            {"client_id": "n", "text": "Khách cần gấp", "internal": True},
        ),
        ("POST", f"/customers/{customer}/enrolments", {"script_ids": [script.json["id"]]}),
    ):
        answer = await by_token(method, path, body)
        assert answer.status < 300, (path, answer.json)

    view = (await shop.call("GET", f"/customers/{customer}")).json
    assert view["phones"] == ["+84912345678"]
    entries = (await shop.call("GET", f"/audit?action=customer_edited&actor={made['id']}")).json
    assert entries["items"][0]["actor_name"] == "Trợ lý"


async def test_a_deleted_automation_loses_its_token(shop: Shop) -> None:
    made = await shop.automate(answers=True)
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")

    await shop.call("DELETE", f"/bots/{shop.bot_id}/automations/{made['id']}")
    shop.clock.advance(timedelta(minutes=1))

    assert (await shop.automation_says(thread, "Em đây")).status == 401
    await until(lambda: _has_note(shop, thread, "đang tắt"))


async def test_only_one_automation_of_a_bot_answers_first(shop: Shop) -> None:
    await shop.automate(answers=True)
    body = {"name": "Thứ hai", "url": shop.receiver.url, "answers": True}

    second = await shop.call("POST", f"/bots/{shop.bot_id}/automations", body)

    assert second.status == 422
    assert second.json["errors"][0]["code"] == "another_answers"


async def _has_note(shop: Shop, thread: str, text: str) -> bool:
    notes = [one["text"] for one in await shop.messages(thread) if one["internal"]]
    return any(text in note for note in notes)
