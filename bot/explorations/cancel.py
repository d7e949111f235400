"""Cancels the queued variants of an exploration, from the button under its message."""

import logging
from dataclasses import dataclass
from functools import partial

import discord

from bot.domain.exploration import Exploration
from bot.domain.moderation import ModeratedJob
from bot.domain.status import CancelResult
from bot.explorations.buttons import CancelExplorationId
from bot.explorations.view import build_note_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_author_or_moderator
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.visibility import may_read_origin
from bot.queue.job_queue import RedisJobQueue
from bot.storage.explorations import SqlExplorationStore
from bot.storage.moderation import SqlModerationStore
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CancelExplorationHandler:
    """Cancels variants for the requester or a moderator, whose doing is logged.

    Each is delivered as any other cancelled job.
    """

    explorations: SqlExplorationStore
    queue: RedisJobQueue
    moderation: SqlModerationStore

    async def cancel_variants(self, interaction: discord.Interaction, custom_id: CancelExplorationId) -> None:
        """Cancel the queued variants, and say privately how many there were."""
        async with limit_lookup_time(interaction):
            exploration = await self.explorations.find_exploration(custom_id.exploration_id)
        if exploration is None or not _is_accessible_from(exploration, interaction):
            raise RejectedError(make_problem("job_unknown"))
        require_author_or_moderator(interaction, exploration.requester.id, exploration.origin)
        await respond_with(interaction, partial(self._cancel_and_render, interaction, exploration))

    async def _cancel_and_render(self, interaction: discord.Interaction, exploration: Exploration) -> RenderedMessage:
        problem = make_problem("cancelled", name=interaction.user.display_name)
        results = [await self.queue.cancel_job(variant_id, problem) for variant_id in exploration.variant_ids]
        count = results.count(CancelResult.CANCELLED)
        log.info("exploration %s: %s cancelled %d variants", exploration.id, interaction.user.id, count)
        if count and exploration.requester.id != interaction.user.id:
            job = ModeratedJob(exploration.id, interaction.guild_id or 0, exploration.requester.id)
            await self.moderation.log_cancellation(job, interaction.user.id)
        text = get_localized_messages(interaction).text("exploration.cancel_done", count=count)
        return RenderedMessage(build_note_view(text))


def _is_accessible_from(exploration: Exploration, interaction: discord.Interaction) -> bool:
    """Return whether the exploration is the user's own or in a channel of this server that they can read."""
    is_own = exploration.requester.id == interaction.user.id
    return is_own or may_read_origin(interaction, exploration.origin)
