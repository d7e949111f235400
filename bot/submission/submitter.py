"""Submits requests: validated, acknowledged, recorded, and queued once the picture is downloaded.

A job is recorded before its status message says that the request has arrived, so nothing is promised that would be
forgotten. Jobs that are recorded but never queued, because the bot died, are repaired by `bot.recovery.reconciler`.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypedDict, Unpack

import discord

from bot.domain.budgets import Spender
from bot.domain.errors import QueueResultUnknownError
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import JobQueue
from bot.domain.preferences import Ping
from bot.interactions.followups import RecentFollowups
from bot.interactions.locale import get_preferences
from bot.interactions.responses import defer, respond_with_problems, withdraw_and_explain
from bot.submission.acknowledgement import (
    delete_direct_status,
    explain_queue_delay,
    get_response_origin,
    is_private,
    send_direct_status,
    show_status,
)
from bot.submission.image_notes import list_image_notes
from bot.submission.images import ImageFetcher
from bot.submission.spender import build_spender
from bot.submission.validation import RequestValidator
from shared.job import Job, Origin, Requester, SourceKind
from shared.notes import Note
from shared.problems import Problem, RejectedError, make_problem
from shared.request.builder import pick_seed
from shared.request.model import Request

log = logging.getLogger(__name__)


class SubmissionStore(Protocol):
    """Records requests. Implemented by `bot.storage`."""

    async def add_jobs(
        self, jobs_to_add: Sequence[Job], image: RemoteImage | StoredImage | None, spender: Spender
    ) -> bool:
        """Record jobs before they are queued, all or none; False when these very jobs were recorded before.

        Raises `RejectedError` (database_unavailable, or a budget that is used up).
        """
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


@dataclass(frozen=True)
class JobSubmitter:
    """Submits requests. `clock` gives Unix seconds, `rng` draws seeds; `followups` remembers the interactions."""

    validator: RequestValidator
    image_fetcher: ImageFetcher
    queue: JobQueue
    store: SubmissionStore
    followups: RecentFollowups = field(default_factory=RecentFollowups)
    rng: random.Random = field(default_factory=random.SystemRandom)
    clock: Callable[[], float] = time.time

    async def submit(
        self,
        interaction: discord.Interaction,
        request: Request,
        image: RemoteImage | StoredImage | None,
        **details: Unpack[JobDetails],
    ) -> None:
        """Respond to an interaction that has no response yet, and submit its request.

        Rejections are shown to the requester, everything unexpected is raised.
        """
        try:
            self.validator.validate_requests(interaction, image, request)
            private = is_private(interaction)
        except RejectedError as error:
            await respond_with_problems(interaction, error.problems)
            return
        if not await defer(interaction, private=private):
            return
        direct_status: Origin | None = None
        try:
            origin = await (send_direct_status(interaction) if private else get_response_origin(interaction))
            direct_status = origin if private else None
            job = self._build_job(interaction, str(interaction.id), request, image, origin, details)
            rejections = await self._submit_jobs(interaction, [job], image, partial(show_status, interaction, job))
            problems = rejections.get(job.id, ())
        except RejectedError as error:
            problems = error.problems
        except Exception:
            if direct_status is not None:
                await delete_direct_status(interaction, direct_status)
            raise
        if problems:
            if direct_status is not None:
                await delete_direct_status(interaction, direct_status)
            await withdraw_and_explain(interaction, problems)

    async def submit_many(
        self,
        interaction: discord.Interaction,
        requests: Mapping[str, Request],
        image: RemoteImage | StoredImage | None,
        origin: Origin,
        **details: Unpack[JobDetails],
    ) -> Mapping[str, Sequence[Problem]]:
        """Submit these requests, by the ids of their jobs; the message of `origin` shows them already.

        Only the last job may ping the requester. Returns the problems of the jobs that were rejected. Raises
        `RejectedError` where none could be accepted.
        """
        *jobs, last = (
            self._build_job(interaction, job_id, request, image, origin, details)
            for job_id, request in requests.items()
        )
        silent = last.requester.model_copy(update={"may_ping": False, "always_pings": False})
        jobs = [*(job.model_copy(update={"requester": silent}) for job in jobs), last]
        return await self._submit_jobs(interaction, jobs, image, _show_nothing)

    async def _submit_jobs(
        self,
        interaction: discord.Interaction,
        jobs: Sequence[Job],
        image: RemoteImage | StoredImage | None,
        acknowledge: Callable[[], Awaitable[None]],
    ) -> Mapping[str, Sequence[Problem]]:
        """Record all jobs, acknowledge them while the picture is downloaded, and queue each.

        Returns the problems of the jobs that were rejected, by id.
        """
        try:
            is_new = await self.store.add_jobs(jobs, image, build_spender(interaction))
        except RejectedError:
            await acknowledge()
            raise
        if not is_new:
            log.info("job %s: accepted before", jobs[0].id)
            return {}
        self.followups.remember(interaction, [job.id for job in jobs])
        return await self._enqueue_jobs(interaction, jobs, image, asyncio.ensure_future(acknowledge()))

    async def _enqueue_jobs(
        self,
        interaction: discord.Interaction,
        jobs: Sequence[Job],
        image: RemoteImage | StoredImage | None,
        acknowledgement: Awaitable[None],
    ) -> dict[str, Sequence[Problem]]:
        """Queue each job, and return the problems of those that were rejected, by id.

        After a lost reply of the queue, the remaining jobs are left to `bot.recovery.reconciler`. After any other
        error, the records of the remaining jobs are closed.
        """
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

    def _build_job(
        self,
        interaction: discord.Interaction,
        job_id: str,
        request: Request,
        image: RemoteImage | StoredImage | None,
        origin: Origin,
        details: JobDetails,
    ) -> Job:
        model = self.validator.catalogue.models[request.model]
        seed = details.get("seed") or pick_seed(request, model, self.rng)
        notes = (*details.get("notes", ()), *list_image_notes(request, model, image))
        return Job(
            id=job_id,
            request=request,
            requester=build_requester(interaction),
            origin=origin,
            accepted_at=self.clock(),
            **{**details, "seed": seed, "notes": notes},
        )


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


async def _show_nothing() -> None:
    """Acknowledge nothing: the message of the requests is there already."""
