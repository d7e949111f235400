"""Renders the private preview of a batch from what is stored."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.batches.approval_view import SHEET_FILENAME
from bot.batches.source_sheet import SourceSheets
from bot.batches.teams import find_batch_team
from bot.domain.batches import Batch, BatchItem
from bot.domain.budgets import BudgetExceededError, BudgetUsage, require_room
from bot.domain.teams import Team
from bot.features.batches.preview_view import PreviewFacts, build_preview_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage
from bot.queue.call_paces import RedisCallPaces
from bot.storage.batches import SqlBatchStore
from bot.storage.budgets import SqlBudgetStore
from bot.storage.teams import SqlTeamStore
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class BatchPreviews:
    """Renders previews. Every method raises `RejectedError` (database_unavailable)."""

    store: SqlBatchStore
    budgets: SqlBudgetStore
    teams: SqlTeamStore
    paces: RedisCallPaces
    sheets: SourceSheets
    catalogue: Catalogue

    async def render_stored(self, interaction: discord.Interaction, batch_id: str) -> RenderedMessage:
        """Render the preview of a draft as it was stored. Raises `RejectedError` (batch_unknown)."""
        batch = await self.store.find_batch(batch_id)
        if batch is None:
            raise RejectedError(make_problem("batch_unknown"))
        return await self.render(interaction, batch)

    async def render(self, interaction: discord.Interaction, batch: Batch, page: int = 0) -> RenderedMessage:
        """Render the preview of a batch, with a page of its pictures."""
        messages = get_localized_messages(interaction)
        items = await self.store.list_items(batch.id)
        drawn = await self.sheets.draw_page(batch.id, items, page, messages)
        preview = await self.store.load_preview(batch.id)
        usages = await self.budgets.list_usage(batch.spender)
        facts = PreviewFacts(
            batch,
            items,
            preview,
            excess=_find_excess(usages, items),
            budgets=usages,
            seconds=await self._estimate_seconds(items),
            approval_limit=await self.find_approval_limit(batch, items),
            sheet=None if drawn is None else drawn.page,
        )
        files = [] if drawn is None else [discord.File(io.BytesIO(drawn.jpeg), SHEET_FILENAME)]
        if preview.table is not None:
            files.append(discord.File(io.BytesIO(preview.table), preview.table_name))
        return RenderedMessage(build_preview_view(facts, self.catalogue, messages), files)

    async def find_approval_limit(self, batch: Batch, items: Sequence[BatchItem]) -> int | None:
        """Return the limit of the team of a batch, in millionths of a dollar; None if its price is not above it."""
        team = await self.find_team(batch)
        if team is None or not team.needs_approval(sum(item.price for item in items)):
            return None
        return team.approval_limit

    async def find_team(self, batch: Batch) -> Team | None:
        """Find the team of a batch as it is now; None if there is none any more."""
        return await find_batch_team(self.teams, batch)

    async def _estimate_seconds(self, items: Sequence[BatchItem]) -> float | None:
        try:
            return await self.paces.estimate_seconds(Counter(item.request.model for item in items))
        except RejectedError:
            return None


def _find_excess(usages: Sequence[BudgetUsage], items: Sequence[BatchItem]) -> BudgetExceededError | None:
    """Find the budget that has less left than all items need, and of which the fewest of them fit."""
    try:
        require_room(usages, [item.price for item in items])
    except BudgetExceededError as error:
        return error
    return None
