"""Who may press what."""

import discord

from bot.interactions.answers import refuse
from bot.ports import Knowing, Pressing, Recipe
from shared.errors import problem


async def may_press(interaction: discord.Interaction, recipe: Recipe, people: Knowing) -> bool:
    """Tell whether this person may go on from this result; where not, they are told.

    The author and moderators always may, everyone else where the guild lets everyone.
    """
    if recipe.author in {None, interaction.user.id} or interaction.guild_id is None or moderates(interaction):
        return True
    if await people.pressing(interaction.guild_id) is Pressing.EVERYONE:
        return True
    await refuse(interaction, [problem("not_yours")])
    return False


async def may_end(interaction: discord.Interaction, author: int | None) -> bool:
    """Tell whether this person may delete or cancel what `author` asked for; where not, they are told."""
    if author == interaction.user.id or moderates(interaction):
        return True
    await refuse(interaction, [problem("not_yours_to_end")])
    return False


def moderates(interaction: discord.Interaction) -> bool:
    """Tell whether this person may delete others' messages here."""
    return interaction.guild_id is not None and interaction.permissions.manage_messages
