"""Joining and leaving a relay, and asking for reminders: answered to the member alone."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.features.rounds.access import find_contest_here, require_entrant
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import run_and_report
from bot.rounds.custom_ids import JoinRelayId, LeaveRelayId, RemindId
from bot.storage.round_stores import RoundStores
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class MemberHandlers:
    """Handles the buttons of members. Each press is one change, however often Discord delivers it."""

    stores: RoundStores

    async def join_relay(self, interaction: discord.Interaction, custom_id: JoinRelayId) -> None:
        """Let the member take turns."""
        await run_and_report(interaction, partial(self._join, interaction, custom_id.contest_id))

    async def leave_relay(self, interaction: discord.Interaction, custom_id: LeaveRelayId) -> None:
        """Let the member take no more turns."""
        await run_and_report(interaction, partial(self._leave, interaction, custom_id.contest_id))

    async def toggle_reminder(self, interaction: discord.Interaction, custom_id: RemindId) -> None:
        """Let the member be reminded before entering and voting close, or no longer."""
        await run_and_report(interaction, partial(self._toggle_reminder, interaction, custom_id.contest_id))

    async def _join(self, interaction: discord.Interaction, contest_id: str) -> str:
        contest = await find_contest_here(self.stores, interaction, contest_id)
        require_entrant(interaction, contest)
        is_new = await self.stores.members.join_relay(contest.id, interaction.user.id)
        return get_localized_messages(interaction).text("round.joined" if is_new else "round.joined_before")

    async def _leave(self, interaction: discord.Interaction, contest_id: str) -> str:
        contest = await find_contest_here(self.stores, interaction, contest_id)
        has_left = await self.stores.members.leave_relay(contest.id, interaction.user.id)
        return get_localized_messages(interaction).text("round.left" if has_left else "round.left_before")

    async def _toggle_reminder(self, interaction: discord.Interaction, contest_id: str) -> str:
        contest = await find_contest_here(self.stores, interaction, contest_id)
        if not contest.is_open:
            raise RejectedError(make_problem("round_over"))
        is_reminded = await self.stores.members.toggle_reminder(contest.id, interaction.user.id)
        return get_localized_messages(interaction).text("round.reminded" if is_reminded else "round.not_reminded")
