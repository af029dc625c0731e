"""Does together what is asked for at the same time: one transaction instead of many."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Grouped(Generic[Item, Result]):
    """Groups grow by themselves: while `at_once` of them are worked on, the next one gathers.

    `work` does up to `most` items, all or nothing, and returns their results in order. When it
    fails, the halves are tried, so that one bad item fails alone. Nobody waits for a group to
    fill up; a caller that goes away does not end the group that its item is in.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int = 64,
        at_once: int = 2,
    ) -> None:
        self._work = work
        self._most = most
        self._at_once = at_once
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._working: set[asyncio.Task[None]] = set()

    async def do(self, item: Item) -> Result:
        """The result of `item`; raises what its work raised."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if len(self._working) < self._at_once:
            task = asyncio.create_task(self._run())
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return await done

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            await self._do(group)

    async def _do(self, group: Sequence[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._work([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - told to whoever asked, or tried in halves
            if len(group) > 1:
                middle = len(group) // 2
                await self._do(group[:middle])
                await self._do(group[middle:])
            elif not group[0][1].done():
                group[0][1].set_exception(error)
            return
        for (_, done), result in zip(group, results, strict=True):
            if not done.done():
                done.set_result(result)
