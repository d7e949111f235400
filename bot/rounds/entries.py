"""Submits entries: recorded and charged as any request, answered to their authors alone."""

import asyncio
from dataclasses import dataclass
from functools import partial

import discord

from bot.domain.budgets import Spender
from bot.domain.images import StoredImage
from bot.domain.rounds import Contest, Payer
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import defer, edit_response, format_problems
from bot.submission.acknowledgement import DISCORD_TIMEOUT_SECONDS
from bot.submission.job_queuer import JobDetails, JobQueuer
from bot.submission.spender import build_spender
from shared.job import EntryRef, Origin
from shared.problems import RejectedError
from shared.request.model import BuiltRequest


@dataclass(frozen=True)
class EntrySubmitter:
    """Submits the entries that members write in forms."""

    queuer: JobQueuer

    async def submit_entry(
        self,
        interaction: discord.Interaction,
        contest: Contest,
        built: BuiltRequest,
        image: StoredImage | None,
        *,
        replaced_job_id: str | None = None,
        source_owner_id: int | None = None,
    ) -> None:
        """Respond privately to a form that has no response yet, and submit the request that was built as an entry.

        `contest` is as it was when the form was opened: an entry for an earlier round is rejected. `image` is the
        picture that the round starts from, made by `source_owner_id`. Rejections are shown to the author.
        """
        if not await defer(interaction, private=True):
            return
        entry = EntryRef(
            contest_id=contest.id,
            round_number=contest.round_number,
            turn_number=contest.turn_number,
            replaced_job_id=replaced_job_id,
        )
        details = JobDetails(
            entry=entry, parent_id=contest.source_job_id, source_owner_id=source_owner_id, notes=built.notes
        )
        try:
            await self.queuer.validator.validate_requests(interaction, image, built.request)
            job = self.queuer.build_job(
                interaction, str(interaction.id), built.request, image, _build_origin(interaction, contest), details
            )
            is_new = await self.queuer.store.add_jobs([job], image, _build_entry_spender(interaction, contest))
            if not is_new:
                return
            acknowledge = partial(_acknowledge_entry, interaction)
            problems = (await self.queuer.queue_jobs(interaction, [job], image, acknowledge)).get(job.id, ())
        except RejectedError as error:
            problems = error.problems
        if problems:
            await edit_response(interaction, format_problems(interaction, problems))


async def _acknowledge_entry(interaction: discord.Interaction) -> None:
    """Tell the author that the entry is being generated."""
    async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
        await interaction.edit_original_response(content=get_localized_messages(interaction).text("round.accepted"))


def _build_origin(interaction: discord.Interaction, contest: Contest) -> Origin:
    """Return the thread of the contest as the place of an entry, which has no status message there."""
    return Origin(
        guild_id=contest.guild_id,
        channel_id=contest.thread_id,
        message_id=interaction.message.id if interaction.message else contest.thread_id,
        is_in_thread=True,
        locale=contest.locale,
    )


def _build_entry_spender(interaction: discord.Interaction, contest: Contest) -> Spender:
    """Return on whose account an entry goes: where the server pays, only its budgets and the channel's apply."""
    if contest.settings.payer is Payer.AUTHOR:
        return build_spender(interaction)
    return Spender(0, contest.guild_id, contest.channel_id)
