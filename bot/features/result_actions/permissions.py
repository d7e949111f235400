"""Requests that go on from a result, by those who may."""

from dataclasses import dataclass

import discord

from bot.domain.records import GenerationSettings
from bot.results.lookup import ResultLookup
from bot.results.reuse import ReuseRule
from bot.submission.job_queuer import JobDetails
from bot.submission.submitter import JobSubmitter
from shared.catalogue import Catalogue


@dataclass(frozen=True)
class ResultActionHandler:
    """Base of the handlers that submit a request based on a result."""

    submitter: JobSubmitter
    result_lookup: ResultLookup
    reuse_rule: ReuseRule
    catalogue: Catalogue

    async def load_permitted_settings(
        self, interaction: discord.Interaction, job_id: str, *, from_result: bool
    ) -> tuple[GenerationSettings, JobDetails]:
        """Load the settings of a result, if this user may go on from it, and the details of a job that does.

        Unless it goes on `from_result`, it goes on from the picture that the result started from, whose owner has a
        say as well. Raises `RejectedError`: job_unknown, request_private, and as `ReuseRule` does.
        """
        settings = await self.result_lookup.find_readable_settings(interaction, job_id)
        owner_ids = (settings.author_id,) if from_result else (settings.author_id, settings.source_owner_id)
        owner_id = await self.reuse_rule.require_permission(interaction, owner_ids, settings.origin)
        details = JobDetails(parent_id=settings.job_id, source_owner_id=owner_id, is_spoiler=settings.is_spoiler)
        return settings, details
