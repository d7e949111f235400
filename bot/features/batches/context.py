"""For whom a batch is sent in, and where: from the interaction of its requester."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import discord

from bot.batches.row_requests import RequestContext
from bot.domain.batches import Batch, BatchPlace, BatchState, Brief
from bot.domain.preferences import Ping
from bot.domain.teams import Team
from bot.interactions.locale import get_preferences, require_guild_settings, require_preferences
from bot.interactions.usage import build_usage, list_role_ids
from bot.storage.batches import SqlBatchStore
from bot.submission.job_queuer import build_requester
from bot.submission.preset_option import PresetOption
from bot.submission.spender import build_spender
from bot.submission.validation import RequestValidator
from shared.job import Priority
from shared.problems import RejectedError, make_problem

MAX_DRAFTS: Final = 3
"""Of one member in a server; each may hold hundreds of pictures for a day."""


@dataclass(frozen=True)
class BatchContext:
    """Reads the interaction of somebody who sends a batch in. `clock` gives Unix seconds."""

    store: SqlBatchStore
    validator: RequestValidator
    preset_option: PresetOption
    clock: Callable[[], float]

    def require_open(self, interaction: discord.Interaction) -> None:
        """Raise `RejectedError` where no request is possible now: see `RequestValidator.find_problems`."""
        problems = self.validator.find_problems(interaction, None)
        if problems:
            raise RejectedError(*problems)

    async def require_room(self, interaction: discord.Interaction) -> None:
        """Raise `RejectedError` (batch_too_many_drafts) if the user has as many drafts as they may have."""
        drafts = await self.store.list_drafts(interaction.guild_id or 0, interaction.user.id)
        if len(drafts) >= MAX_DRAFTS:
            raise RejectedError(make_problem("batch_too_many_drafts", limit=MAX_DRAFTS))

    def require_membership(self, interaction: discord.Interaction, batch: Batch) -> None:
        """Raise `RejectedError` (team_not_yours) for a batch of a team that its requester has left since."""
        if batch.team is not None and batch.team.id not in list_role_ids(interaction.user):
            raise RejectedError(make_problem("team_not_yours", name=batch.team.name))

    async def build_request_context(self, interaction: discord.Interaction, team: Team | None) -> RequestContext:
        """Build the context of the rows: the options of the team precede the preferences of the user.

        Raises `RejectedError` (lookup_timed_out, database_unavailable).
        """
        usage = replace(build_usage(interaction, require_guild_settings(interaction)), team=team)
        presets = await self.preset_option.load_presets(interaction, None)
        preferred = require_preferences(interaction).options
        of_team = {} if team is None else team.defaults
        return RequestContext(usage, (of_team, preferred, presets.of_server))

    def build_batch(self, interaction: discord.Interaction, team: Team | None, priority: Priority | None) -> Batch:
        """Build the batch of an interaction, whose id it gets, with an empty brief."""
        ref = None if team is None else team.ref
        preferred = Priority.NORMAL if team is None else team.priority
        return Batch(
            id=str(interaction.id),
            requester=build_requester(interaction),
            spender=build_spender(interaction, ref),
            place=BatchPlace(interaction.guild_id or 0, interaction.channel_id or 0),
            brief=Brief(""),
            state=BatchState.DRAFT,
            created_at=self.clock(),
            team=ref,
            priority=priority or preferred,
            pings=get_preferences(interaction).ping is not Ping.NEVER,
        )
