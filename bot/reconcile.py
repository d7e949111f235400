"""What the queue forgot is asked for again, or told: at the start and on a timer, records and queue are compared.

A job that the queue knows is its own. One that it does not know was in a Redis that lost its data, or was never
queued because the bot died first. Whether its call was made, and paid for, nobody knows; so it is queued once more
and never a third time: its fate is then an apology. An answer that stands in Discord already closes its record.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from bot.ports import Accepting, Closing, Kept, Record, Reviewing, Source, Standing, State, Told, Unheard, Watching
from shared.errors import Problem, Refused, problem
from shared.outcome import Failed, Outcome

log = logging.getLogger(__name__)

PERIOD: Final = 60.0
GRACE: Final = 120.0  # longer than a picture takes to be fetched, and to wait for its turn to be
PARALLEL: Final = 4
BATCH: Final = 200
URL_SECONDS: Final = 86400.0  # how long an attachment's address lives that does not say so
_PASSES: Final = frozenset({"no_room", "queue_unreachable", "attachment_unreachable", "records_unavailable"})


class Queue(Accepting, Watching, Protocol):
    """What reconciling needs of the queue."""


class Records(Closing, Reviewing, Protocol):
    """What reconciling needs of the records."""


class Telling(Protocol):
    """Saying how a job ended; `bot.deliver` does it."""

    async def tell(self, standing: Standing) -> Told | None:
        """Say it once, write down where, bring the status message to its end. None when there is nowhere left."""
        ...

    async def said(self, standing: Standing) -> Told | None:
        """Look for an answer that was posted since `standing.since`."""
        ...


class Reconcile:
    """Compares records and queue every `period` seconds.

    A record of this process's time that was never queued is left alone for `grace` seconds: its command may be at
    work. An older one is of a bot that is gone. `kept` finds a picture by the hash of its upload, `fetch` downloads one
    again; both raise `Refused`. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        records: Records,
        queue: Queue,
        telling: Telling,
        fetch: Callable[[Source], Awaitable[bytes]],
        *,
        kept: Callable[[str], Awaitable[Kept | None]] | None = None,
        period: float = PERIOD,
        grace: float = GRACE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._queue = queue
        self._telling = telling
        self._fetch = fetch
        self._kept = kept
        self._period = period
        self._grace = grace
        self._clock = clock
        self._started = clock()
        self._slots = asyncio.Semaphore(PARALLEL)

    async def run(self) -> None:
        """Compare until cancelled. A failed round is logged, the next one starts afresh."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("records and queue could not be compared; the next round tries again")
            await asyncio.sleep(self._period)

    async def look(self) -> None:
        """One round over all open records. Raises what the records or the queue raise."""
        records = await self._records.open_records()
        for start in range(0, len(records), BATCH):
            await self._compare(records[start : start + BATCH])

    async def _compare(self, records: Sequence[Record]) -> None:
        known = {s.job.id: s for s in await self._queue.standings([record.job.id for record in records])}
        moved = []
        for record in records:
            standing = known.get(record.job.id)
            if standing is None:
                continue
            if standing.state is State.DELIVERED:
                await self._records.delivered(standing, _told(standing))
            elif _moved(record, standing):
                moved.append(standing)
        if moved:
            await self._records.seen(moved)
        forgotten = [record for record in records if record.job.id not in known and self._ripe(record)]
        await asyncio.gather(*(self._mend(record) for record in forgotten))

    def _ripe(self, record: Record) -> bool:
        asked = record.job.accepted_at
        gone = asked < self._started or self._clock() - asked > self._grace
        return record.queued or record.repeated or gone

    async def _mend(self, record: Record) -> None:
        try:
            async with self._slots:
                await self._close_or_revive(record)
        except Exception:
            log.exception("job %s: its record stays open, the next round tries again", record.job.id)

    async def _close_or_revive(self, record: Record) -> None:
        job = record.job
        standing = _standing(record, State.WAITING, since=job.accepted_at)
        told = await self._telling.said(standing)
        if told is not None:
            log.warning("job %s: its answer stands in Discord, the record of it was lost", job.id)
            await self._records.delivered(standing, told)
        elif record.repeated or record.doubts:
            await self._apologise(record, problem("lost"))
        else:
            try:
                await self._revive(record)
            except Refused as refused:
                await self._apologise(record, refused.problems[0])

    async def _revive(self, record: Record) -> None:
        """Queue the job again, with its id and seed. Raises `Refused` with what cannot pass."""
        job = record.job
        try:
            picture = await self._picture(record)
        except Refused as refused:
            if refused.problems[0].code not in _PASSES:
                raise Refused(problem("forgotten")) from refused
            log.info("job %s: its picture cannot be fetched yet (%s)", job.id, refused.problems[0].code)
            return
        if not await self._records.repeat(job.id):
            return
        try:
            await self._queue.accept(job, picture, doubts=1)
        except (Refused, Unheard) as error:
            await self._records.not_repeated(job.id)
            if isinstance(error, Refused) and error.problems[0].code not in _PASSES:
                raise
            log.info("job %s: cannot be queued again yet (%r)", job.id, error)
            return
        log.warning("job %s: the queue had forgotten it; it is queued again", job.id)
        if record.thread is not None:
            await self._queue.opened(job.id, record.thread)

    async def _picture(self, record: Record) -> bytes | None:
        if not record.job.request.has_picture:
            return None
        if record.sha256 and self._kept and (kept := await self._kept(record.sha256)):
            return kept.data
        source = record.source
        if source is None or self._clock() >= (source.expires_at or record.job.accepted_at + URL_SECONDS):
            raise Refused(problem("attachment_gone"))
        return await self._fetch(source)

    async def _apologise(self, record: Record, why: Problem) -> None:
        log.warning("job %s: the queue had forgotten it; the one who asked is told (%s)", record.job.id, why.code)
        await self._telling.tell(_standing(record, State.FINISHED, self._clock(), Failed(problem=why)))


def _moved(record: Record, standing: Standing) -> bool:
    """Tell whether the queue knows more of the job than its record says."""
    counted = (standing.claims, standing.calls, standing.doubts) != (record.claims, record.calls, record.doubts)
    return counted or standing.thread not in {None, record.thread}


def _standing(record: Record, state: State, since: float, outcome: Outcome | None = None) -> Standing:
    counts = {"claims": record.claims, "calls": record.calls, "doubts": record.doubts}
    return Standing(record.job, state, 0, 0, since, record.thread, outcome, **counts)


def _told(standing: Standing) -> Told | None:
    """Where the queue says that it was told: the message is known, its thread is the likely place."""
    place = standing.job.place
    thread = place.channel if place.in_place else standing.thread or place.message
    return None if standing.told is None else Told(thread, standing.told, private=place.direct)
