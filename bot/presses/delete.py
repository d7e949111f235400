"""Delete: takes an answer away, after one more question."""

import contextlib
import logging
from dataclasses import dataclass

import aiohttp
import discord

from bot.interactions.answers import change, hold, tell, written
from bot.interactions.patience import looking_up
from bot.interactions.speaking import phrases_of
from bot.presses.guard import require_end
from bot.recall import Recall
from bot.views import Press, confirm
from shared.errors import Refused, problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delete:
    """Asks the author or a moderator whether they mean it."""

    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            recipe = await self.recall.recipe(interaction, press.job_id)
        require_end(interaction, recipe.author)
        phrases = phrases_of(interaction)
        await tell(interaction, phrases.say("delete.sure"), view=confirm("delete_yes", recipe.job_id, phrases))


@dataclass(frozen=True)
class DeleteYes:
    """Deletes the answer, and the copy of it that was used. It is noted first: who asks again deletes what is left."""

    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        async with looking_up(interaction):
            recipe = await self.recall.recipe(interaction, press.job_id)
        require_end(interaction, recipe.author)
        if not await hold(interaction):
            return
        try:
            await self._delete(interaction, recipe.job_id)
        except Refused as refused:
            await change(interaction, written(interaction, refused.problems))
            return
        log.info("job %s: its answer was deleted by %s", recipe.job_id, interaction.user.id)
        await change(interaction, phrases_of(interaction).say("delete.done"))

    async def _delete(self, interaction: discord.Interaction, job_id: str) -> None:
        await self.recall.library.deleted(job_id)
        found = await self.recall.known(job_id) is not None
        try:
            async for answer in self.recall.answers(interaction, job_id):
                found = True
                with contextlib.suppress(discord.NotFound):
                    await answer.delete()
        except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
            raise Refused(problem("discord_away")) from error
        except discord.HTTPException as error:
            raise Refused(problem("not_deletable")) from error
        if not found:
            raise Refused(problem("result_gone"))
