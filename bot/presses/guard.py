"""Who may press what."""

from dataclasses import dataclass

import discord

from bot.intake import Intake
from bot.ports import Knowing, Pressing, Recipe
from bot.recall import Recall
from shared.errors import Refused, problem


@dataclass(frozen=True)
class GoingOn:
    """Asks for a picture that goes on from a result, which whoever presses has to be let."""

    intake: Intake
    recall: Recall
    people: Knowing

    async def recipe(self, interaction: discord.Interaction, job_id: str) -> Recipe:
        """Tell how the result was made. Raises `Refused`: as `Recall.recipe`, and not_yours.

        The author and moderators may always go on from it, everyone else where the guild lets everyone.
        """
        recipe, guild = await self.recall.recipe(interaction, job_id), interaction.guild_id
        if recipe.author in {None, interaction.user.id} or guild is None or moderates(interaction):
            return recipe
        if await self.people.pressing(guild) is not Pressing.EVERYONE:
            raise Refused(problem("not_yours"))
        return recipe


def require_end(interaction: discord.Interaction, author: int | None) -> None:
    """Raise `Refused` (not_yours_to_end) unless this person may delete or cancel what `author` asked for."""
    if author != interaction.user.id and not moderates(interaction):
        raise Refused(problem("not_yours_to_end"))


def moderates(interaction: discord.Interaction) -> bool:
    """Tell whether this person may delete others' messages here."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages
