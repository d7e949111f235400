"""A reading of another service that many may ask for, and that is made only now and then."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class CachedReading(Generic[T_co]):
    """Reads again when the latest reading is older than `max_age_seconds`; who asks meanwhile shares it.

    An error is not remembered. A reading ends after `timeout_seconds`, if they are given.
    """

    def __init__(
        self, read: Callable[[], Awaitable[T_co]], *, max_age_seconds: float, timeout_seconds: float | None = None
    ) -> None:
        self._read = read
        self._max_age_seconds = max_age_seconds
        self._timeout_seconds = timeout_seconds
        self._lock = asyncio.Lock()
        self._latest: tuple[float, T_co] | None = None

    async def load(self) -> T_co:
        """Return the latest reading, or make one. Raises the errors of reading, and `TimeoutError`."""
        async with asyncio.timeout(self._timeout_seconds), self._lock:
            if self._latest is None or time.monotonic() - self._latest[0] >= self._max_age_seconds:
                value = await self._read()
                self._latest = time.monotonic(), value
            return self._latest[1]
