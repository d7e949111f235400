"""A signal for those who wait until the database has changed."""

import asyncio
import contextlib


class ChangeSignal:
    """Counts changes of the database, and wakes those who wait for one. It belongs to one event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._event = asyncio.Event()

    @property
    def count(self) -> int:
        """How many changes were announced so far."""
        return self._count

    def announce(self) -> None:
        """Count a change, and wake those who wait."""
        self._count += 1
        self._event.set()

    async def wait_for_change(self, seen_count: int, timeout_seconds: float) -> bool:
        """Wait until more changes were announced than these; return False if none was within the timeout."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                while self._count == seen_count:
                    self._event.clear()
                    await self._event.wait()
        return self._count != seen_count
