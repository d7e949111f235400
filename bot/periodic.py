"""Running a function at regular intervals."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from shared.errors import PentimentoError
from shared.outage_log import OutageLog

log = logging.getLogger(__name__)


async def run_every(interval_seconds: float, function: Callable[[], Awaitable[None]], description: str) -> None:
    """Call the function until cancelled, with a pause after each round. A failure that lasts is logged once a minute.

    `description` names the work, as in "updating the status messages".
    """
    outage = OutageLog(log, f"{description} works")
    failure = f"{description} failed; the next round tries again in {interval_seconds:g} s"
    while True:
        try:
            await function()
        except PentimentoError as error:
            outage.report_failure(f"{failure}: {error}")
        except Exception as error:  # noqa: BLE001 - the next round has to come all the same
            outage.report_failure(f"{failure}: {error!r}", error=error)
        else:
            outage.report_success()
        await asyncio.sleep(interval_seconds)
