"""Hiding, liking and deleting comments: what is called, and what faults mean for a comment."""

from collections.abc import AsyncIterator

import pytest

from channels.facebook.access import PageAccounts
from channels.facebook.failures import CommentGone, ModerationNotPermitted, RateLimited, TokenDead
from channels.facebook.messenger import FacebookParts
from channels.facebook.moderating import FacebookComments
from channels.facebook.planning import FACEBOOK, INSTAGRAM, plan
from channels.facebook.traffic import Traffic
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.ports import Button, Draft, SendError, SendRefused, SendUncertain
from tests.channels.facebook.graph_world import (
    ACCOUNT,
    INSTAGRAM_ACCOUNT,
    World,
    a_file,
    graph_world,
    refusal,
)
from tests.channels.scripted_platform import Reply, Stall

DONE = Reply({"success": True})


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with graph_world(mongo, clock) as world:
        yield world


def comments(world: World, *, instagram: bool = False) -> FacebookComments:
    parts = FacebookParts(
        client=world.client,
        accounts=PageAccounts(world.credentials),
        traffic=Traffic(world.buckets, world.breakers),
        clock=world.clock,
    )
    return FacebookComments("instagram" if instagram else "messenger", parts)


async def test_comments_are_hidden_liked_and_deleted_on_both_channels(world: World) -> None:
    world.graph.will(*[DONE] * 6)
    page, instagram = comments(world), comments(world, instagram=True)

    await page.hide(ACCOUNT, "55_66", hidden=True)
    await page.like(ACCOUNT, "55_66", liked=True)
    await page.like(ACCOUNT, "55_66", liked=False)
    await page.remove(ACCOUNT, "55_77")
    await instagram.hide(INSTAGRAM_ACCOUNT, "66", hidden=False)
    await instagram.remove(INSTAGRAM_ACCOUNT, "77")

    assert [(one.method, one.path, one.json) for one in world.graph.received] == [
        ("POST", "/v26.0/55_66", {"is_hidden": True}),
        ("POST", "/v26.0/55_66/likes", {}),
        ("DELETE", "/v26.0/55_66/likes", None),
        ("DELETE", "/v26.0/55_77", None),
        ("POST", "/v26.0/66", {"hide": False}),
        ("DELETE", "/v26.0/77", None),
    ]


async def test_instagram_comments_cannot_be_liked(world: World) -> None:
    instagram = comments(world, instagram=True)
    with pytest.raises(SendRefused):
        await instagram.like(INSTAGRAM_ACCOUNT, "66", liked=True)
    assert (instagram.likes, comments(world).likes) == (False, True)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(refusal(100, 33), CommentGone, id="no such comment"),
        pytest.param(refusal(200), ModerationNotPermitted, id="permission missing"),
        pytest.param(refusal(10), ModerationNotPermitted, id="feature missing"),
        pytest.param(refusal(190, 460), TokenDead, id="token dead"),
        pytest.param(refusal(32), RateLimited, id="throttled"),
        pytest.param(Stall(), SendUncertain, id="no answer"),
    ],
)
async def test_faults_are_worded_for_comments(
    world: World, step: Reply | Stall, expected: type[SendError]
) -> None:
    world.graph.will(step)
    with pytest.raises(SendError) as raised:
        await comments(world).hide(ACCOUNT, "55_66", hidden=True)
    assert type(raised.value) is expected


async def test_deleting_what_is_gone_already_is_no_error(world: World) -> None:
    world.graph.will(refusal(100, 33))
    await comments(world).remove(ACCOUNT, "55_77")
    assert len(world.graph.received) == 1


def test_a_comment_is_one_text_however_long_a_message_may_be() -> None:
    text = "Dạ còn ạ. " * 150
    assert [part.text for part in plan(Draft(text, place="comment"), FACEBOOK)] == [text.strip()]
    assert [part.text for part in plan(Draft(text, place="comment"), INSTAGRAM)] == [text.strip()]


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        pytest.param(Draft("a" * 8001, place="comment"), "comment_too_long", id="long"),
        pytest.param(Draft(None, (a_file(),), place="comment"), "comment_text_only", id="file"),
        pytest.param(
            Draft("Chọn", buttons=(Button("A", payload="a"),), place="comment"),
            "comment_text_only",
            id="buttons",
        ),
        pytest.param(Draft(" \n", place="comment"), "comment_text_only", id="blank"),
        pytest.param(Draft("a " * 1500, place="private"), "private_answer_too_long", id="private"),
        pytest.param(
            Draft("Ảnh đây", (a_file(),), place="private"), "private_answer_too_long", id="two"
        ),
    ],
)
def test_an_answer_to_a_comment_that_cannot_be_given_is_refused_beforehand(
    draft: Draft, code: str
) -> None:
    with pytest.raises(SendRefused) as raised:
        plan(draft, FACEBOOK)
    assert raised.value.code == code
