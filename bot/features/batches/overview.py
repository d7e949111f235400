"""`/batch list` and `/batch status`, and `pause`, `resume` and `cancel`, which the board offers as buttons as well."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.batches.message_builder import BatchMessageBuilder
from bot.discord_client.command_builder import CHOICES_LIMIT, LABEL_LIMIT
from bot.domain.batches import DRAFT_STATES, BatchBoard
from bot.features.batches.access import list_readable_batches, resolve_batch
from bot.features.batches.cancellation import BatchCancellation
from bot.features.batches.overview_view import build_list_view, build_unstarted_view
from bot.features.batches.previews import BatchPreviews
from bot.features.batches.rights import BatchRights
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, run_and_report
from bot.storage.batches import SqlBatchStore
from shared.problems import RejectedError

BatchOption = app_commands.Range[str, 1, LABEL_LIMIT]


@dataclass(frozen=True)
class OverviewCommands:
    """Shows the user's own batches, and those whose channel they can read, and changes how one goes on."""

    store: SqlBatchStore
    rights: BatchRights
    cancellation: BatchCancellation
    previews: BatchPreviews
    builder: BatchMessageBuilder

    async def show_list(self, interaction: discord.Interaction) -> None:
        """List the batches of the server, newest first."""

        async def render() -> RenderedMessage:
            batches = await list_readable_batches(self.store, interaction)
            return RenderedMessage(build_list_view(batches, get_localized_messages(interaction)))

        await respond_with(interaction, render)

    async def show_status(self, interaction: discord.Interaction, batch: BatchOption | None = None) -> None:
        """Show how far a batch is; to its requester, while it was not started, its preview."""

        async def render() -> RenderedMessage:
            found = await resolve_batch(self.store, interaction, batch, is_open=True)
            is_requester = found.requester.id == interaction.user.id
            if is_requester and found.state in DRAFT_STATES:
                return await self.previews.render(interaction, found)
            messages = get_localized_messages(interaction)
            if found.started_at is None:
                return RenderedMessage(build_unstarted_view(found, messages, is_requester=is_requester))
            board = BatchBoard(found, drawn_version=found.version, attempt=0)
            return RenderedMessage(await self.builder.build_board(board, messages, has_own_thread=True))

        await respond_with(interaction, render)

    async def pause(self, interaction: discord.Interaction, batch: BatchOption | None = None) -> None:
        """Start no more items."""
        await self._change(interaction, batch, self.store.pause, "paused")

    async def resume(self, interaction: discord.Interaction, batch: BatchOption | None = None) -> None:
        """Start items again."""
        await self._change(interaction, batch, self.store.resume, "resumed")

    async def cancel(self, interaction: discord.Interaction, batch: BatchOption | None = None) -> None:
        """Cancel the items that have not begun; their reservations are released."""

        async def cancel_rest(batch_id: str) -> None:
            await self.cancellation.cancel_rest(interaction, batch_id)

        await self._change(interaction, batch, cancel_rest, "rest_cancelled")

    async def autocomplete_batch(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the batches of the server, newest first."""
        return await self._complete(interaction, current, is_open=None)

    async def autocomplete_open_batch(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the batches of the server that are not over, the user's own drafts first."""
        return await self._complete(interaction, current, is_open=True)

    async def _change(
        self,
        interaction: discord.Interaction,
        batch_id: str | None,
        change: Callable[[str], Awaitable[object]],
        answer: str,
    ) -> None:
        async def run() -> str:
            found = await resolve_batch(self.store, interaction, batch_id, is_open=True)
            batch = await self.rights.find_managed(interaction, found.id)
            await change(batch.id)
            return get_localized_messages(interaction).text(f"batch_board.{answer}")

        await run_and_report(interaction, run)

    async def _complete(
        self, interaction: discord.Interaction, current: str, *, is_open: bool | None
    ) -> list[Choice[str]]:
        try:
            async with limit_lookup_time(interaction):
                batches = await list_readable_batches(self.store, interaction, is_open=is_open)
        except RejectedError:
            return []
        typed = current.strip().casefold()
        found = [
            Choice(name=batch.brief.title[:LABEL_LIMIT] or batch.id, value=batch.id)
            for batch in batches
            if typed in f"{batch.brief.title}\n{batch.id}".casefold()
        ]
        return found[:CHOICES_LIMIT]
