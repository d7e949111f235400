"""Ending asyncio tasks, and letting them wake up together."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any


async def end_tasks(tasks: Iterable[asyncio.Future[Any]], *, interval_seconds: float, timeout_seconds: float) -> None:
    """Cancel tasks, and wait until they have ended, or the timeout is over.

    Those that have not ended after the interval are cancelled again: a command of redis-py can take a cancellation for
    its own timeout and return, after which the task would go on.
    """
    deadline = time.monotonic() + timeout_seconds
    pending = set(tasks)
    while pending and (remaining := deadline - time.monotonic()) > 0:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=min(interval_seconds, remaining))


async def sleep_until_tick(interval_seconds: float) -> None:
    """Sleep until the event loop's clock is a multiple of the interval: for at most as long.

    Small tasks that wake up in the same moment cost a fraction of what they cost one by one.
    """
    now = asyncio.get_running_loop().time()
    await asyncio.sleep(interval_seconds - now % interval_seconds)


def raise_if_cancelled() -> None:
    """Raise `asyncio.CancelledError` if the current task was cancelled.

    A cancelled command of redis-py can end as an error or a reply of the client's.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
