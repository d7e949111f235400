"""Review: deciding on pictures nine at a time, from the sheets, or one after another, each shown whole."""

from collections.abc import Collection
from dataclasses import dataclass

import discord

from bot.batches.custom_ids import (
    AcceptItemId,
    AcceptItemsId,
    AcceptSheetId,
    OpenItemId,
    RejectFormId,
    RejectItemId,
    RejectItemsId,
    ShowItemId,
    ShowUndecidedId,
)
from bot.batches.sheet_view import is_undecided
from bot.delivery.result_message import build_picture_file
from bot.domain.batches import Batch, BatchItem, ItemState, Review, get_sheet_number
from bot.features.batches.access import find_batch_here, find_batch_item
from bot.features.batches.item_view import ItemFacts, build_item_view
from bot.features.batches.reject_form import build_reject_form
from bot.features.batches.rights import BatchRights
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.components import get_selected_value, get_selected_values, parse_selected_number
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.reason_form import read_optional_reason
from bot.interactions.responses import RenderedMessage, open_modal, respond_with, run_and_report, update_message
from bot.results.lookup import ResultLookup
from bot.storage.batches import SqlBatchStore
from shared.catalogue import Catalogue
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ReviewHandlers:
    """Shows items to whoever can read the channel, and lets reviewers decide."""

    store: SqlBatchStore
    rights: BatchRights
    result_lookup: ResultLookup
    catalogue: Catalogue

    async def open_item(self, interaction: discord.Interaction, custom_id: OpenItemId) -> None:
        """Show the item that was selected on a sheet, to this person alone."""
        number = parse_selected_number(get_selected_value(interaction))

        async def render() -> RenderedMessage:
            batch = await find_batch_here(self.store, interaction, custom_id.batch_id)
            return await self._render_item(interaction, batch, number)

        await respond_with(interaction, render)

    async def show_undecided(self, interaction: discord.Interaction, custom_id: ShowUndecidedId) -> None:
        """Show the first picture that waits for a decision, to this person alone."""

        async def render() -> RenderedMessage:
            batch = await find_batch_here(self.store, interaction, custom_id.batch_id)
            item = await self._find_undecided(batch.id, 1)
            if item is None:
                raise RejectedError(make_problem("batch_nothing_undecided"))
            return await self._render_item(interaction, batch, item.number)

        await respond_with(interaction, render)

    async def show_item(self, interaction: discord.Interaction, custom_id: ShowItemId) -> None:
        """Show another item in place of the one that is shown."""

        async def render() -> RenderedMessage:
            batch = await find_batch_here(self.store, interaction, custom_id.batch_id)
            return await self._render_item(interaction, batch, custom_id.number)

        await update_message(interaction, render)

    async def accept_item(self, interaction: discord.Interaction, custom_id: AcceptItemId) -> None:
        """Accept the picture that is shown, and show the next one that waits for a decision."""

        async def render() -> RenderedMessage:
            return await self._decide_shown(interaction, custom_id, Review.ACCEPTED)

        await update_message(interaction, render)

    async def open_reject_form(self, interaction: discord.Interaction, custom_id: RejectItemId) -> None:
        """Ask for the reason, which may be left out."""
        async with limit_lookup_time(interaction):
            batch = await self.rights.find_reviewed(interaction, custom_id.batch_id)
            await find_batch_item(self.store, batch.id, custom_id.number, custom_id.attempt)
        form_id = RejectFormId(custom_id.batch_id, custom_id.number, custom_id.attempt)
        await open_modal(interaction, build_reject_form(form_id, get_localized_messages(interaction)))

    async def reject_item(self, interaction: discord.Interaction, custom_id: RejectFormId) -> None:
        """Reject the picture that is shown, and show the next one that waits for a decision."""
        reason = read_optional_reason(interaction)

        async def render() -> RenderedMessage:
            return await self._decide_shown(interaction, custom_id, Review.REJECTED, reason)

        await update_message(interaction, render)

    async def accept_selected(self, interaction: discord.Interaction, custom_id: AcceptItemsId) -> None:
        """Accept the pictures that were selected on a sheet."""
        await self._decide_selected(interaction, custom_id, Review.ACCEPTED)

    async def reject_selected(self, interaction: discord.Interaction, custom_id: RejectItemsId) -> None:
        """Reject the pictures that were selected on a sheet, without a reason."""
        await self._decide_selected(interaction, custom_id, Review.REJECTED)

    async def accept_sheet(self, interaction: discord.Interaction, custom_id: AcceptSheetId) -> None:
        """Accept all pictures of a sheet that wait for a decision."""

        async def run() -> str:
            batch = await self.rights.find_reviewed(interaction, custom_id.batch_id)
            items = await self.store.list_sheet_items(batch.id, custom_id.sheet)
            numbers = [item.number for item in items if is_undecided(item)]
            if not numbers:
                raise RejectedError(make_problem("batch_nothing_undecided"))
            return await self._decide(interaction, batch, numbers, Review.ACCEPTED)

        await run_and_report(interaction, run)

    async def _decide_selected(
        self, interaction: discord.Interaction, custom_id: AcceptItemsId | RejectItemsId, review: Review
    ) -> None:
        numbers = {parse_selected_number(value) for value in get_selected_values(interaction)}

        async def run() -> str:
            batch = await self.rights.find_reviewed(interaction, custom_id.batch_id)
            if not numbers or any(get_sheet_number(number) != custom_id.sheet for number in numbers):
                raise RejectedError(make_problem("batch_item_unknown"))
            return await self._decide(interaction, batch, numbers, review)

        await run_and_report(interaction, run)

    async def _decide(
        self, interaction: discord.Interaction, batch: Batch, numbers: Collection[int], review: Review
    ) -> str:
        await self.store.review_items(batch.id, numbers, review, interaction.user.id)
        return get_localized_messages(interaction).text(f"batch_sheet.{review}", count=len(numbers))

    async def _decide_shown(
        self,
        interaction: discord.Interaction,
        custom_id: AcceptItemId | RejectFormId,
        review: Review,
        reason: str = "",
    ) -> RenderedMessage:
        """Decide on the picture that is shown, and render the next one that waits, or this one if there is none."""
        batch = await self.rights.find_reviewed(interaction, custom_id.batch_id)
        await find_batch_item(self.store, batch.id, custom_id.number, custom_id.attempt)
        batch = await self.store.review_items(batch.id, [custom_id.number], review, interaction.user.id, reason)
        following = await self._find_undecided(batch.id, custom_id.number) or await self._find_undecided(batch.id, 1)
        if following is not None:
            return await self._render_item(interaction, batch, following.number)
        notice = get_localized_messages(interaction).text("batch_item.all_decided")
        return await self._render_item(interaction, batch, custom_id.number, notice)

    async def _find_undecided(self, batch_id: str, first: int) -> BatchItem | None:
        """Find the first item, from this number on, whose picture waits for a decision."""
        states = {ItemState.GENERATED}
        found = await self.store.list_items(batch_id, first=first, limit=1, states=states, review=Review.UNDECIDED)
        return next(iter(found), None)

    async def _render_item(
        self, interaction: discord.Interaction, batch: Batch, number: int, notice: str = ""
    ) -> RenderedMessage:
        item = await find_batch_item(self.store, batch.id, number)
        counts = await self.store.count_items(batch.id)
        file = await self._load_picture(interaction, item)
        facts = ItemFacts(
            total=sum(counts.by_state.values()),
            may_review=await self.rights.may_review(interaction, batch),
            filename=None if file is None else file.filename,
            notice=notice,
        )
        view = build_item_view(batch, item, facts, self.catalogue, get_localized_messages(interaction))
        return RenderedMessage(view, () if file is None else [file])

    async def _load_picture(self, interaction: discord.Interaction, item: BatchItem) -> discord.File | None:
        """Load the picture of an item as a file; None if it has none, it was deleted, or it cannot be uploaded."""
        if item.state is not ItemState.GENERATED:
            return None
        record = await self.result_lookup.find_job(item.job_id)
        data = None if record is None or record.is_deleted else await self.store.load_result(item.job_id)
        if record is None or data is None:
            return None
        max_bytes = min(interaction.filesize_limit, MAX_REQUEST_BYTES)
        try:
            return await build_picture_file(record.job, item.seed, data, max_bytes)
        except (ValueError, ImageRejectedError):
            return None
