"""Reading back whether a message of unknown fate arrived."""

import unicodedata
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.ports import Absent, Card, Outgoing, Part
from tests.channels.facebook.graph_world import (
    COMMENT,
    INSTAGRAM_ACCOUNT,
    PAGE_ID,
    PERSON_ID,
    PRIVATELY,
    World,
    a_file,
    graph_world,
    refusal,
)
from tests.channels.scripted_platform import Reply, Stall, Step


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with graph_world(mongo, clock) as world:
        yield world


def graph_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def message(
    world: World, message_id: str, text: str = "Chào chị", *, author: str = PAGE_ID, **more: Any
) -> dict[str, Any]:
    return {
        "id": message_id,
        "created_time": graph_time(world.clock.now()),
        "from": {"id": author, "name": "Ai đó"},
        "message": text,
    } | more


def history(*messages: dict[str, Any]) -> Reply:
    return Reply({"data": [{"id": "t_1", "messages": {"data": list(messages)}}]})


async def found(world: World, step: Step, outgoing: Outgoing | None = None) -> str | Absent | None:
    world.graph.will(step)
    return await world.messenger.find_sent(outgoing or world.outgoing(), world.clock.now())


async def test_message_is_found_by_its_words_author_and_time(world: World) -> None:
    listed = history(
        message(world, "m_theirs", author=PERSON_ID),
        message(world, "m_other", "Dạ vâng"),
        message(world, "m_1", "Chào chị "),
        message(
            world,
            "m_before",
            created_time=graph_time(world.clock.now() - timedelta(minutes=1)),
        ),
    )

    assert await found(world, listed) == "m_1"

    (request,) = world.graph.received
    assert (request.method, request.path) == ("GET", f"/v26.0/{PAGE_ID}/conversations")
    assert request.query["user_id"] == PERSON_ID
    assert request.query["platform"] == "messenger"
    assert "message" in request.query["fields"]


async def test_accents_may_come_back_composed_differently(world: World) -> None:
    composed, decomposed = (
        unicodedata.normalize(form, "Đặng Thị Hường") for form in ("NFC", "NFD")
    )

    listed = history(message(world, "m_1", composed))

    assert await found(world, listed, world.outgoing(decomposed)) == "m_1"


async def test_newest_of_several_equal_messages_is_found(world: World) -> None:
    earlier = graph_time(world.clock.now() - timedelta(seconds=1))
    listed = history(message(world, "m_2"), message(world, "m_1", created_time=earlier))

    assert await found(world, listed) == "m_2"


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Reply({"data": []}), id="no conversation"),
        pytest.param(Reply({}), id="nothing"),
        pytest.param(Reply({"data": [{"id": "t_1"}]}), id="no messages"),
        pytest.param(Reply({"data": [{"messages": {"data": [{}, {"id": 3}]}}]}), id="odd messages"),
        pytest.param(Reply({"data": "?"}), id="odd list"),
        pytest.param(refusal(9000001), id="older than the readable ones"),
        pytest.param(refusal(190), id="token dead"),
        pytest.param(Reply(b"<html>", status=502), id="gateway"),
        pytest.param(Stall(), id="stall"),
    ],
)
async def test_what_cannot_be_read_is_unknown(world: World, step: Step) -> None:
    assert await found(world, step) is None


async def test_message_whose_time_cannot_be_read_is_none(world: World) -> None:
    assert await found(world, history(message(world, "m_1", created_time="?"))) is None


async def test_file_is_found_by_its_kind(world: World) -> None:
    image: dict[str, Any] = {"attachments": {"data": [{"id": "1", "mime_type": "image/jpeg"}]}}
    video: dict[str, Any] = {"attachments": {"data": [{"id": "2", "mime_type": "video/mp4"}]}}
    listed = history(message(world, "m_v", "", **video), message(world, "m_i", "", **image))

    assert await found(world, listed, world.outgoing(file=a_file())) == "m_i"


