"""`/forget-me`: says exactly what the bot holds of a person, and deletes it when they mean it."""

import logging
from dataclasses import dataclass
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.interactions.showing import Shown, present, turn
from bot.interactions.speaking import phrases_of
from bot.ports import Disremembering, Forgetting, Searches
from bot.render.forgetting import forgetting_view
from bot.views import Press
from bot.views.rows import button

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ForgetMe:
    """Forgets whoever asks for it, and nobody else. Asked again, it forgets what came since."""

    records: Forgetting
    queue: Disremembering
    searches: Searches

    async def __call__(self, interaction: discord.Interaction) -> None:
        async def asked() -> Shown:
            phrases = phrases_of(interaction)
            held = await self.records.belongings(interaction.user.id)
            row: ui.ActionRow[Any] = ui.ActionRow(button("forget", "0", phrases, style=ButtonStyle.danger))
            return Shown(forgetting_view(held, phrases, rows=[row]))

        await present(interaction, asked)

    async def meant(self, interaction: discord.Interaction, press: Press) -> None:
        """Forget: first in the queue, which can be asked again when the records fail."""
        del press
        user = interaction.user.id

        async def forgotten() -> Shown:
            await self.queue.drop(await self.records.ended(user))
            await self.searches.drop(user)
            gone = await self.records.forget(user)
            log.info("a person was forgotten as they asked, with %d jobs", gone.prompts)
            return Shown(forgetting_view(gone, phrases_of(interaction), gone=True))

        await turn(interaction, forgotten)
