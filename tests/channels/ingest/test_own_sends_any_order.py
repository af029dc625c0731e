"""What we sent, its answers, echoes and facts, applied in any order and repetition: one result."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.clock import FixedClock
from inbox.conversations.changes import (
    Acknowledge,
    Change,
    EditMessage,
    KeepMessage,
    KeepSent,
    React,
    RemoveMessage,
)
from inbox.conversations.delivery.turns import Subject
from inbox.conversations.meeting import reference
from inbox.conversations.model import Author, MessageRef, ThreadRef
from inbox.conversations.parts import set_parts
from inbox.mongo.client import Mongo
from tests.projection import projection
from tests.reply_world import PAGE, ReplyWorld

COLLECTIONS = ("conversations", "messages", "platform_ids", "live_events", "accounts", "customers")
Stored = dict[str, list[dict[str, Any]]]


class Scene:
    """One conversation with three messages of ours on their way, and what is told of them."""

    def __init__(self, world: ReplyWorld, stored: Stored, changes: Sequence[Change]) -> None:
        self.world = world
        self.stored = stored
        self.changes = changes

    async def projected(self, changes: Sequence[Change], sizes: Sequence[int]) -> dict[str, Any]:
        """What the database says after these changes, applied in batches of these sizes."""
        for name in COLLECTIONS:
            await self.world.mongo[name].delete_many({})
            if self.stored[name]:
                await self.world.mongo[name].insert_many(self.stored[name])
        start = 0
        for size in [*sizes, len(changes)]:
            if batch := changes[start : start + size]:
                await self.world.apply(*batch)
            start += size
        return await projection(self.world.mongo)


@pytest.fixture
async def scene(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> Scene:
    world = ReplyWorld(mongo, clock, tmp_path)
    await world.connect()
    thread = await world.thread()
    ids = [
        await world.say(thread, text, text)
        for text in ("Phần một rất dài, dài hơn bốn mươi ký tự là hai tin", "Giá 350k", "Cảm ơn")
    ]
    for id_ in ids:
        await world.delivery.change(id_, being_sent(clock))
    stored: Stored = {name: await mongo[name].find().to_list() for name in COLLECTIONS}
    where = (await world.conversation_of(thread))["external_id"]
    return Scene(world, stored, told(ThreadRef("facebook", PAGE, "inbox", where), ids, clock))


def being_sent(clock: FixedClock) -> Callable[[Subject], None]:
    """All of its parts at once, as after several workers."""
    fields = {"state": "sending", "token": "t", "at": clock.now(), "attempts": 1}
    return lambda subject: set_parts(subject.message, lambda _: fields)


def told(thread: ThreadRef, ids: Sequence[str], clock: FixedClock) -> tuple[Change, ...]:
    long, named_by_words, odd = ids
    start = clock.now()

    def at(seconds: float) -> Any:
        return start + timedelta(seconds=seconds)

    def ref(external_id: str) -> MessageRef:
        return MessageRef("facebook", PAGE, external_id)

    def wrote(seconds: float, external_id: str, text: str, **fields: Any) -> KeepMessage:
        ours: dict[str, Any] = {"direction": "out", "author": Author("automation"), "own": True}
        return KeepMessage(
            message=ref(external_id),
            thread=thread,
            customer=None,
            at=at(seconds),
            text=text,
            **(ours | fields),
        )

    def answered(id_: str, n: int, external_id: str) -> KeepSent:
        return KeepSent(id_, n, ref(external_id), thread, at(9))

    customer: dict[str, Any] = {"direction": "in", "author": Author("customer"), "own": False}
    return (
        answered(long, 0, "a0"),
        answered(long, 1, "a1"),
        answered(named_by_words, 0, "b0"),
        answered(odd, 0, "c0"),
        wrote(1, "a0", "…", extra={"metadata": reference(long, 0)}),
        wrote(2, "a1", "…", extra={"metadata": reference(long, 1)}),
        wrote(3, "b0", "Giá 350k"),
        wrote(4, "c0", "Cảm ơn bạn"),  # the platform echoes other words
        wrote(4, "c0", "Cảm ơn bạn", own=False),
        wrote(5, "other", "Chào mừng", own=False),
        React(ref("a1"), thread, at(6), "hoa", "❤"),
        React(ref("c0"), None, at(6), "hoa", "👍"),
        EditMessage(ref("b0"), thread, at(7), 1, "Giá 340k"),
        RemoveMessage(ref("c0"), thread, at(8)),
        Acknowledge("delivered", thread, at(5), messages=(ref("a0"), ref("a1"), ref("b0"))),
        Acknowledge("seen", thread, at(8), up_to=at(3)),
        wrote(6, "q1", "Cái này ạ", reply_to=ref("a1"), **customer),
        wrote(7, "q2", "Còn cái này?", reply_to=ref("c0"), **customer),
    )


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_any_order_batching_and_repetition_gives_one_result(
    scene: Scene, data: st.DataObject
) -> None:
    known = range(len(scene.changes))
    expected = await scene.projected(scene.changes, [])
    order = data.draw(st.permutations(known))
    repeated = data.draw(st.lists(st.sampled_from(known), max_size=8))
    sizes = data.draw(st.lists(st.integers(1, 4), max_size=8))
    changes = [scene.changes[index] for index in (*order, *repeated)]

    assert await scene.projected(changes, sizes) == expected


async def test_the_result_is_one_message_per_send(scene: Scene) -> None:
    result = await scene.projected(scene.changes, [1] * 20)

    messages = [one for key, one in result.items() if key.startswith("messages/")]
    ours = [one for one in messages if "client_id" in one]
    assert len(messages) == 3 + 1 + 2
    assert {one["status"] for one in ours} == {"sent"}
    quotes = {one.get("reply_to") for one in messages} - {None}
    assert quotes == {ours[0]["_id"], ours[2]["_id"]}
