"""The buttons of a board that change how a batch goes on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord
from discord import ButtonStyle

from bot.batches.board_view import format_money
from bot.batches.custom_ids import (
    CancelRestId,
    ConfirmCancelRestId,
    ConfirmRetryId,
    PauseBatchId,
    ResumeBatchId,
    RetryFailedId,
)
from bot.domain.batches import RESTARTABLE_STATES, Batch, ItemState
from bot.domain.budgets import get_price
from bot.features.batches.cancellation import BatchCancellation
from bot.features.batches.rights import BatchRights
from bot.interactions.components import build_button, build_button_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import defer_update, edit_response, format_problems, respond_privately, run_and_report
from bot.storage.batches import SqlBatchStore
from shared.catalogue import Catalogue
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class BoardHandlers:
    """Pauses, resumes and cancels batches, and retries items that failed, for those who may."""

    store: SqlBatchStore
    rights: BatchRights
    cancellation: BatchCancellation
    catalogue: Catalogue

    async def pause(self, interaction: discord.Interaction, custom_id: PauseBatchId) -> None:
        """Start no more items."""
        await self._change(interaction, custom_id.batch_id, self.store.pause, "paused")

    async def resume(self, interaction: discord.Interaction, custom_id: ResumeBatchId) -> None:
        """Start items again."""
        await self._change(interaction, custom_id.batch_id, self.store.resume, "resumed")

    async def ask_to_cancel(self, interaction: discord.Interaction, custom_id: CancelRestId) -> None:
        """Say how many items are not made yet, with a button that cancels those that have not begun."""
        async with limit_lookup_time(interaction):
            batch = await self.rights.find_managed(interaction, custom_id.batch_id)
            counts = await self.store.count_items(batch.id)
        messages = get_localized_messages(interaction)
        button = build_button(
            ConfirmCancelRestId(batch.id), messages.text("batch_board.cancel_confirm"), style=ButtonStyle.danger
        )
        text = messages.text("batch_board.cancel_question", count=counts.open_count)
        await respond_privately(interaction, text, view=build_button_view(button))

    async def cancel_rest(self, interaction: discord.Interaction, custom_id: ConfirmCancelRestId) -> None:
        """Cancel the items that have not begun; their reservations are released."""

        async def run() -> str:
            await self.cancellation.cancel_rest(interaction, custom_id.batch_id)
            return get_localized_messages(interaction).text("batch_board.rest_cancelled")

        await _replace_question(interaction, run)

    async def ask_to_retry(self, interaction: discord.Interaction, custom_id: RetryFailedId) -> None:
        """Tell the price of another try of the items that failed, with a button that does it."""
        async with limit_lookup_time(interaction):
            batch = await self.rights.find_managed(interaction, custom_id.batch_id)
            count, price = await self._price_retry(batch)
        messages = get_localized_messages(interaction)
        button = build_button(
            ConfirmRetryId(batch.id, price),
            messages.text("batch_board.retry_confirm", count=count),
            style=ButtonStyle.success,
        )
        text = messages.text("batch_board.retry_question", count=count, price=format_money(price, messages))
        await respond_privately(interaction, text, view=build_button_view(button))

    async def retry_failed(self, interaction: discord.Interaction, custom_id: ConfirmRetryId) -> None:
        """Try the items that failed again, unless that costs more than was said."""

        async def run() -> str:
            batch = await self.rights.find_managed(interaction, custom_id.batch_id)
            count, price = await self._price_retry(batch)
            if price > custom_id.price:
                raise RejectedError(make_problem("batch_price_changed"))
            await self.store.retry_failed(batch.id)
            return get_localized_messages(interaction).text("batch_board.retried", count=count)

        await _replace_question(interaction, run)

    async def _change(
        self,
        interaction: discord.Interaction,
        batch_id: str,
        change: Callable[[str], Awaitable[Batch]],
        answer: str,
    ) -> None:
        async def run() -> str:
            batch = await self.rights.find_managed(interaction, batch_id)
            await change(batch.id)
            return get_localized_messages(interaction).text(f"batch_board.{answer}")

        await run_and_report(interaction, run)

    async def _price_retry(self, batch: Batch) -> tuple[int, int]:
        """Count the items that failed, and add up their prices as of now, in millionths of a dollar.

        Raises `RejectedError` (batch_nothing_failed, batch_not_running).
        """
        if batch.state not in RESTARTABLE_STATES:
            raise RejectedError(make_problem("batch_not_running"))
        failed = await self.store.list_items(batch.id, states={ItemState.FAILED})
        if not failed:
            raise RejectedError(make_problem("batch_nothing_failed"))
        return len(failed), sum(get_price(self.catalogue.models.get(item.request.model)) for item in failed)


async def _replace_question(interaction: discord.Interaction, run: Callable[[], Awaitable[str]]) -> None:
    """Run an action, and show its message in place of the question whose button was pressed."""
    if not await defer_update(interaction):
        return
    try:
        text = await run()
    except RejectedError as rejection:
        text = format_problems(interaction, rejection.problems)
    await edit_response(interaction, text)
