"""Comments hidden, liked and taken back through the whole service, and told by the platform."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.demo.faults import Fault, Refusal
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.comment_service import Answered, CommentService, comment_service
from tests.waiting import until


@pytest.fixture
async def shop(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[CommentService]:
    async with comment_service(mongo, mongo_uri, tmp_path, clock) as shop:
        yield shop


async def hide(shop: CommentService, message_id: str, *, hidden: bool, **more: Any) -> Answered:
    return await shop.call("POST", f"messages/{message_id}/hidden", {"hidden": hidden}, **more)


async def audited(shop: CommentService) -> list[tuple[str, str]]:
    """What was done to messages, and by which kind of actor, oldest first."""
    found = shop.mongo["audit"].find({"target.kind": "message"}).sort("_id", 1)
    return [(one["action"], one["actor"]["kind"]) async for one in found]


async def settled(shop: CommentService, message_id: str, *, hidden: bool) -> None:
    await shop.platforms.settle()

    async def is_so() -> bool:
        found = await shop.mongo["messages"].find_one({"_id": message_id})
        return found is not None and (found.get("hidden") or {}).get("value") is hidden

    await until(is_so)


@pytest.mark.parametrize("channel", ["facebook", "instagram"])
async def test_a_comment_is_hidden_and_shown_again_however_often_it_is_asked(
    shop: CommentService, channel: Any
) -> None:
    comment = await shop.comments("Số mình 0900000101", channel=channel)
    id_ = shop.id_of(comment)

    for hidden in (True, True, False, False, True):
        answer = await hide(shop, id_, hidden=hidden)
        assert (answer.status, answer.json["hidden"]) == (200, hidden)
        assert comment.hidden is hidden
        await settled(shop, id_, hidden=hidden)

    assert (await shop.message(comment))["hidden"] is True
    assert await audited(shop) == [
        ("comment_hidden", "staff"),
        ("comment_shown", "staff"),
        ("comment_hidden", "staff"),
    ]


async def test_what_the_page_hides_in_its_own_tool_is_shown_here(shop: CommentService) -> None:
    comment = await shop.comments("Bán hàng giả")
    for hidden in (True, False):
        await shop.elsewhere_hides(comment, hidden=hidden)
        await settled(shop, shop.id_of(comment), hidden=hidden)
    assert await audited(shop) == []


async def test_why_the_platform_does_not_hide_is_told_in_both_languages(
    shop: CommentService,
) -> None:
    comment = await shop.comments("Giá?")
    shop.platforms.faults.script("comment", *[Refusal(code=200)] * 2, Fault.RESET_AFTER)

    vi = await hide(shop, shop.id_of(comment), hidden=True)
    en = await hide(shop, shop.id_of(comment), hidden=True, **{"Accept-Language": "en"})
    silent = await hide(shop, shop.id_of(comment), hidden=True)

    assert (vi.status, vi.json["code"]) == (409, "moderation_refused")
    assert (vi.json["reason_code"], vi.json["platform_code"]) == ("moderation_not_permitted", "200")
    assert "cấp quyền quản lý bình luận" in vi.json["detail"]
    assert "has not permitted the app to manage comments" in en.json["detail"]
    assert (silent.status, silent.json["code"]) == (503, "moderation_unavailable")
    await settled(shop, shop.id_of(comment), hidden=True)  # it was done, and the feed says so


async def test_only_customers_comments_are_hidden_by_those_who_see_them(
    shop: CommentService,
) -> None:
    comment = await shop.comments("Giá?")
    answer = await shop.says(comment, "Dạ 250k")
    note = await shop.says(comment, "Khách quen", internal=True)
    for message_id in (answer.json["id"], note.json["id"]):
        refused = await hide(shop, message_id, hidden=True)
        assert (refused.status, refused.json["code"]) == (409, "not_moderated")
    stranger = await hide(shop, shop.id_of(comment), hidden=True, as_=shop.elsewhere)
    assert (stranger.status, comment.hidden) == (403, False)
    assert (await hide(shop, "nobody", hidden=True)).status == 404


async def test_a_comment_is_liked_and_not_any_more(shop: CommentService) -> None:
    comment = await shop.comments("Hàng đẹp quá")
    path = f"messages/{shop.id_of(comment)}/liked"

    liked = await shop.call("POST", path, {"liked": True})
    assert [(one["by"], one["emoji"]) for one in liked.json["reactions"]] == [("account", "like")]
    assert comment.liked is True
    await shop.platforms.settle()
    unliked = await shop.call("POST", path, {"liked": False})
    assert (unliked.json["reactions"], comment.liked) == ([], False)

    on_instagram = await shop.comments("Đẹp", channel="instagram")
    refused = await shop.call("POST", f"messages/{shop.id_of(on_instagram)}/liked", {"liked": True})
    assert (refused.status, refused.json["code"]) == (409, "not_moderated")


async def test_a_public_answer_of_ours_is_taken_back_for_good(shop: CommentService) -> None:
    comment = await shop.comments("Giá?")
    answer = await shop.says(comment, "Dạ 25k")
    id_ = answer.json["id"]
    await shop.becomes(id_, shop.thread_of(comment), "sent")

    for _ in range(2):
        removed = await shop.call("POST", f"messages/{id_}/removed")
        assert (removed.status, removed.json["text"]) == (200, None)
        assert removed.json["removed_at"] is not None
        await shop.platforms.settle()

    [received] = shop.platforms.ledger.received
    assert shop.platforms.world.comments[received.platform_id].removed is True
    assert await audited(shop) == [("comment_removed", "staff")]
    customers = await shop.call("POST", f"messages/{shop.id_of(comment)}/removed")
    assert (customers.status, customers.json["code"]) == (409, "not_moderated")


async def test_hiding_is_told_to_every_open_inbox(shop: CommentService) -> None:
    comment = await shop.comments("Giá?")
    headers = {"Authorization": f"Bearer {shop.mine}"}
    async with shop.session.ws_connect(f"{shop.url}/api/v1/live", headers=headers) as live:
        await hide(shop, shop.id_of(comment), hidden=True)

        async def told() -> bool:
            frame = await live.receive_json(timeout=10)
            message = frame["data"].get("message") or {}
            return bool(message.get("hidden"))

        await until(told)
