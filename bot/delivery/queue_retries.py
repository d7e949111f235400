"""Calls of the queue that delivery repeats until they are answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from shared.errors import PentimentoError
from shared.outage_log import OutageLog

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_RETRY_DELAY_SECONDS: Final = 30.0


async def retry_until_answered(call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a call to the queue until it succeeds, with growing delays.

    Raises every error that is not the queue's: it is a fault of the bot's own, and its task is logged and restarted.
    """
    delay = 1.0
    outage = OutageLog(log, "outcomes are read")
    while True:
        try:
            reply = await call()
        except (PentimentoError, OSError) as error:
            outage.report_failure(f"no outcomes can be read, trying again: {error}")
        else:
            outage.report_success()
            return reply
        await asyncio.sleep(delay)
        delay = min(2 * delay, MAX_RETRY_DELAY_SECONDS)
