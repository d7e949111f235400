"""Deletes the data of those who confirmed it, one person after the other, and goes on after a restart."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.features.privacy.store import JobPurge, SqlUserDataStore
from bot.periodic import run_every
from bot.storage.data_deletions import SqlDataDeletions
from shared.errors import PentimentoError

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 10.0
"""After so many seconds it is looked whether another bot has added a deletion, or a failure has passed."""
INTERVAL_SECONDS: Final = 0.2
SLICE_SECONDS: Final = 20.0
UNTOLD_SECONDS: Final = 30.0
"""A person who was not told of the end for so long gets a direct message: the bot that showed it has ended."""


class SliceEndedError(PentimentoError):
    """It is the turn of somebody else."""


@dataclass(frozen=True)
class DataDeleter:
    """Works on the stored deletions. `purge_jobs` and `delete_searches` delete what Redis holds.

    People with few jobs do not wait for those with very many: these have turns of `SLICE_SECONDS`.
    """

    deletions: SqlDataDeletions
    user_data_store: SqlUserDataStore
    purge_jobs: JobPurge
    delete_searches: Callable[[int], Awaitable[None]]

    async def run(self) -> None:
        """Delete until cancelled."""
        await run_every(INTERVAL_SECONDS, self._wait_and_delete, "deleting people's data")

    async def run_once(self) -> None:
        """Give each deletion a turn, and tell of those that have ended. Raises `PentimentoError`."""
        failure: PentimentoError | None = None
        for user_id in await self.deletions.list_unfinished():
            try:
                await self._delete(user_id)
            except PentimentoError as error:  # others may succeed
                failure = error
        await self.deletions.add_notices(self.deletions.clock() - UNTOLD_SECONDS)
        if failure is not None:
            raise failure

    async def _wait_and_delete(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self.deletions.added.wait()
        self.deletions.added.clear()
        await self.run_once()

    async def _delete(self, user_id: int) -> None:
        end = time.monotonic() + SLICE_SECONDS

        async def end_slice(_job_count: int) -> None:
            if time.monotonic() >= end:
                raise SliceEndedError

        await self.delete_searches(user_id)
        try:
            summary = await self.user_data_store.delete_personal_data(
                user_id, purge_jobs=self.purge_jobs, report_progress=end_slice
            )
        except SliceEndedError:
            self.deletions.added.set()
            return
        await self.deletions.finish_deletion(user_id, Counter(open_jobs=summary.open_jobs))
        log.info("a person's data was deleted at their request, with %d jobs in the end", summary.jobs)
