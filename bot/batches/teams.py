"""The teams that batches are for."""

from bot.domain.batches import Batch
from bot.domain.teams import Team
from bot.storage.teams import SqlTeamStore


async def find_batch_team(teams: SqlTeamStore, batch: Batch) -> Team | None:
    """Find the team that a batch is for, as it is now; None if it is for nobody, or the team was removed.

    Raises `RejectedError` (database_unavailable).
    """
    return None if batch.team is None else await teams.find_team(batch.place.guild_id, batch.team.id)
