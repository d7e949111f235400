"""Cancel what waits: the button under an exploration. Those of its cells are `bot.features.history.show`'s."""

import logging
from dataclasses import dataclass
from functools import partial

import discord

from bot.domain.exploration import Exploration
from bot.domain.status import CancelResult
from bot.features.explore.store import SqlExplorationStore
from bot.features.explore.view import build_note_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.legacy import LegacyCustomId
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import require_author_or_moderator
from bot.interactions.responses import RenderedMessage, respond_with
from bot.queue.job_queue import RedisJobQueue
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CancelExplorationHandler:
    """Cancels the cells that wait, for who asked or a moderator; each end is told as any other."""

    explorations: SqlExplorationStore
    queue: RedisJobQueue

    async def __call__(self, interaction: discord.Interaction, parsed_id: LegacyCustomId) -> None:
        async with limit_lookup_time(interaction):
            grid = await self.explorations.find_exploration(parsed_id.job_id)
        if grid is None or grid.origin.guild_id != (interaction.guild_id or grid.origin.guild_id):
            raise RejectedError(make_problem("job_unknown"))
        require_author_or_moderator(interaction, grid.requester.id)
        await respond_with(interaction, partial(self._cancel_variants, interaction, grid))

    async def _cancel_variants(self, interaction: discord.Interaction, exploration: Exploration) -> RenderedMessage:
        why = make_problem("cancelled", name=interaction.user.display_name)
        ends = [await self.queue.cancel_job(cell, why) for cell in exploration.variant_ids]
        count = ends.count(CancelResult.CANCELLED)
        log.info("exploration %s: %s cancelled %d of its cells", exploration.id, interaction.user.id, count)
        return RenderedMessage(build_note_view(get_localized_messages(interaction).text("grid.cancelled", count=count)))
