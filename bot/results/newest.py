"""The newest results: the one that a command means when the user names none, and those that it offers."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.domain.ports import JobHistory, JobSearch
from bot.domain.records import JobRecord
from bot.domain.search import SearchQuery
from bot.interactions.visibility import list_readable_channels, may_view_job


@dataclass(frozen=True)
class NewestResultFinder:
    """Finds the newest results that a user may see. Its methods raise `RejectedError` (database_unavailable)."""

    job_history: JobHistory
    job_search: JobSearch

    async def find_newest_result(self, interaction: discord.Interaction) -> JobRecord | None:
        """Find the newest result in this thread or channel; if there is none, the user's own newest from anywhere."""
        record = await self.job_history.find_latest_result(interaction.channel_id or 0)
        if record is not None and may_view_job(interaction, record):
            return record
        return next(iter(await self.list_own_results(interaction, 1)), None)

    async def list_own_results(self, interaction: discord.Interaction, limit: int) -> list[JobRecord]:
        """List the user's own newest results."""
        query = SearchQuery(interaction.user.id, has_picture=True)
        return list((await self.job_search.list_jobs(query, guild_id=None, channel_ids=(), limit=limit)).records)

    async def list_guild_results(
        self, interaction: discord.Interaction, keywords: str, limit: int
    ) -> Sequence[JobRecord]:
        """List the newest results of this server that the user can read, with these words in their prompts."""
        query = SearchQuery(interaction.user.id, is_guild_wide=True, keywords=keywords, has_picture=True)
        channel_ids = list_readable_channels(interaction)
        page = await self.job_search.list_jobs(
            query, guild_id=interaction.guild_id, channel_ids=channel_ids, limit=limit
        )
        return page.records
