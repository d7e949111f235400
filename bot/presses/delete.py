"""Delete: takes an answer away, after one more question."""

import logging
from dataclasses import dataclass

import discord

from bot.interactions.answers import change, hold, refuse, tell, written
from bot.interactions.speaking import phrases_of
from bot.presses.guard import may_end
from bot.recall import Recall
from bot.views import Press, confirm
from shared.errors import Refused, problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delete:
    """Asks the author or a moderator whether they mean it."""

    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        try:
            recipe = await self.recall.recipe(interaction, press.job_id)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        if await may_end(interaction, recipe.author):
            phrases = phrases_of(interaction)
            await tell(interaction, phrases.say("delete.sure"), view=confirm("delete_yes", recipe.job_id, phrases))


@dataclass(frozen=True)
class DeleteYes:
    """Deletes the answer. It is noted first: what could not be deleted then can be, once more."""

    recall: Recall

    async def __call__(self, interaction: discord.Interaction, press: Press) -> None:
        try:
            recipe = await self.recall.recipe(interaction, press.job_id)
        except Refused as refused:
            await refuse(interaction, refused.problems)
            return
        if not await may_end(interaction, recipe.author) or not await hold(interaction):
            return
        try:
            answer = await self.recall.answer(interaction, recipe.job_id)
            await self.recall.library.deleted(recipe.job_id)
            await answer.delete()
        except discord.NotFound:
            log.info("job %s: its answer was deleted already", recipe.job_id)
        except discord.Forbidden:
            await change(interaction, written(interaction, [problem("not_deletable")]))
            return
        except Refused as refused:
            await change(interaction, written(interaction, refused.problems))
            return
        log.info("job %s: its answer was deleted by %s", recipe.job_id, interaction.user.id)
        await change(interaction, phrases_of(interaction).say("delete.done"))