async def test_sticker_is_found(world: World) -> None:
    listed = history(message(world, "m_1", "", sticker="https://cdn.example/s.png"))

    sent = world.outgoing(part=Part(0, sticker="369239263222822"))
    assert await found(world, listed, sent) == "m_1"


async def test_public_answer_is_found_among_the_answers(world: World) -> None:
    answers = Reply(
        {
            "data": [
                message(world, "55_8", "Giá ạ?", author="9"),
                message(world, "55_9"),
            ]
        }
    )

    assert await found(world, answers, world.outgoing(recipient=COMMENT)) == "55_9"
    assert world.graph.received[0].path == "/v26.0/55_66/comments"


async def test_answer_to_an_instagram_comment_is_found(world: World) -> None:
    now = graph_time(world.clock.now())
    answers = Reply({"data": [{"id": "9", "text": "Chào chị", "timestamp": now}]})
    world.graph.will(answers)
    sent = world.outgoing(recipient=COMMENT, account=INSTAGRAM_ACCOUNT)

    assert await world.instagram.find_sent(sent, world.clock.now()) == "9"
    assert world.graph.received[0].path == "/v26.0/55_66/replies"


async def test_private_answer_is_found_in_the_conversation_that_it_began(world: World) -> None:
    now = graph_time(world.clock.now())
    said = [
        {"id": "m_7", "message": "Chào chị", "created_time": now, "from": {"id": PERSON_ID}},
        {"id": "m_8", "message": "Chào chị", "created_time": now, "from": {"id": PAGE_ID}},
    ]
    conversation = {"messages": {"data": said}}
    sent = world.outgoing(recipient=PRIVATELY)

    answer = Reply({"id": "55_66", "private_reply_conversation": conversation})
    assert await found(world, answer, sent) == "m_8"
    assert await found(world, Reply({"id": "55_66"}), sent) is None


async def test_private_answer_on_instagram_cannot_be_read_back(world: World) -> None:
    sent = world.outgoing(recipient=PRIVATELY, account=INSTAGRAM_ACCOUNT)

    assert await world.instagram.find_sent(sent, world.clock.now()) is None
    assert world.graph.received == []


async def test_answer_under_another_comment_is_looked_for_there_and_under_the_first(
    world: World,
) -> None:
    now = graph_time(world.clock.now())
    world.graph.will(Reply({"data": []}))
    answers = Reply({"data": [{"id": "55_9", "message": "Chào chị", "created_time": now}]})

    sent = world.outgoing(recipient=COMMENT, reply_to="55_70")
    assert await found(world, answers, sent) == "55_9"
    paths = [one.path for one in world.graph.received]
    assert paths == ["/v26.0/55_70/comments", "/v26.0/55_66/comments"]


async def test_history_is_asked_twice_a_second_at_most(world: World) -> None:
    world.graph.will(*[Reply({"data": []})] * 5)
    began = world.clock.now()

    for _ in range(5):
        await world.messenger.find_sent(world.outgoing(), world.clock.now())

    assert len(world.graph.received) == 5
    assert world.clock.now() - began >= timedelta(seconds=2)


async def test_text_is_absent_only_where_the_history_goes_back_far_enough(world: World) -> None:
    other = message(world, "m_2", "Dạ vâng")
    before = graph_time(world.clock.now() - timedelta(minutes=1))

    assert await found(world, history(other)) is Absent.ABSENT
    assert await found(world, history(*[other] * 20)) is None
    older = message(world, "m_0", "Dạ vâng", created_time=before)
    assert await found(world, history(*[other] * 19, older)) is Absent.ABSENT
    assert await found(world, history({**other, "id": None})) is None


async def test_cards_are_not_taken_for_a_message_without_words(world: World) -> None:
    cards = Part(0, cards=(Card("Áo khoác dạ"),))
    listed = history(message(world, "m_picture", ""))

    assert await found(world, listed, world.outgoing(part=cards)) is None
