"""Cancel: ends a job that waits, before anything is paid for."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import discord

from bot.features.result_actions.permissions import require_author_or_moderator
from bot.interactions.components import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.deferred_responses import RenderedMessage, update_message
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import run_and_report
from bot.queue.redis_queue import RedisJobQueue
from bot.results.lookup import ResultLookup
from shared.problems import make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CancelHandler:
    """Cancels for the author or a moderator; the end is told in the job's place as any other.

    What came of it is told to the one who cancelled, or, where the button stood in a list, `listed` anew with it.
    """

    result_lookup: ResultLookup
    queue: RedisJobQueue
    render_jobs: Callable[[discord.Interaction, str], Awaitable[RenderedMessage]] | None = None

    async def __call__(self, interaction: discord.Interaction, parsed_id: CustomId) -> None:
        async with limit_lookup_time(interaction):
            recipe = await self.result_lookup.find_generation_settings(interaction, parsed_id.job_id)
        require_author_or_moderator(interaction, recipe.author_id)
        cancel, listed = partial(self._cancel_job, interaction, recipe.job_id), self.render_jobs
        if listed is None:
            await run_and_report(interaction, cancel)
            return

        async def left() -> RenderedMessage:
            return await listed(interaction, await cancel())

        await update_message(interaction, left)

    async def _cancel_job(self, interaction: discord.Interaction, job_id: str) -> str:
        ended = await self.queue.cancel_job(job_id, make_problem("cancelled", name=interaction.user.display_name))
        log.info("job %s: %s asked to cancel it: %s", job_id, interaction.user.id, ended)
        return get_localized_messages(interaction).text(f"cancel.{ended}")
