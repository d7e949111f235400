"""Tickets for Celery's workers, sent off the event loop with a deadline.

A frozen Redis holds `apply_async` for over a minute; a ticket that was not sent is the workers' sweep's to send.
"""

import asyncio
import logging

from celery import Celery

from shared.queue.names import TASKS
from shared.queue.transport import CELERY_SETTINGS

log = logging.getLogger(__name__)

DEADLINE = 5.0


class CeleryTickets:
    """Sends tickets: messages that name no job and say only that there is work in a lane."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("pentimento", broker=broker_url, set_as_current=False)
        self._app.conf.update(CELERY_SETTINGS)

    async def send(self, lane: str) -> None:
        """Send a ticket to a lane's queue; a failure is logged, never raised."""
        try:
            sending = asyncio.to_thread(self._app.send_task, TASKS[lane], queue=lane, ignore_result=True)
            await asyncio.wait_for(sending, DEADLINE)
        except Exception:  # whatever the transport raises
            log.warning("a ticket for %s could not be sent; the sweep will send it", lane, exc_info=True)
