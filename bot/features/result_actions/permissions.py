"""Who may base a new request on a result."""

from dataclasses import dataclass

import discord

from bot.domain.preferences import ButtonPolicy
from bot.domain.records import GenerationSettings
from bot.interactions.permissions import is_moderator
from bot.results.lookup import ResultLookup
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.submission.submitter import JobSubmitter
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ResultActionHandler:
    """Base of the handlers that submit a request based on a result."""

    submitter: JobSubmitter
    result_lookup: ResultLookup
    guild_settings: SqlGuildSettingsStore
    catalogue: Catalogue

    async def load_permitted_settings(self, interaction: discord.Interaction, job_id: str) -> GenerationSettings:
        """Load the settings of a result, if this user may use its buttons.

        The author and moderators always may; everyone else where the server's policy allows everyone. Raises
        `RejectedError`: job_unknown, not_author.
        """
        settings = await self.result_lookup.find_generation_settings(interaction, job_id)
        guild_id = interaction.guild_id
        if settings.author_id in {None, interaction.user.id} or guild_id is None:
            return settings
        if is_moderator(interaction, settings.origin):
            return settings
        if (await self.guild_settings.load_settings(guild_id)).button_policy is not ButtonPolicy.EVERYONE:
            raise RejectedError(make_problem("not_author"))
        return settings
