"""Who writes what and when: a history that repeats exactly, and conversations that go on."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from random import Random

from app.demo.cast import Act, Cast
from app.demo.people import PEOPLE
from inbox.clock import FixedClock
from tests.demo_bodies import SECRETS, media_url

UNTIL = SECRETS.created_at


def history(seed: int) -> list[Act]:
    return Cast("history", Random(seed), media_url).history(UNTIL, 26)


def outline(acts: list[Act]) -> list[tuple[object, ...]]:
    return [(act.at, act.scene.key, act.scene.details.words, act.move) for act in acts]


def test_the_same_seed_tells_the_same_history_and_another_one_does_not() -> None:
    assert outline(history(1)) == outline(history(1))
    assert outline(history(1)) != outline(history(2))


def test_history_fills_the_last_three_days_in_opening_hours() -> None:
    acts = history(1)
    assert [act.at for act in acts] == sorted(act.at for act in acts)
    assert UNTIL - timedelta(days=3) < acts[0].at
    assert acts[-1].at < UNTIL
    assert len({act.at.date() for act in acts}) == 3
    starts = {act.scene.key: act.at for act in reversed(acts)}
    assert len(starts) == 26
    local = [(at + timedelta(hours=7)).hour for at in starts.values()]
    assert all(8 <= hour < 22 for hour in local)


def test_history_has_many_people_on_every_channel_and_some_left_waiting() -> None:
    acts = history(1)
    scenes = {act.scene.key: act.scene for act in acts}
    channels = Counter(scene.person.channel for scene in scenes.values())
    assert set(channels) == {"facebook", "instagram", "zalo"}
    assert len({scene.person.number for scene in scenes.values()}) >= 20
    moves = Counter(act.scene.key for act in acts)
    cut = [key for key, count in moves.items() if count < len(scenes[key].story.moves)]
    assert 3 < len(cut) < 15


def test_live_conversations_go_back_and_forth_and_end(clock: FixedClock) -> None:
    cast = Cast("live", Random(3), media_url)
    acts = []
    for _ in range(400):
        clock.advance(timedelta(seconds=4))
        acts.append(cast.next(clock.now()))
        assert acts[-1].at == clock.now() - timedelta(seconds=1)
    moves = Counter(act.scene.key for act in acts)
    assert len(moves) > 40
    for key, count in moves.items():
        scene = next(act.scene for act in acts if act.scene.key == key)
        assert [act.move for act in acts if act.scene.key == key] == list(scene.story.moves[:count])
    changes = sum(a.scene is not b.scene for a, b in pairwise(acts))
    assert changes > 200


def test_whom_somebody_answers_leaves_their_script_and_begins_no_other(clock: FixedClock) -> None:
    cast = Cast("live", Random(3), media_url)
    answered: set[int] = set()
    for _ in range(300):
        act = cast.next(clock.now(), lambda person: person.number in answered)
        assert act.scene.person.number not in answered
        if len(answered) < len(PEOPLE) // 2:
            answered.add(act.scene.person.number)
