"""Our own sends in the history: one message each, whatever tells first, and nobody else's lost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.clock import FixedClock
from inbox.conversations.changes import Change, KeepMessage, KeepSent
from inbox.conversations.delivery.turns import Subject
from inbox.conversations.meeting import reference
from inbox.conversations.model import OUTSIDE_STAFF_NAME, Author, MessageRef, ThreadRef
from inbox.conversations.parts import set_parts
from inbox.mongo.client import Mongo
from tests.projection import projection
from tests.reply_world import PAGE, ReplyWorld

COLLECTIONS = ("conversations", "messages", "platform_ids", "live_events", "accounts", "customers")
ELSEWHERE = Author("staff", None, OUTSIDE_STAFF_NAME)
Stored = dict[str, list[dict[str, Any]]]


class Scene:
    """Three messages of ours on their way, and everything that is told about them."""

    def __init__(
        self, world: ReplyWorld, stored: Stored, thread: ThreadRef, ids: Sequence[str]
    ) -> None:
        self.world = world
        self.stored = stored
        self.thread = thread
        self.ids = ids
        self.start = world.clock.now()

    def wrote(self, seconds: float, external_id: str, text: str, **fields: Any) -> KeepMessage:
        ours: dict[str, Any] = {"direction": "out", "author": Author("automation"), "own": True}
        return KeepMessage(
            message=MessageRef("facebook", PAGE, external_id),
            thread=self.thread,
            customer=None,
            at=self.start + timedelta(seconds=seconds),
            text=text,
            **(ours | fields),
        )

    def read_back(self, told: KeepMessage) -> KeepMessage:
        """The same in the history: a whole second, no reference, no app."""
        return replace(
            told,
            at=told.at.replace(microsecond=0),
            author=ELSEWHERE,
            human_reply=True,
            own=True,
            from_history=True,
            extra={},
        )

    def answered(self, number: int, external_id: str) -> KeepSent:
        at = self.start + timedelta(seconds=9)
        ref = MessageRef("facebook", PAGE, external_id)
        return KeepSent(self.ids[number], 0, ref, self.thread, at)

    async def projected(self, changes: Sequence[Change], sizes: Sequence[int]) -> dict[str, Any]:
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
    where = ThreadRef(
        "facebook", PAGE, "inbox", (await world.conversation_of(thread))["external_id"]
    )
    asked = MessageRef("facebook", PAGE, "asked")
    await world.apply(
        KeepMessage(asked, where, None, "in", Author("customer"), clock.now(), text="Còn áo ko?")
    )
    ids = [await world.say(thread, text, text) for text in ("Dạ còn ạ", "Giá 350k", "Cảm ơn")]
    for id_ in ids:
        await world.delivery.change(id_, being_sent(clock))
    stored: Stored = {name: await mongo[name].find().to_list() for name in COLLECTIONS}
    return Scene(world, stored, where, ids)


def being_sent(clock: FixedClock) -> Callable[[Subject], None]:
    fields = {"state": "sending", "token": "t", "at": clock.now(), "attempts": 1}
    return lambda subject: set_parts(subject.message, lambda _: fields)


def webhooks(scene: Scene) -> tuple[Change, ...]:
    """`a` is named by its echo and answered, `b` only named, `c` only known by its words; `d` was
    typed in the page's inbox with the words of `b`, `e` was sent by another app.
    """
    a, b, _ = scene.ids
    named_a = {"metadata": reference(a, 0)}
    named_b = {"metadata": reference(b, 0)}
    return (
        scene.answered(0, "a"),
        scene.wrote(1.234, "a", "Dạ còn ạ", extra=named_a),
        scene.wrote(2.345, "b", "Giá 350k", extra=named_b),
        scene.wrote(3.456, "c", "Cảm ơn"),
        scene.wrote(4.567, "d", "Giá 350k", own=False, author=ELSEWHERE, human_reply=True),
        scene.wrote(5.678, "e", "Chào mừng", own=False),
    )


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_the_history_adds_nothing_to_what_echoes_and_answers_tell(
    scene: Scene, data: st.DataObject
) -> None:
    told = webhooks(scene)
    expected = await scene.projected(told, [])
    again = [scene.read_back(one) for one in told if isinstance(one, KeepMessage)]
    order = data.draw(st.permutations([*told, *again]))
    sizes = data.draw(st.lists(st.integers(1, 4), max_size=8))

    assert _settled(await scene.projected(order, sizes)) == _settled(expected)


def _settled(found: dict[str, Any]) -> dict[str, Any]:
    """Without when somebody looks at the conversation next, and how often it was written."""
    return {
        key: {name: one[name] for name in one.keys() - {"delivery", "sent_parts"}}
        for key, one in found.items()
    }


async def test_a_send_in_doubt_is_found_in_the_history_by_its_words(scene: Scene) -> None:
    told = scene.read_back(scene.wrote(1, "x", "Giá 350k"))

    await scene.projected([told], [])

    kept = await scene.world.kept(scene.ids[1])
    assert (kept["status"], kept["parts"][0]["external_id"]) == ("sent", "x")
    assert await scene.world.mongo["messages"].count_documents({}) == 4


async def test_a_send_that_the_platform_worded_otherwise_ends_as_one_message(
    scene: Scene,
) -> None:
    """The history shows it as somebody else's, until the platform's answer says whose it is."""
    told = scene.read_back(scene.wrote(1, "x", "Giá: 350.000đ"))
    await scene.projected([told, scene.answered(1, "x")], [1])

    kept = await scene.world.kept(scene.ids[1])
    assert kept["status"] == "sent"
    assert await scene.world.mongo["messages"].count_documents({}) == 4
