"""Running a function at regular intervals."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


async def run_every(interval_seconds: float, function: Callable[[], Awaitable[None]], description: str) -> None:
    """Call the function until cancelled, with a pause after each round. A failed round is logged."""
    while True:
        try:
            await function()
        except Exception:
            log.exception("%s failed; the next round tries again in %g s", description, interval_seconds)
        await asyncio.sleep(interval_seconds)
