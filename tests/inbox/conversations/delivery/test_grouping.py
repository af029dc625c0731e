"""What is asked for at the same time is done together, and fails alone."""

import asyncio
from collections.abc import Sequence

import pytest

from inbox.conversations.delivery.grouping import Grouped


class Doubling:
    """Doubles numbers; fails on negative ones. `groups` is what came together."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        await self.gate.wait()
        if any(number < 0 for number in numbers):
            raise ValueError(min(numbers))
        return [2 * number for number in numbers]


async def test_one_alone_does_not_wait_for_others() -> None:
    doubling = Doubling()

    assert await Grouped(doubling).do(3) == 6

    assert doubling.groups == [[3]]


async def test_what_comes_while_one_group_is_worked_on_is_the_next_group() -> None:
    doubling = Doubling()
    doubling.gate.clear()
    grouped = Grouped[int, int](doubling, at_once=1, most=3)
    asked = [asyncio.create_task(grouped.do(0))]
    await asyncio.sleep(0)
    asked += [asyncio.create_task(grouped.do(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    doubling.gate.set()

    assert await asyncio.gather(*asked) == [0, 2, 4, 6, 8, 10]
    assert doubling.groups == [[0], [1, 2, 3], [4, 5]]


async def test_a_bad_item_fails_alone() -> None:
    grouped = Grouped[int, int](Doubling(), at_once=1)

    results = await asyncio.gather(*map(grouped.do, (1, 2, -3, 4)), return_exceptions=True)

    assert results[:2] + results[3:] == [2, 4, 8]
    assert isinstance(results[2], ValueError)


async def test_who_goes_away_takes_nobody_along() -> None:
    doubling = Doubling()
    doubling.gate.clear()
    grouped = Grouped[int, int](doubling, at_once=1)
    asked = [asyncio.create_task(grouped.do(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    asked[0].cancel()
    doubling.gate.set()

    assert await asked[1] == 4
    with pytest.raises(asyncio.CancelledError):
        await asked[0]
