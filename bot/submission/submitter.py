"""Submits requests: validated, acknowledged, recorded, and queued once the picture is downloaded."""

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Unpack

import discord

from bot.domain.images import RemoteImage, StoredImage
from bot.interactions.custom_ids import CustomId
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import (
    defer,
    defer_update,
    format_problems,
    respond_with_problems,
    send_private_followup,
    withdraw_and_explain,
)
from bot.interactions.teams import find_lost_team
from bot.rendering.labels import format_role
from bot.submission.acknowledgement import (
    close_choice,
    delete_message,
    get_response_origin,
    is_private,
    post_status,
    show_status,
)
from bot.submission.job_queuer import Acknowledge, JobDetails, JobQueuer
from bot.submission.spender import build_spender
from shared.job import Job, Origin, list_choice_ids
from shared.problems import Problem, RejectedError, make_problem
from shared.request.model import Request

log = logging.getLogger(__name__)


class TeamChoiceStore(Protocol):
    """Forgets for which team a member asks. Implemented by `bot.storage`."""

    async def forget_choice(self, guild_id: int, user_id: int, role_id: int) -> bool: ...


@dataclass(frozen=True)
class JobSubmitter(JobQueuer):
    """Submits requests: responds to their interactions, and explains to their requesters why one is rejected.

    Each is for the team for which its user asks, and has its locked options.
    """

    team_choices: TeamChoiceStore | None = None

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
            request, details = self.apply_team(interaction, request, details)
            await self.validator.validate_requests(interaction, image, request)
            private = is_private(interaction)
        except RejectedError as error:
            await respond_with_problems(interaction, error.problems)
            return
        if not await defer(interaction, private=private):
            return
        direct_status: Origin | None = None
        try:
            origin = await (_post_direct_status(interaction) if private else get_response_origin(interaction))
            direct_status = origin if private else None
            job = self.build_job(interaction, str(interaction.id), request, image, origin, details)
            rejections = await self._submit_jobs(interaction, [job], image, partial(show_status, interaction, job))
            problems = rejections.get(job.id, ())
        except RejectedError as error:
            problems = error.problems
        except Exception:
            if direct_status is not None:
                await delete_message(interaction, direct_status)
            raise
        if problems:
            if direct_status is not None:
                await delete_message(interaction, direct_status)
            await withdraw_and_explain(interaction, problems, request)

    async def submit_choice(
        self,
        interaction: discord.Interaction,
        choice: CustomId,
        request: Request,
        image: RemoteImage | StoredImage | None,
        **details: Unpack[JobDetails],
    ) -> None:
        """Submit the request of a choice, once for the message that offers it, and remove the buttons of this kind."""
        job_ids = list_choice_ids(str(interaction.message.id if interaction.message else interaction.id))
        close = partial(close_choice, interaction, choice)
        await self._submit_first(interaction, job_ids, request, image, close, details)

    async def submit_once(
        self,
        interaction: discord.Interaction,
        job_id: str,
        request: Request,
        image: RemoteImage | StoredImage | None,
        **details: Unpack[JobDetails],
    ) -> None:
        """Submit a request that goes on from a job, once for that job, however many messages have its button."""
        job_ids = list_choice_ids(job_id)[1:]
        await self._submit_first(interaction, job_ids, request, image, _leave_message, details)

    async def _submit_first(
        self,
        interaction: discord.Interaction,
        job_ids: Sequence[str],
        request: Request,
        image: RemoteImage | StoredImage | None,
        acknowledge: Callable[[Job], Coroutine[Any, Any, object]],
        details: JobDetails,
    ) -> None:
        """Submit a request from a button, with the first of these ids; with another one if a job was rejected before.

        The job has a status message of its own, as the response is the message of the button.
        """
        if not await defer_update(interaction):
            return
        origin: Origin | None = None
        try:
            request, details = self.apply_team(interaction, request, details)
            await self.validator.validate_requests(interaction, image, request)
            origin = await post_status(interaction)
            jobs = (self.build_job(interaction, job_id, request, image, origin, details) for job_id in job_ids)
            job = await self._record_first(interaction, jobs, image)
            problems = (await self.queue_jobs(interaction, [job], image, partial(acknowledge, job))).get(job.id, ())
            await self._tell_lost_team(interaction)
        except RejectedError as error:
            problems = error.problems
        except Exception:
            if origin is not None:
                await delete_message(interaction, origin)
            raise
        if problems:
            if origin is not None:
                await delete_message(interaction, origin)
            await send_private_followup(interaction, format_problems(interaction, problems))

    async def submit_many(
        self,
        interaction: discord.Interaction,
        requests: Mapping[str, Request],
        image: RemoteImage | StoredImage | None,
        origin: Origin,
        acknowledge: Acknowledge,
        **details: Unpack[JobDetails],
    ) -> Mapping[str, Sequence[Problem]]:
        """Submit these requests, by the ids of their jobs; `acknowledge` lets the message of `origin` show them.

        Only the last job may ping the requester. Returns the problems of the jobs that were rejected. Raises
        `RejectedError` where none could be accepted.
        """
        *jobs, last = (
            self.build_job(interaction, job_id, request, image, origin, details) for job_id, request in requests.items()
        )
        silent = last.requester.model_copy(update={"may_ping": False, "always_pings": False})
        jobs = [*(job.model_copy(update={"requester": silent}) for job in jobs), last]
        return await self._submit_jobs(interaction, jobs, image, acknowledge)

    async def _submit_jobs(
        self,
        interaction: discord.Interaction,
        jobs: Sequence[Job],
        image: RemoteImage | StoredImage | None,
        acknowledge: Acknowledge,
    ) -> Mapping[str, Sequence[Problem]]:
        """Record all jobs and queue them. Returns the problems of the jobs that were rejected, by id."""
        try:
            is_new = await self._record_jobs(interaction, jobs, image)
        except RejectedError:
            await acknowledge()
            raise
        if not is_new:
            return {}
        rejections = await self.queue_jobs(interaction, jobs, image, acknowledge)
        await self._tell_lost_team(interaction)
        return rejections

    def apply_team(
        self, interaction: discord.Interaction, request: Request, details: JobDetails
    ) -> tuple[Request, JobDetails]:
        """Give a request the locked options of the user's team, and its job the notes on them.

        Raises `RejectedError`.
        """
        built = self.validator.apply_team(interaction, request)
        if not built.notes:
            return built.request, details
        return built.request, {**details, "notes": (*built.notes, *details.get("notes", ()))}

    async def _record_jobs(
        self, interaction: discord.Interaction, jobs: Sequence[Job], image: RemoteImage | StoredImage | None
    ) -> bool:
        """Record jobs on the account of their team, or of the user. False if they were recorded before."""
        return await self.store.add_jobs(jobs, image, build_spender(interaction, jobs[0].team))

    async def _tell_lost_team(self, interaction: discord.Interaction) -> None:
        """Tell the user, once and after the first response, that the team that they chose is not theirs any more."""
        role_id = find_lost_team(interaction)
        if role_id is None or self.team_choices is None:
            return
        try:
            if await self.team_choices.forget_choice(interaction.guild_id or 0, interaction.user.id, role_id):
                messages = get_localized_messages(interaction)
                role = format_role(role_id, interaction.guild, messages)
                await send_private_followup(interaction, messages.text("team.lost", role=role))
        except Exception:
            log.warning("interaction %s: nobody was told that the team is lost", interaction.id, exc_info=True)

    async def _record_first(
        self, interaction: discord.Interaction, jobs: Iterable[Job], image: RemoteImage | StoredImage | None
    ) -> Job:
        """Record the first of these jobs that was not rejected before.

        Raises `RejectedError` (choice_used) if it was accepted before.
        """
        for job in jobs:
            if await self._record_jobs(interaction, [job], image):
                return job
            if not await self.store.is_rejected(job.id):
                break
        raise RejectedError(make_problem("choice_used"))


async def _post_direct_status(interaction: discord.Interaction) -> Origin:
    """Post the status message of a private job; where that is refused, edit the response so that it can be withdrawn.

    https://github.com/discord/discord-api-docs/issues/3087
    """
    try:
        return await post_status(interaction)
    except RejectedError:
        await interaction.edit_original_response(content=get_localized_messages(interaction).text("status.starting"))
        raise


async def _leave_message(job: Job) -> None:
    """Leave the message of the button as it is."""
    del job
