"""A heartbeat for a container's health check: a file that is touched while the bot can do all of its work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_SECONDS: Final = 5.0
PROBE_TIMEOUT_SECONDS: Final = 5.0

Probe = Callable[[], Awaitable[bool]]


class Heartbeat:
    """Touches the file every few seconds while each probe, by the name of what it looks at, finds all in order."""

    def __init__(self, file: Path, probes: Mapping[str, Probe]) -> None:
        self._file = file
        self._probes = probes
        self._reported: list[str] = []

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(HEARTBEAT_INTERVAL_SECONDS)

    async def beat(self) -> None:
        """Run the probes, and touch the file if none of them fails."""
        results = await asyncio.gather(*(_run_probe(probe) for probe in self._probes.values()))
        failing = [name for name, is_in_order in zip(self._probes, results, strict=True) if not is_in_order]
        if not failing:
            try:
                await asyncio.to_thread(self._file.touch)
            except OSError as error:
                failing = [f"HEARTBEAT_FILE ({error.strerror})"]
        if failing != self._reported:
            self._reported = failing
            if failing:
                log.error("the heartbeat stops until these work again: %s", ", ".join(failing))
            else:
                log.warning("the heartbeat goes on: all works")


async def _run_probe(probe: Probe) -> bool:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
            return await probe()
    except Exception:  # noqa: BLE001 - whatever is wrong, it is not in order
        return False
