"""Tasks that are to end do so, even when a cancellation gets lost."""

import asyncio

from inbox.cancelling import end


async def deaf(forgets: int, began: asyncio.Event) -> None:
    """Goes on after the first cancellations, as what waits by asyncio.wait_for may."""
    while True:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            forgets -= 1
            if forgets < 0:
                raise


async def test_a_task_that_forgets_its_cancellation_is_cancelled_again() -> None:
    began = asyncio.Event()
    task = asyncio.create_task(deaf(2, began))
    await began.wait()

    async with asyncio.timeout(10):
        await end([task])

    assert task.cancelled()


async def test_tasks_that_have_ended_or_failed_are_no_reason_to_wait() -> None:
    async def fails() -> None:
        raise ValueError("on its own")

    tasks = [asyncio.create_task(fails()), asyncio.create_task(asyncio.sleep(0))]
    await asyncio.wait(tasks)

    async with asyncio.timeout(10):
        await end(tasks)
        await end([])

    assert isinstance(tasks[0].exception(), ValueError)
