"""Who may change a batch, and who may decide on its pictures. Rights are checked at each use: ids come from clients.

A batch for a team is changed by its members and approvers, any other by its requester; moderators may change both.
Pictures for a team are decided on by its approvers or, if it has no role for them, by its members; other pictures by
the requester. Moderators may decide on both.
"""

from dataclasses import dataclass

import discord

from bot.batches.teams import find_batch_team
from bot.domain.batches import Batch
from bot.domain.teams import Team
from bot.features.batches.access import BatchReader, find_batch_here
from bot.interactions.usage import list_role_ids, may_moderate
from bot.storage.teams import SqlTeamStore
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class BatchRights:
    """Finds batches for those who may act on them. Methods raise `RejectedError`, batch_unknown among others."""

    store: BatchReader
    teams: SqlTeamStore

    async def find_managed(self, interaction: discord.Interaction, batch_id: str) -> Batch:
        """Find a batch that the user may pause, resume, cancel or retry. Raises `RejectedError` (batch_not_member)."""
        batch = await find_batch_here(self.store, interaction, batch_id)
        if not may_manage(interaction, batch, await self.load_team(batch)):
            raise RejectedError(make_problem("batch_not_member"))
        return batch

    async def find_reviewed(self, interaction: discord.Interaction, batch_id: str) -> Batch:
        """Find a batch on whose pictures the user may decide. Raises `RejectedError` (batch_not_reviewer)."""
        batch = await find_batch_here(self.store, interaction, batch_id)
        if not await self.may_review(interaction, batch):
            raise RejectedError(make_problem("batch_not_reviewer"))
        return batch

    async def find_exported(self, interaction: discord.Interaction, batch_id: str) -> Batch:
        """Find a batch that the user may export, as they may change or review it. Raises as `find_managed` does."""
        batch = await find_batch_here(self.store, interaction, batch_id)
        team = await self.load_team(batch)
        if not (may_manage(interaction, batch, team) or may_review(interaction, batch, team)):
            raise RejectedError(make_problem("batch_not_member"))
        return batch

    async def may_review(self, interaction: discord.Interaction, batch: Batch) -> bool:
        """Tell whether the user may decide on the pictures of a batch."""
        return may_review(interaction, batch, await self.load_team(batch))

    async def load_team(self, batch: Batch) -> Team | None:
        """Load the team that a batch is for, as it is now; None if it is for nobody, or the team was removed."""
        return await find_batch_team(self.teams, batch)


def may_manage(interaction: discord.Interaction, batch: Batch, team: Team | None) -> bool:
    """Tell whether the user may change how a batch goes on."""
    if interaction.user.id == batch.requester.id or may_moderate(interaction.permissions):
        return True
    roles = {None if batch.team is None else batch.team.id, None if team is None else team.approver_role_id}
    return not roles.isdisjoint(list_role_ids(interaction.user))


def may_review(interaction: discord.Interaction, batch: Batch, team: Team | None) -> bool:
    """Tell whether the user may decide on the pictures of a batch."""
    if may_moderate(interaction.permissions):
        return True
    if batch.team is None:
        return interaction.user.id == batch.requester.id
    approver_role_id = None if team is None else team.approver_role_id
    return (approver_role_id or batch.team.id) in list_role_ids(interaction.user)
