"""Comments answered through the whole service: publicly under the right one, privately once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from app.demo.faults import Fault, Refusal
from app.demo.people import people_of
from inbox.clock import FixedClock
from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from tests.comment_service import CommentService, comment_service
from tests.waiting import until

META: tuple[Channel, ...] = ("facebook", "instagram")


@pytest.fixture
async def shop(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[CommentService]:
    async with comment_service(mongo, mongo_uri, tmp_path, clock) as shop:
        yield shop


@pytest.mark.parametrize("channel", META)
async def test_a_public_answer_goes_under_the_newest_comment_of_a_customer(
    shop: CommentService, channel: Channel
) -> None:
    first = await shop.comments("Giá sao shop?", channel=channel)
    newest = await shop.comments("Còn size L không?", channel=channel, under=first, person=1)

    answer = await shop.says(first, "Dạ còn ạ")

    assert (answer.status, answer.json["reply_to"]) == (201, shop.id_of(newest))
    thread = shop.thread_of(first)
    await shop.becomes(answer.json["id"], thread, "sent")
    await shop.platforms.settle()  # its echo
    [received] = shop.platforms.ledger.received
    assert (received.kind, received.customer_id) == ("comment", newest.id)
    said = [one["text"] for one in await shop.thread(thread)]
    assert said == ["Giá sao shop?", "Còn size L không?", "Dạ còn ạ"]


async def test_a_public_answer_goes_under_the_comment_that_is_named(shop: CommentService) -> None:
    first = await shop.comments("Giá sao shop?")
    await shop.comments("Còn size L không?", under=first, person=1)

    answer = await shop.says(first, "Dạ 250k ạ", reply_to=shop.id_of(first))

    await shop.becomes(answer.json["id"], shop.thread_of(first), "sent")
    assert [one.customer_id for one in shop.platforms.ledger.received] == [first.id]


async def test_a_reply_to_a_reply_stays_in_the_thread_of_the_first_comment(
    shop: CommentService,
) -> None:
    first = await shop.comments("Giá sao shop?")
    reply = await shop.comments("Mình cũng hỏi giá", under=first, person=1)
    nested = shop.platforms.comments.written(
        shop.platforms.world.accounts[first.account_id], people_of("facebook")[2], "Ké", reply.id
    )
    nested.root_id = reply.id  # the platform names what it replies to, and no root
    shop.platforms.webhooks.post(
        shop.platforms.meta.comment(
            shop.platforms.world.accounts[first.account_id], nested, "add", shop.clock.now()
        )
    )
    await shop.platforms.settle()

    await until(lambda: shop.has(shop.id_of(nested)))
    said = [one["text"] for one in await shop.thread(shop.thread_of(first))]
    assert said == ["Giá sao shop?", "Mình cũng hỏi giá", "Ké"]
    assert await shop.mongo["conversations"].count_documents({"kind": "comment"}) == 1


@pytest.mark.parametrize("echoes", ["before", "after", "never"])
@pytest.mark.parametrize("channel", META)
async def test_a_private_answer_appears_in_the_persons_inbox_and_is_linked_from_the_comment(
    shop: CommentService, channel: Channel, echoes: Literal["before", "after", "never"]
) -> None:
    shop.platforms.webhooks.echoes = echoes
    comment = await shop.comments("Inbox mình nhé", channel=channel)

    answer = await shop.says(comment, "Em chào chị ạ", private=True, reply_to=shop.id_of(comment))

    assert (answer.status, answer.json["private"]) == (201, True)
    await until(lambda: len(shop.platforms.ledger.received) == 1)
    [received] = shop.platforms.ledger.received
    inbox = shop.inbox_of(comment, received.customer_id)
    message = await shop.becomes(answer.json["id"], inbox, "sent")
    await shop.platforms.settle()
    assert message["private_to"] == {
        "message_id": shop.id_of(comment),
        "conversation_id": shop.thread_of(comment),
    }
    assert [one["text"] for one in await shop.thread(inbox)] == ["Em chào chị ạ"]
    [shown] = await shop.thread(shop.thread_of(comment))
    assert shown["comment"]["private_answer"] == {
        "message_id": answer.json["id"],
        "conversation_id": inbox,
    }
    rows = (await shop.call("GET", "conversations")).json["items"]
    last = {row["id"]: row["last"]["text"] for row in rows}
    assert last == {inbox: "Em chào chị ạ", shop.thread_of(comment): "Inbox mình nhé"}
    person = next(row["customer"] for row in rows if row["id"] == inbox)
    assert person["name"] == comment.author_name


async def test_the_person_answers_in_the_same_inbox_conversation(shop: CommentService) -> None:
    comment = await shop.comments("Inbox mình nhé")
    answer = await shop.says(comment, "Em chào chị ạ", private=True)
    await until(lambda: len(shop.platforms.ledger.received) == 1)
    psid = shop.platforms.ledger.received[0].customer_id
    inbox = shop.inbox_of(comment, psid)
    await shop.becomes(answer.json["id"], inbox, "sent")

    shop.clock.advance(timedelta(seconds=30))
    shop.platforms.customer_writes(comment.account_id, psid, "Giá bao nhiêu em")
    await shop.platforms.settle()

    async def said() -> list[Any]:
        return [one["text"] for one in await shop.thread(inbox)]

    async def both() -> bool:
        return await said() == ["Em chào chị ạ", "Giá bao nhiêu em"]

    await until(both)


async def test_a_comment_is_answered_privately_once_and_within_seven_days(
    shop: CommentService,
) -> None:
    comment, other = await shop.comments("Inbox nhé"), await shop.comments("Inbox với", person=1)
    first = await shop.says(comment, "Em chào chị", private=True)
    again = await shop.says(comment, "Chị ơi", private=True)
    assert (first.status, again.status, again.json["code"]) == (201, 409, "answered_privately")
    assert again.json["detail"] == "Bình luận này đã được trả lời riêng một lần."
    await until(lambda: len(shop.platforms.ledger.received) == 1)
    psid = shop.platforms.ledger.received[0].customer_id
    await shop.becomes(first.json["id"], shop.inbox_of(comment, psid), "sent")
    later = await shop.says(comment, "Chị ơi 2", private=True)
    assert (later.status, later.json["code"]) == (409, "answered_privately")
    assert (await shop.message(other))["comment"]["private_until"] > "2026-11-29"

    shop.clock.advance(timedelta(days=7))

    late = await shop.says(other, "Em chào anh", private=True)
    assert (late.status, late.json["code"]) == (409, "private_window_closed")
    assert "7 ngày" in late.json["detail"]
    assert len(shop.platforms.ledger.received) == 1


async def test_what_the_platform_knows_of_private_answers_corrects_what_we_show(
    shop: CommentService,
) -> None:
    comment = await shop.comments("Inbox nhé")
    comment.answered_privately = True  # somebody did so in the platform's own tool

    answer = await shop.says(comment, "Em chào chị", private=True)

    failed = await shop.becomes(answer.json["id"], shop.thread_of(comment), "failed")
    assert (failed["error"]["code"], failed["error"]["platform_code"]) == (
        "private_reply_done",
        "10900",
    )

    async def is_closed() -> bool:
        return (await shop.message(comment))["comment"]["private_until"] is None

    await until(is_closed)
    again = await shop.says(comment, "Chị ơi", private=True)
    assert (again.status, again.json["code"]) == (409, "privately_impossible")
    assert shop.platforms.ledger.received == []


@pytest.mark.parametrize("echoes", ["after", "never"])
async def test_a_private_answer_without_an_answer_of_the_platform_is_found_and_never_repeated(
    shop: CommentService, echoes: Literal["after", "never"]
) -> None:
    shop.platforms.webhooks.echoes = echoes
    comment = await shop.comments("Inbox nhé")
    shop.platforms.faults.script("send", Fault.RESET_AFTER)

    answer = await shop.says(comment, "Em chào chị", private=True)

    await until(lambda: len(shop.platforms.ledger.received) == 1)
    if echoes == "after":
        psid = shop.platforms.ledger.received[0].customer_id
        await shop.becomes(answer.json["id"], shop.inbox_of(comment, psid), "sent")
    else:
        await shop.becomes(answer.json["id"], shop.thread_of(comment), "uncertain")
        shop.clock.advance(timedelta(seconds=11))
        await shop.becomes(answer.json["id"], shop.thread_of(comment), "sent")
    assert len(shop.platforms.ledger.received) == 1


async def test_a_failed_private_answer_makes_room_for_another(shop: CommentService) -> None:
    comment = await shop.comments("Inbox nhé")
    shop.platforms.faults.script("send", Refusal(code=100))
    first = await shop.says(comment, "Em chào chị", private=True)
    await shop.becomes(first.json["id"], shop.thread_of(comment), "failed")

    second = await shop.says(comment, "Chào chị ạ", private=True)

    assert second.status == 201
    await until(lambda: len(shop.platforms.ledger.received) == 1)
    assert [one.text for one in shop.platforms.ledger.received] == ["Chào chị ạ"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"private": True, "text": "Chào chị. " * 300}, "private_answer_too_long"),
        pytest.param({"text": "a" * 8001}, "comment_too_long"),
        pytest.param({"buttons": [{"title": "A", "payload": "a"}]}, "comment_text_only"),
    ],
)
async def test_what_a_comment_cannot_be_answered_with_is_refused_at_once(
    shop: CommentService, fields: dict[str, Any], reason: str
) -> None:
    comment = await shop.comments("Giá?")
    body = {"client_id": "c", "text": "Dạ", **fields}
    path = f"conversations/{shop.thread_of(comment)}/messages"

    answer = await shop.call("POST", path, body)

    assert (answer.status, answer.json["reason_code"]) == (422, reason)


async def test_a_removed_comment_is_not_answered(shop: CommentService) -> None:
    first = await shop.comments("Giá sao shop?")
    gone = await shop.comments("Quảng cáo", under=first, person=1)
    page = shop.platforms.graph.pages.of_account(first.account_id)
    assert page is not None
    shop.platforms.webhooks.post(shop.platforms.comments.remove(page, gone.id).echoes)
    await shop.platforms.settle()

    async def is_gone() -> bool:
        return (await shop.message(gone))["removed_at"] is not None

    await until(is_gone)
    named = await shop.says(first, "Dạ", reply_to=shop.id_of(gone))
    assert (named.status, named.json["code"]) == (409, "comment_removed")
    answer = await shop.says(first, "Dạ 250k")
    assert answer.json["reply_to"] == shop.id_of(first)
