"""Records jobs and queues them.

A job is recorded before its status message says that the request has arrived, so nothing is promised that would be
forgotten. Jobs that are recorded but never queued, because the bot died, are repaired by `bot.recovery.reconciler`.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

import discord

from bot.domain.budgets import Spender
from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import JobQueue
from bot.domain.preferences import Ping
from bot.interactions.followups import RecentFollowups
from bot.interactions.locale import get_preferences
from bot.interactions.teams import require_team
from bot.submission.acknowledgement import explain_queue_delay
from bot.submission.image_notes import list_image_notes
from bot.submission.images import ImageFetcher
from bot.submission.validation import RequestValidator
from shared.job import EntryRef, Job, Origin, Priority, Requester, SourceKind
from shared.log_context import bind_job_id
from shared.notes import Note
from shared.problems import Problem, RejectedError, make_problem
from shared.request.builder import pick_seed
from shared.request.model import Request

log = logging.getLogger(__name__)

Acknowledge = Callable[[], Coroutine[Any, Any, object]]
"""Shows that a request has arrived."""


class SubmissionStore(Protocol):
    """Records requests. Implemented by `bot.storage`."""

    async def add_jobs(
        self, jobs_to_add: Sequence[Job], image: RemoteImage | StoredImage | None, spender: Spender
    ) -> bool:
        """Record jobs before they are queued, all or none; False when these very jobs were recorded before.

        Raises `RejectedError` (database_unavailable, or a budget that is used up).
        """
        ...

    async def is_rejected(self, job_id: str) -> bool:
        """Tell whether the queue did not accept a recorded job. Raises `RejectedError` (database_unavailable)."""
        ...

    async def mark_queued(self, job_id: str, sha256: str | None) -> None: ...

    async def mark_rejected(self, job_id: str, problem: Problem) -> None: ...


class JobDetails(TypedDict, total=False):
    """Fields of a job that the interaction and the request do not say, as `Job` describes them.

    `seed` replaces a random one.
    """

    parent_id: str | None
    source_kind: SourceKind | None
    source_owner_id: int | None
    seed: int | None
    notes: Sequence[Note]
    is_spoiler: bool
    entry: EntryRef | None


@dataclass(frozen=True)
class JobQueuer:
    """Records jobs and queues them. `clock` gives Unix seconds, `rng` draws seeds.

    `followups` remembers the interactions.
    """

    validator: RequestValidator
    image_fetcher: ImageFetcher
    queue: JobQueue
    store: SubmissionStore
    followups: RecentFollowups = field(default_factory=RecentFollowups)
    rng: random.Random = field(default_factory=random.SystemRandom)
    clock: Callable[[], float] = time.time

    def build_job(
        self,
        interaction: discord.Interaction,
        job_id: str,
        request: Request,
        image: RemoteImage | StoredImage | None,
        origin: Origin,
        details: JobDetails,
    ) -> Job:
        """Build the job of a request, for the team for which the user asks.

        Raises `RejectedError` (lookup_timed_out).
        """
        team = require_team(interaction)
        model = self.validator.catalogue.models[request.model]
        seed = details.get("seed") or pick_seed(request, model, self.rng)
        notes = (*details.get("notes", ()), *list_image_notes(request, model, image))
        return Job(
            id=job_id,
            request=request,
            requester=build_requester(interaction),
            origin=origin,
            accepted_at=self.clock(),
            team=None if team is None else team.ref,
            priority=Priority.NORMAL if team is None else team.priority,
            **{**details, "seed": seed, "notes": notes},
        )

    async def queue_jobs(
        self,
        interaction: discord.Interaction,
        jobs: Sequence[Job],
        image: RemoteImage | StoredImage | None,
        acknowledge: Acknowledge,
    ) -> Mapping[str, Sequence[Problem]]:
        """Acknowledge recorded jobs while the picture is downloaded, and queue each.

        Returns the problems of the jobs that were rejected, by id. After a lost reply of the queue, the remaining jobs
        are left to `bot.recovery.reconciler`. After any other error, the records of the remaining jobs are closed.
        """
        job_ids = [job.id for job in jobs]
        self.followups.remember(interaction, job_ids)
        sharing = asyncio.ensure_future(self.followups.share(interaction, job_ids))
        with bind_job_id(jobs[0].exploration_id or jobs[0].id):
            try:
                return await self._acknowledge_and_queue(interaction, jobs, image, acknowledge)
            finally:
                await sharing

    async def _acknowledge_and_queue(
        self,
        interaction: discord.Interaction,
        jobs: Sequence[Job],
        image: RemoteImage | StoredImage | None,
        acknowledge: Acknowledge,
    ) -> Mapping[str, Sequence[Problem]]:
        acknowledgement = asyncio.ensure_future(acknowledge())
        rejections: dict[str, Sequence[Problem]] = {}
        remaining = [job.id for job in jobs]
        is_queue_responding = True
        try:
            async with AsyncExitStack() as stack:
                holding = self.image_fetcher.hold_image(jobs[0].id, image, interaction.filesize_limit)
                try:
                    stored_image = await stack.enter_async_context(holding)
                finally:
                    await acknowledgement
                for job in jobs:
                    try:
                        is_queue_responding = is_queue_responding and await self._enqueue_job(job, stored_image)
                        await self.store.mark_queued(job.id, stored_image.sha256 if stored_image else None)
                    except RejectedError as error:
                        rejections[job.id] = error.problems
                        await self.store.mark_rejected(job.id, error.problems[0])
                    remaining.remove(job.id)
            if not is_queue_responding:
                await explain_queue_delay(interaction)
        except Exception as error:
            problem = error.problems[0] if isinstance(error, RejectedError) else make_problem("internal")
            for job_id in remaining:
                await self.store.mark_rejected(job_id, problem)
            raise
        return rejections

    async def _enqueue_job(self, job: Job, image: StoredImage | None) -> bool:
        """Queue a job. False when the queue's reply was lost. Raises `RejectedError`."""
        try:
            is_new = await self.queue.enqueue_job(job, image.data if image else None)
        except QueueResultUnknownError:
            return False
        log.info("job %s: %s for %s", job.id, "queued" if is_new else "queued before", job.request.model)
        return True


def build_requester(interaction: discord.Interaction) -> Requester:
    """Return the user of the interaction with the language and pings that they prefer."""
    preferences = get_preferences(interaction)
    return Requester(
        id=interaction.user.id,
        name=interaction.user.display_name,
        locale=preferences.language or interaction.locale.value,
        may_ping=preferences.ping is not Ping.NEVER,
        always_pings=preferences.ping is Ping.AT_ONCE,
    )
