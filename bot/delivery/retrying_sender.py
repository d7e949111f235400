"""Sends the messages that wait in many places: in several at once, and later where Discord fails."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Final, Generic, TypeVar

import discord

from bot.delivery.discord_errors import get_retry_after, is_transient
from shared.outage_log import OutageLog
from shared.problems import RejectedError

RETRY_SECONDS: Final = 15.0
MAX_CONCURRENT_PLACES: Final = 8

PlaceT = TypeVar("PlaceT", bound=Hashable)
MessageT = TypeVar("MessageT")


class RetryingSender(Generic[PlaceT, MessageT]):
    """Sends messages, in order within a place. `clock` gives Unix seconds.

    `send_to_place` sends those of one place. If it raises an error that `may_pass`, the rest of them waits, and the
    place is left alone for `RETRY_SECONDS`, or for as long as Discord demands. `subject` names the messages in the
    log, before the place.
    """

    def __init__(
        self,
        send_to_place: Callable[[Sequence[MessageT]], Awaitable[None]],
        *,
        outage: OutageLog,
        subject: str,
        may_pass: Callable[[Exception], bool] = is_transient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._send_to_place = send_to_place
        self._outage = outage
        self._subject = subject
        self._may_pass = may_pass
        self._clock = clock
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_PLACES)
        self._retry_times: dict[PlaceT, float] = {}

    async def send_messages(self, messages: Iterable[MessageT], get_place: Callable[[MessageT], PlaceT]) -> None:
        """Send these messages, except in places that are left alone. Raises an error that may not pass."""
        by_place: dict[PlaceT, list[MessageT]] = defaultdict(list)
        for message in messages:
            by_place[get_place(message)].append(message)
        now = self._clock()
        due = [(place, waiting) for place, waiting in by_place.items() if self._retry_times.get(place, 0.0) <= now]
        results = await asyncio.gather(*(self._try_place(*found) for found in due), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _try_place(self, place: PlaceT, messages: Sequence[MessageT]) -> None:
        async with self._slots:
            try:
                await self._send_to_place(messages)
            except Exception as error:
                if not self._may_pass(error):
                    raise
                self._retry_times[place] = self._clock() + max(RETRY_SECONDS, get_retry_after(error))
                self._outage.report_failure(f"{self._subject} {place} are posted later: {error!r}")
            else:
                self._retry_times.pop(place, None)
                self._outage.report_success()


def may_send_later(error: Exception) -> bool:
    """Tell whether messages may be sent later: after any refusal of Discord, or where the database failed."""
    return is_transient(error) or isinstance(error, RejectedError | discord.HTTPException)
