"""`/round status`, `/round list` and `/round results`, shown to whoever asks alone."""

from dataclasses import dataclass

import discord
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, LABEL_LIMIT
from bot.features.rounds.access import list_readable_contests, resolve_contest
from bot.features.rounds.entry import EntryHandlers
from bot.features.rounds.host import ContestOption
from bot.features.rounds.overview_view import (
    MAX_LISTED,
    build_list_view,
    build_results_view,
    build_status_view,
    list_results,
)
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from bot.rounds.message_editor import RoundMessageEditor
from bot.storage.job_history import SqlJobHistory
from bot.storage.round_stores import RoundStores
from shared.problems import RejectedError


@dataclass(frozen=True)
class OverviewCommands:
    """Shows contests whose channel the user can read."""

    stores: RoundStores
    job_history: SqlJobHistory
    entries: EntryHandlers
    editor: RoundMessageEditor

    async def show_status(self, interaction: discord.Interaction, contest: ContestOption | None = None) -> None:
        """Show where a contest stands, and the user's own entries. Its message is drawn anew if it was deleted."""

        async def render() -> RenderedMessage:
            found = await resolve_contest(self.stores, interaction, contest, is_open=True)
            entries = await self.stores.contests.list_entries(found.id, round_number=found.round_number)
            own = await self.entries.render_own(interaction, found)
            await self.editor.redraw_phase(interaction.client, found)
            return RenderedMessage(build_status_view(found, entries, own, get_localized_messages(interaction)))

        await respond_with(interaction, render)

    async def show_list(self, interaction: discord.Interaction) -> None:
        """List the contests of the server, newest first."""

        async def render() -> RenderedMessage:
            contests = await list_readable_contests(self.stores, interaction)
            return RenderedMessage(build_list_view(contests, get_localized_messages(interaction)))

        await respond_with(interaction, render)

    async def show_results(self, interaction: discord.Interaction, contest: ContestOption | None = None) -> None:
        """Show the winners and points of the rounds of a contest that are over."""

        async def render() -> RenderedMessage:
            found = await resolve_contest(self.stores, interaction, contest)
            entries = await self.stores.contests.list_entries(found.id)
            shown = list_results(found, entries)[:MAX_LISTED]
            records = await self.job_history.find_jobs([entry.job_id for entry in shown])
            return RenderedMessage(build_results_view(found, entries, records, get_localized_messages(interaction)))

        await respond_with(interaction, render)

    async def autocomplete_contest(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the contests of the server, newest first."""
        return await self._complete(interaction, current, is_open=None)

    async def autocomplete_open_contest(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the contests of the server that are open."""
        return await self._complete(interaction, current, is_open=True)

    async def _complete(
        self, interaction: discord.Interaction, current: str, *, is_open: bool | None
    ) -> list[Choice[str]]:
        try:
            async with limit_lookup_time(interaction):
                contests = await list_readable_contests(self.stores, interaction, is_open=is_open)
        except RejectedError:
            return []
        typed = current.strip().casefold()
        found = [
            Choice(name=contest.settings.theme[:LABEL_LIMIT], value=contest.id)
            for contest in contests
            if typed in f"{contest.settings.theme}\n{contest.id}".casefold()
        ]
        return found[:CHOICES_LIMIT]
