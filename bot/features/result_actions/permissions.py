"""Who may press what."""

from dataclasses import dataclass

import discord

from bot.domain.ports import PreferencesStore
from bot.domain.preferences import ButtonPolicy
from bot.domain.records import GenerationSettings
from bot.results.lookup import ResultLookup
from bot.submission.submitter import JobSubmitter
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ResultActionHandler:
    """Asks for a picture that goes on from a result, which whoever presses has to be let."""

    submitter: JobSubmitter
    result_lookup: ResultLookup
    preferences_store: PreferencesStore

    async def load_permitted_settings(self, interaction: discord.Interaction, job_id: str) -> GenerationSettings:
        """Tell how the result was made. Raises `RejectedError`: as `ResultLookup.recipe`, and not_yours.

        The author and moderators may always go on from it, everyone else where the guild lets everyone.
        """
        recipe, guild = await self.result_lookup.find_generation_settings(interaction, job_id), interaction.guild_id
        if recipe.author_id in {None, interaction.user.id} or guild is None or is_moderator(interaction):
            return recipe
        if await self.preferences_store.load_button_policy(guild) is not ButtonPolicy.EVERYONE:
            raise RejectedError(make_problem("not_yours"))
        return recipe


def require_author_or_moderator(interaction: discord.Interaction, author: int | None) -> None:
    """Raise `RejectedError` (not_yours_to_end) unless this person may delete or cancel what `author` asked for."""
    if author != interaction.user.id and not is_moderator(interaction):
        raise RejectedError(make_problem("not_yours_to_end"))


def is_moderator(interaction: discord.Interaction) -> bool:
    """Tell whether this person may delete others' messages here."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages
