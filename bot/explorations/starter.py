"""Starts explorations: shows the message, records the exploration, and submits its variants."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import discord
from discord import ui

from bot.domain.exploration import Exploration, ExplorationPlan
from bot.domain.images import RemoteImage, StoredImage
from bot.explorations.message import render_exploration
from bot.explorations.view import VariantState
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import (
    MESSAGE_LIMIT,
    defer,
    edit_response,
    respond_with_problems,
    send_private_followup,
    withdraw_and_explain,
)
from bot.interactions.teams import require_team
from bot.rendering.job_list import build_origin_link
from bot.rendering.markdown import escape_problem_text, truncate_text
from bot.storage.explorations import SqlExplorationStore
from bot.submission.acknowledgement import delete_message, get_response_origin, is_private, post_message
from bot.submission.job_queuer import Acknowledge, JobDetails, build_requester
from bot.submission.submitter import JobSubmitter
from shared.catalogue import Catalogue
from shared.job import Origin
from shared.problems import Problem, RejectedError, make_problem

_PROBLEM_LIMIT: Final = 400


@dataclass(frozen=True)
class StartedExploration:
    """An exploration, and the problems of the variants that were not accepted, each once."""

    exploration: Exploration
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class ExplorationStarter:
    """Starts explorations. `clock` gives Unix seconds."""

    submitter: JobSubmitter
    explorations: SqlExplorationStore
    catalogue: Catalogue
    clock: Callable[[], float] = time.time

    async def start_in_response(
        self,
        interaction: discord.Interaction,
        plan: ExplorationPlan,
        image: RemoteImage | StoredImage | None,
        details: JobDetails,
    ) -> None:
        """Respond to an interaction that has no response yet with the message of an exploration, and start it.

        With private results the message is a direct one, and the response a link to it.
        """
        try:
            await self.submitter.validator.validate_requests(interaction, image, *plan.requests)
            private = is_private(interaction)
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        if not await defer(interaction, private=private):
            return
        try:
            if private:
                started = await self.start_in_message(interaction, str(interaction.id), plan, image, details)
                await edit_response(interaction, format_start(interaction, started))
                return
            exploration = self._build(
                interaction, str(interaction.id), plan, await get_response_origin(interaction), details
            )
            show = partial(interaction.edit_original_response, view=self._render_waiting(exploration))
            started = await self._submit(interaction, exploration, image, details, show)
        except RejectedError as rejection:
            await withdraw_and_explain(interaction, rejection.problems, plan.requests[0])
            return
        if started.exploration.is_rejected:
            await withdraw_and_explain(interaction, started.problems, plan.requests[0])
        elif started.problems:
            await send_private_followup(interaction, format_rejections(interaction, started))

    async def start_in_message(
        self,
        interaction: discord.Interaction,
        exploration_id: str,
        plan: ExplorationPlan,
        image: RemoteImage | StoredImage | None,
        details: JobDetails,
    ) -> StartedExploration:
        """Post the message of an exploration, in the channel or directly, and start it, once for each id.

        The message is deleted if no variant is accepted. Raises `RejectedError` if it was started before.
        """
        await self.submitter.validator.validate_requests(interaction, image, *plan.requests)
        planned = self._build(
            interaction, exploration_id, plan, Origin(guild_id=0, channel_id=0, message_id=0), details
        )
        origin = await post_message(interaction, nonce=str(interaction.id), view=self._render_waiting(planned))
        exploration = self._build(interaction, exploration_id, plan, origin, details)
        try:
            started = await self._submit(interaction, exploration, image, details, _show_nothing)
        except RejectedError:
            await delete_message(interaction, origin)
            raise
        if started.exploration.is_rejected:
            await delete_message(interaction, origin)
        return started

    async def _submit(
        self,
        interaction: discord.Interaction,
        exploration: Exploration,
        image: RemoteImage | StoredImage | None,
        details: JobDetails,
        acknowledge: Acknowledge,
    ) -> StartedExploration:
        """Record the exploration, then submit its variants. Raises `RejectedError` if it was started before."""
        try:
            is_new = await self.explorations.add_exploration(exploration)
        except RejectedError:
            await acknowledge()
            raise
        if not is_new:
            raise RejectedError(make_problem("choice_used"))
        job_ids = exploration.variant_ids
        try:
            problems = await self.submitter.submit_many(
                interaction,
                dict(zip(job_ids, exploration.plan.requests, strict=True)),
                image,
                exploration.origin,
                acknowledge,
                **details,
            )
        except RejectedError as rejection:
            problems = dict.fromkeys(job_ids, rejection.problems)
        if problems:
            rejected = {number: problems[job_id][0] for number, job_id in enumerate(job_ids, 1) if job_id in problems}
            with suppress(RejectedError):  # the message shows them as failed, then
                await self.explorations.save_rejections(exploration.id, rejected)
            exploration = replace(exploration, rejected=rejected)
        return StartedExploration(exploration, _list_once(problems.values()))

    def _build(
        self,
        interaction: discord.Interaction,
        exploration_id: str,
        plan: ExplorationPlan,
        origin: Origin,
        details: JobDetails,
    ) -> Exploration:
        team = require_team(interaction)
        return Exploration(
            exploration_id,
            plan,
            build_requester(interaction),
            self.clock(),
            origin,
            source_owner_id=details.get("source_owner_id"),
            is_spoiler=details.get("is_spoiler", False),
            team=None if team is None else team.ref,
        )

    def _render_waiting(self, exploration: Exploration) -> ui.LayoutView:
        states = [VariantState.QUEUED for _ in exploration.plan.requests]
        return render_exploration(exploration, states, self.catalogue, has_contact_sheet=False)


def format_start(interaction: discord.Interaction, started: StartedExploration) -> str:
    """Say where to watch an exploration, and why some of its variants were not started."""
    if started.exploration.is_rejected:
        return format_rejections(interaction, started)
    link = build_origin_link(started.exploration.origin)
    text = get_localized_messages(interaction).text("explore.started", where=link)
    return f"{text}\n{format_rejections(interaction, started)}" if started.problems else text


def format_rejections(interaction: discord.Interaction, started: StartedExploration) -> str:
    """Say how many variants were not started, and why. It speaks to the requester."""
    messages = get_localized_messages(interaction)
    lines = (
        escape_problem_text(messages.format_problem(problem), [problem], _PROBLEM_LIMIT) for problem in started.problems
    )
    text = messages.text(
        "exploration.not_started",
        count=len(started.exploration.rejected),
        all=len(started.exploration.plan.requests),
    )
    return truncate_text("\n".join([text, *lines]), MESSAGE_LIMIT)


def _list_once(problems: Iterable[Sequence[Problem]]) -> Sequence[Problem]:
    """List the first problem of each variant, equal ones once."""
    found: list[Problem] = []
    for first, *_ in problems:
        if first not in found:
            found.append(first)
    return found


async def _show_nothing() -> None:
    """Acknowledge nothing: the message shows the exploration already."""
