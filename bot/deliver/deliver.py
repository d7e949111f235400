"""Outcomes are read, told once each where the job was asked for, written down, and acknowledged.

What is not acknowledged is found by the next start, and said then unless the records or Discord have it already.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

import discord

from bot.board import Board
from bot.deliver.refusals import asked_pause, passes
from bot.deliver.voice import Voice
from bot.phrases import phrases_for
from bot.ports import Closed, Closing, Delivering, Delivery, Keeping, Standing, State, Told, Watching
from bot.render import answered_text
from shared.catalogue import Catalogue
from shared.outcome import Generated

log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE: Final = (1, 2, 4, 8, 15, 30, 60, 120, 300, *[600] * 24)
BACKLOG: Final = 256
LONGEST_PAUSE: Final = 30.0


class Queue(Watching, Delivering, Protocol):
    """What delivering needs of the queue."""


class Deliver:
    """Tells outcomes, in order within a thread, up to `parallel` at the same time over all.

    `keeping` keeps the pictures that jobs started from, and those that could be told nowhere, before the queue drops
    them. `board` is the one that runs in
    this process: a status message's last edit must come after the board's own.
    `patience` are the pauses in seconds before a delivery that failed for a passing reason is tried again; after them
    it is left to the next start. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        client: discord.Client,
        queue: Queue,
        catalogue: Catalogue,
        *,
        records: Closing,
        keeping: Keeping | None = None,
        parallel: int = 8,
        board: Board | None = None,
        patience: Sequence[float] = PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._records = records
        self._keeping = keeping
        self._voice = Voice(client, queue, catalogue, clock=clock)
        self._board = board or Board(client, queue, catalogue)
        self._patience = patience
        self._slots = asyncio.Semaphore(parallel)
        self._backlog = asyncio.Semaphore(BACKLOG)
        self._last: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled; what is then in hand is left unacknowledged, to be found by the next start."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                deliveries = await _insist(self._queue.outcomes)
                standings = await self._standings(deliveries)
                for delivery in deliveries:
                    await self._backlog.acquire()
                    self._start(tasks, delivery, standings.get(delivery.job_id))

    async def _standings(self, deliveries: Sequence[Delivery]) -> dict[str, Standing]:
        known = await _insist(lambda: self._queue.standings([delivery.job_id for delivery in deliveries]))
        return {standing.job.id: standing for standing in known}

    def _start(self, tasks: asyncio.TaskGroup, delivery: Delivery, standing: Standing | None) -> None:
        place = standing.job.place if standing else None
        key = 0 if place is None else place.channel if place.in_place else place.message
        task = tasks.create_task(self._deliver(delivery, standing, self._last.get(key)))
        self._last[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))

    def _ended(self, key: int, task: asyncio.Task[None]) -> None:
        self._backlog.release()
        if self._last.get(key) is task:
            del self._last[key]

    async def _deliver(self, delivery: Delivery, standing: Standing | None, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        for pause in self._patience:
            try:
                async with self._slots:
                    await self._tell(delivery, standing)
            except Exception as error:
                log.warning("job %s: not delivered yet, tried again", delivery.job_id, exc_info=not passes(error))
                await asyncio.sleep(max(pause, asked_pause(error)))
            else:
                return
        log.error("job %s: its answer could not be told; the next start of the bot tries again", delivery.job_id)

    async def _tell(self, delivery: Delivery, standing: Standing | None) -> None:
        if standing is None or standing.outcome is None or standing.state is State.DELIVERED:
            log.warning("job %s: nothing to tell, its outcome is acknowledged", delivery.job_id)
            await self._queue.delivered(delivery, None)
            return
        closed = await self._records.closed(delivery.job_id)
        if closed is None:
            told = await self.tell(standing)
        else:
            told = closed.told
            await self._settle_again(standing, closed)
        await self._keep_source(standing)
        if told is None:
            await self._keep_result(standing)
        await self._queue.delivered(delivery, told.message if told else None)

    async def _keep_source(self, standing: Standing) -> None:
        """Keep what the job started from, for who goes on from there."""
        if self._keeping is None or not standing.job.request.has_picture:
            return
        if await self._keeping.source_kept(standing.job.id):
            return
        prepared = await self._queue.prepared(standing.job.id)
        if prepared is not None:
            await self._keeping.keep_source(standing.job.id, prepared)

    async def _keep_result(self, standing: Standing) -> None:
        """Keep a picture that no place takes, for who asks to be shown it. Raises `shared.errors.Refused`."""
        if self._keeping is None or not isinstance(standing.outcome, Generated):
            return
        picture = await self._queue.picture(standing.job.id)
        if picture is not None:
            await self._keeping.keep_result(standing.job.id, picture)

    async def tell(self, standing: Standing) -> Told | None:
        """Say once how a job ended, write down where, and make the last edit of its status message.

        None when there is nowhere left to tell it. Raises what `bot.deliver.refusals.passes`.
        """
        told = await self._voice.tell(standing)
        if told is None:
            log.warning("job %s: there is nowhere left to tell how it ended", standing.job.id)
        await self._records.delivered(standing, told)
        await self._settle(standing, told)
        return told

    async def said(self, standing: Standing) -> Told | None:
        """Look for an answer to the job that was posted since `standing.since`. Raises `discord.HTTPException`."""
        return await self._voice.find(standing)

    async def _settle_again(self, standing: Standing, closed: Closed) -> None:
        log.warning("job %s: was told before, its outcome is acknowledged", standing.job.id)
        if closed.told is not None:
            await self._settle(standing, closed.told)

    async def _settle(self, standing: Standing, told: Told | None) -> None:
        if standing.outcome is None:
            raise TypeError(f"job {standing.job.id} has no outcome yet: {standing.state}")
        if standing.job.grid:
            return
        phrases = phrases_for(standing.job.requester.locale)
        private = told is not None and told.private and not standing.job.place.direct
        text = answered_text(
            standing.outcome, phrases, told.link(standing.job.place.guild) if told else None, private=private
        )
        await self._board.settle(standing.job.place, text)


async def _insist(call: Callable[[], Awaitable[T]]) -> T:
    """Ask the queue until it answers: there is nothing else to do without it."""
    pause = 1.0
    while True:
        try:
            return await call()
        except Exception:
            log.warning("the queue does not answer; asked again in %g s", pause, exc_info=True)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
