"""The health of the bot: probes of all that it needs, which decide on its heartbeat file and on /readyz alike."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bot.cached_reading import CachedReading

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_SECONDS: Final = 5.0
PROBE_TIMEOUT_SECONDS: Final = 5.0
MAX_AGE_SECONDS: Final = 1.0
"""How long the results of the probes are used again, however many ask for them."""


@dataclass(frozen=True)
class Probe:
    """Finds whether something is in order that the bot needs; an error or a delay is as good as a no.

    `key` names it in /readyz and in metrics, `name` in the log. One that is not `for_heartbeat` finds faults that no
    restart of the bot can end.
    """

    key: str
    name: str
    run: Callable[[], Awaitable[bool]]
    for_heartbeat: bool = True


class HealthMonitor:
    """Runs the probes, each at most once a second. Before the bot has started there are none."""

    def __init__(self) -> None:
        self._readings: Mapping[Probe, CachedReading[bool]] = {}

    @property
    def has_started(self) -> bool:
        """Whether the bot has got so far that it can be ready."""
        return bool(self._readings)

    def start(self, probes: Sequence[Probe]) -> None:
        """Begin to use these probes."""
        self._readings = {
            probe: CachedReading(partial(_run_probe, probe), max_age_seconds=MAX_AGE_SECONDS) for probe in probes
        }

    async def run_probes(self, *, for_heartbeat: bool = False) -> Mapping[Probe, bool]:
        """Tell which probes find all in order: all of them, or those `for_heartbeat` alone."""
        chosen = {
            probe: reading for probe, reading in self._readings.items() if probe.for_heartbeat or not for_heartbeat
        }
        results = await asyncio.gather(*(reading.load() for reading in chosen.values()))
        return dict(zip(chosen, results, strict=True))


class Heartbeat:
    """Touches a file every few seconds while the probes find all in order that a restart of the bot could mend."""

    def __init__(self, file: Path, monitor: HealthMonitor) -> None:
        self._file = file
        self._monitor = monitor
        self._reported: list[str] = []

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(HEARTBEAT_INTERVAL_SECONDS)

    async def beat(self) -> None:
        """Run the probes, and touch the file if none of them fails."""
        results = await self._monitor.run_probes(for_heartbeat=True)
        failing = [probe.name for probe, is_passed in results.items() if not is_passed]
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
            return await probe.run()
    except Exception:  # noqa: BLE001 - whatever is wrong, it is not in order
        return False
