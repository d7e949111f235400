"""Measures by how much the event loop is late: the time that somebody's click waits for others' work."""

import asyncio
from collections.abc import Callable
from typing import Final

INTERVAL_SECONDS: Final = 0.5


async def measure_loop_lag(note_lag: Callable[[float], None]) -> None:
    """Call `note_lag` twice a second with the seconds by which a timer was late, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due_at = loop.time() + INTERVAL_SECONDS
        await asyncio.sleep(INTERVAL_SECONDS)
        note_lag(max(0.0, loop.time() - due_at))
