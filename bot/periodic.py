"""Running a function at regular intervals, or whenever there may be something to do."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sized
from typing import Final, TypeVar

from bot.change_signal import ChangeSignal
from bot.domain.outages import find_outage, get_reason
from shared.errors import PentimentoError
from shared.outage_log import OutageLog

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_REST_SECONDS: Final = 60.0
"""How long a function rests at most, in case a change was overlooked."""

MAX_WAIT_SECONDS: Final = 10.0
"""How long it rests at most while something is due later, in case a clock was set."""

SETTLING_RATIO: Final = 0.5
"""After which part of its interval a resting function follows a change.

One round then sees several changes, and what is on its way to a person is not held up by the rounds of all functions.
"""


async def run_every(
    interval_seconds: float,
    function: Callable[[], Awaitable[None]],
    description: str,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Call the function until cancelled, with a pause after each round. A failure that lasts is logged once a minute.

    `description` names the work, as in "updating the status messages". `sleep` makes the pause.
    """
    reporter = _RoundReporter(interval_seconds, description)
    while True:
        await reporter.run_round(function)
        await sleep(interval_seconds)


async def run_on_changes(
    interval_seconds: float, function: Callable[[], Awaitable[float]], changes: ChangeSignal, description: str
) -> None:
    """Call the function until cancelled, with a pause after each round that lasts until there may be something to do.

    The function returns for how many seconds it may rest unless the database changes: 0 if something waits, and
    infinity if nothing is due at any time. The pause lasts at least the interval, which is all of it after a failure
    or a change that came since the round began.
    """
    reporter = _RoundReporter(interval_seconds, description)
    while True:
        seen_count = changes.count
        rest_seconds = await reporter.run_round(function) or 0.0
        await asyncio.sleep(interval_seconds)
        rest_seconds = MAX_REST_SECONDS if math.isinf(rest_seconds) else min(rest_seconds, MAX_WAIT_SECONDS)
        rest_seconds -= interval_seconds
        if rest_seconds > 0 and changes.count == seen_count and await changes.wait_for_change(seen_count, rest_seconds):
            await asyncio.sleep(interval_seconds * SETTLING_RATIO)


def choose_rest(waiting: Sized) -> float:
    """Return for how many seconds a function may rest that has found these: not at all, if there were any."""
    return 0.0 if waiting else math.inf


class _RoundReporter:
    """Runs rounds and logs those that fail: the next one has to come all the same."""

    def __init__(self, interval_seconds: float, description: str) -> None:
        self._outage = OutageLog(log, f"{description} works")
        self._failure = f"{description} failed; the next round tries again in {interval_seconds:g} s"

    async def run_round(self, function: Callable[[], Awaitable[T]]) -> T | None:
        """Call the function; return its result, None if it failed."""
        try:
            result = await function()
        except PentimentoError as error:
            self._outage.report_failure(f"{self._failure}: {error}")
        except Exception as error:  # noqa: BLE001 - the next round has to come all the same
            outage = find_outage(error)
            reason = get_reason(outage) if outage else repr(error)
            self._outage.report_failure(f"{self._failure}: {reason}", error=None if outage else error)
        else:
            self._outage.report_success()
            return result
        return None
