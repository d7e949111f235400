"""Delete: takes an answer away, after one more question."""

import contextlib
import logging
from dataclasses import dataclass

import aiohttp
import discord

from bot.features.result_actions.permissions import require_author_or_moderator
from bot.interactions.components import CustomId, build_confirmation
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import defer_update, edit_response, format_problems, respond_privately
from bot.results.lookup import ResultLookup
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeleteHandler:
    """Asks the author or a moderator whether they mean it."""

    result_lookup: ResultLookup

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        async with limit_lookup_time(interaction):
            recipe = await self.result_lookup.find_generation_settings(interaction, parsed_id.job_id)
        require_author_or_moderator(interaction, recipe.author_id)
        phrases = get_localized_messages(interaction)
        await respond_privately(
            interaction, phrases.text("delete.sure"), view=build_confirmation("delete_yes", recipe.job_id, phrases)
        )


@dataclass(frozen=True)
class ConfirmDeleteHandler:
    """Deletes the answer, and the copy of it that was used. It is noted first: who asks again deletes what is left."""

    result_lookup: ResultLookup

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        async with limit_lookup_time(interaction):
            recipe = await self.result_lookup.find_generation_settings(interaction, parsed_id.job_id)
        require_author_or_moderator(interaction, recipe.author_id)
        if not await defer_update(interaction):
            return
        try:
            await self._delete_result(interaction, recipe.job_id)
        except RejectedError as refused:
            await edit_response(interaction, format_problems(interaction, refused.problems))
            return
        log.info("job %s: its answer was deleted by %s", recipe.job_id, interaction.user.id)
        await edit_response(interaction, get_localized_messages(interaction).text("delete.done"))

    async def _delete_result(self, interaction: discord.Interaction, job_id: str) -> None:
        await self.result_lookup.job_history.mark_result_deleted(job_id)
        found = await self.result_lookup.find_job(job_id) is not None
        try:
            async for answer in self.result_lookup.find_result_messages(interaction, job_id):
                found = True
                with contextlib.suppress(discord.NotFound):
                    await answer.delete()
        except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
            raise RejectedError(make_problem("discord_away")) from error
        except discord.HTTPException as error:
            raise RejectedError(make_problem("not_deletable")) from error
        if not found:
            raise RejectedError(make_problem("result_gone"))
