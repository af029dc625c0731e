"""Chooses who plays which script and when: a history of three days, then whoever writes next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.demo.conversations import STORIES, stories_on
from app.demo.conversations.details import details_for
from app.demo.conversations.story import SHOP_MOVES, Move, Story
from app.demo.people import PEOPLE, Person
from app.demo.scene import Scene

_ANSWERED_TO_THE_END = 0.65
_DAYS = 3
_OPENS_UTC, _OPEN_MINUTES = 1, 14 * 60
"""Customers write from 8:00 to 22:00 in Vietnam, which is 01:00 to 15:00 UTC."""

_SHOP_TAKES = (25, 400)
_CUSTOMER_TAKES = (6, 90)
"""Seconds until the next move."""

_ON_ITS_WAY = timedelta(seconds=1)
"""Between a live message being written and its webhook."""

_FEWEST_AT_ONCE, _MOST_AT_ONCE = 4, 8


def _nobody(_: Person) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Act:
    """A move of a scene at its time."""

    at: datetime
    scene: Scene
    move: Move


class Cast:
    """Makes scenes; everything that is left to chance comes from `random`.

    `name` goes into the ids of all messages: two casts of one name write the same messages.
    """

    def __init__(self, name: str, random: Random, media_url: Callable[[str], str]) -> None:
        self._name = name
        self._random = random
        self._media_url = media_url
        self._scenes = 0
        self._playing: list[tuple[Scene, list[Move]]] = []

    def scene(self, person: Person, story: Story) -> Scene:
        self._scenes += 1
        details = details_for(person, self._random)
        return Scene(f"{self._name}:{self._scenes}", person, story, details, self._media_url)

    def history(self, until: datetime, conversations: int) -> list[Act]:
        """What happened in the three days before `until`, in order of time."""
        acts: list[Act] = []
        free = list(PEOPLE)
        for story in self._random.sample(STORIES, min(conversations, len(STORIES))):
            candidates = [person for person in free if person.channel in story.channels]
            if not candidates:  # everybody of this channel has a conversation already
                candidates = [person for person in PEOPLE if person.channel in story.channels]
            person = self._random.choice(candidates)
            free = [one for one in free if one is not person]
            acts += self._timed(self.scene(person, story), until)
        return sorted(acts, key=lambda act: act.at)

    def next(self, now: datetime, attended: Callable[[Person], bool] = _nobody) -> Act:
        """What happens now: a conversation goes on, or somebody begins one.

        Who is `attended`, because somebody answers them, leaves their script for good.
        """
        self._playing = [one for one in self._playing if not attended(one[0].person)]
        count = len(self._playing)
        if count < _FEWEST_AT_ONCE or (count < _MOST_AT_ONCE and self._random.random() < 1 / 4):
            self._begin(attended)
        scene, moves = playing = self._random.choice(self._playing)
        move = moves.pop(0)
        if not moves:
            self._playing.remove(playing)
        return Act(now - _ON_ITS_WAY, scene, move)

    def _begin(self, attended: Callable[[Person], bool]) -> None:
        busy = {scene.person.number for scene, _ in self._playing}
        free = [one for one in PEOPLE if one.number not in busy]
        person = self._random.choice([one for one in free if not attended(one)] or free)
        story = self._random.choice(stories_on(person.channel))
        self._playing.append((self.scene(person, story), self._attended(story)))

    def _attended(self, story: Story) -> list[Move]:
        """The moves up to where the shop stops answering: somebody is left waiting."""
        answers = [n for n, move in enumerate(story.moves) if n and isinstance(move, SHOP_MOVES)]
        if not answers or self._random.random() < _ANSWERED_TO_THE_END:
            return list(story.moves)
        return list(story.moves[: self._random.choice(answers)])

    def _timed(self, scene: Scene, until: datetime) -> Iterable[Act]:
        """The moves of a scene with their times, all of them before `until`."""
        moves = self._attended(scene.story)
        ages = [timedelta()]
        for move in moves[1:]:
            takes = _SHOP_TAKES if isinstance(move, SHOP_MOVES) else _CUSTOMER_TAKES
            ages.append(ages[-1] + timedelta(seconds=self._random.uniform(*takes)))
        latest = until - ages[-1] - timedelta(seconds=self._random.uniform(20, 900))
        start = min(self._opening_hours(until), latest)
        return [Act(start + age, scene, move) for age, move in zip(ages, moves, strict=True)]

    def _opening_hours(self, until: datetime) -> datetime:
        day = until.replace(hour=_OPENS_UTC, minute=0, second=0, microsecond=0)
        day -= timedelta(days=self._random.randrange(_DAYS))
        return day + timedelta(minutes=self._random.uniform(0, _OPEN_MINUTES))
