"""The buttons and forms of a preview. Whoever sends their ids is checked anew: only the requester may use them."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import discord
from discord import ui

from bot.batches.drafting import BatchDrafter, SentBatch
from bot.batches.uploads import BatchUploads
from bot.domain.batches import DRAFT_STATES, Batch, BatchItem, BatchState
from bot.features.batches.access import find_batch_here, require_requester
from bot.features.batches.brief_form import build_brief_form, read_brief_form
from bot.features.batches.context import BatchContext
from bot.features.batches.custom_ids import (
    BriefFormId,
    DiscardBatchId,
    EditBriefId,
    PreviewPageId,
    SendAgainFormId,
    SendAgainId,
    SetPingsId,
    SetPriorityId,
    StartBatchId,
)
from bot.features.batches.previews import BatchPreviews
from bot.features.batches.start_form import FILES, TEMPLATE, build_again_form
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modal_files import read_modal_files
from bot.interactions.modals import read_modal_fields
from bot.interactions.responses import (
    RenderedMessage,
    format_problems,
    open_modal,
    send_private_followup,
    update_message,
)
from bot.rendering.layout import build_container_view
from bot.results.message_images import build_attached_image
from bot.storage.batches import SqlBatchStore
from shared.job import Priority
from shared.problems import Problem, RejectedError, make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PreviewHandlers:
    """Changes, starts and discards batches that were not started.

    A batch above the limit of its team waits for an approval, for `approval_seconds` at most.
    """

    store: SqlBatchStore
    context: BatchContext
    uploads: BatchUploads
    drafter: BatchDrafter
    previews: BatchPreviews
    approval_seconds: float

    async def show_page(self, interaction: discord.Interaction, custom_id: PreviewPageId) -> None:
        """Show a page of the pictures."""

        async def render() -> RenderedMessage:
            batch = await self._find_draft(interaction, custom_id.batch_id)
            return await self.previews.render(interaction, batch, custom_id.page)

        await update_message(interaction, render)

    async def set_priority(self, interaction: discord.Interaction, custom_id: SetPriorityId) -> None:
        """Give the batch another priority."""
        priority = Priority.LOW if custom_id.is_low else Priority.NORMAL
        await self._change(interaction, custom_id.batch_id, lambda batch: replace(batch, priority=priority))

    async def set_pings(self, interaction: discord.Interaction, custom_id: SetPingsId) -> None:
        """Ping the requester at the end, or not."""
        await self._change(interaction, custom_id.batch_id, lambda batch: replace(batch, pings=bool(custom_id.pings)))

    async def open_brief(self, interaction: discord.Interaction, custom_id: EditBriefId) -> None:
        """Open the form of the brief."""
        async with limit_lookup_time(interaction):
            batch = await self._find_draft(interaction, custom_id.batch_id)
        await open_modal(interaction, build_brief_form(batch, get_localized_messages(interaction)))

    async def save_brief(self, interaction: discord.Interaction, custom_id: BriefFormId) -> None:
        """Store the brief of the form, and the pattern for the names of files; then tell what could not be read."""
        fields = read_modal_fields(interaction)
        problems: list[Problem] = []

        def change(batch: Batch) -> Batch:
            changed, problems[:] = read_brief_form(fields, batch)
            return changed

        await self._change(interaction, custom_id.batch_id, change)
        if problems:
            await send_private_followup(interaction, format_problems(interaction, problems))

    async def open_again_form(self, interaction: discord.Interaction, custom_id: SendAgainId) -> None:
        """Open the form that sends the files again."""
        async with limit_lookup_time(interaction):
            batch = await self._find_draft(interaction, custom_id.batch_id)
            template = (await self.store.load_preview(batch.id)).template
        await open_modal(interaction, build_again_form(batch.id, template, get_localized_messages(interaction)))

    async def send_again(self, interaction: discord.Interaction, custom_id: SendAgainFormId) -> None:
        """Put the items of the files in the form in the place of those of the batch."""
        files = [build_attached_image(file) for file in read_modal_files(interaction, FILES)]
        template = read_modal_fields(interaction).get_text(TEMPLATE) or ""

        async def replace_and_render() -> RenderedMessage:
            batch = await self._find_draft(interaction, custom_id.batch_id)
            self.context.require_open(interaction)
            context = await self.context.build_request_context(interaction, await self.previews.find_team(batch))
            async with self.uploads.hold_files(files, interaction.filesize_limit, batch.id) as sent_files:
                sent = SentBatch(sent_files, template)
                prepared = await self.drafter.prepare(batch.id, sent, context)
                await self.drafter.replace_draft(batch.id, sent, prepared, get_localized_messages(interaction))
            return await self.previews.render(interaction, await self._find_draft(interaction, batch.id))

        await update_message(interaction, replace_and_render)

    async def discard(self, interaction: discord.Interaction, custom_id: DiscardBatchId) -> None:
        """Delete the draft; one that was sent back by an approver is cancelled, and stays in the list."""

        async def discard_and_render() -> RenderedMessage:
            batch = await self._find_draft(interaction, custom_id.batch_id)
            if batch.state is BatchState.DRAFT:
                await self.store.delete_draft(batch.id)
            else:
                await self.store.cancel_rest(batch.id)
            return self._render_note(interaction, "batch_preview.discarded")

        await update_message(interaction, discard_and_render)

    async def start(self, interaction: discord.Interaction, custom_id: StartBatchId) -> None:
        """Start the batch as it was shown, or let it wait for an approval."""

        async def start_and_render() -> RenderedMessage:
            batch = await self._find_draft(interaction, custom_id.batch_id)
            self.context.require_open(interaction)
            self.context.require_membership(interaction, batch)
            items = await self.store.list_items(batch.id)
            if not items:
                raise RejectedError(make_problem("batch_nothing_right"))
            await self._require_rules(interaction, batch, items[: custom_id.limit or None])
            channel = batch.place.channel_id
            if await self.previews.find_approval_limit(batch, items[: custom_id.limit or None]) is not None:
                if custom_id.limit:
                    raise RejectedError(make_problem("batch_changed"))
                await self.store.request_approval(batch.id, version=custom_id.version, seconds=self.approval_seconds)
                log.info("batch %s: %d items wait for an approval", batch.id, len(items))
                return self._render_note(interaction, "batch_preview.asked", channel=channel)
            await self.store.start(batch.id, version=custom_id.version, limit=custom_id.limit or None)
            log.info("batch %s: started with %d items", batch.id, custom_id.limit or len(items))
            return self._render_note(interaction, "batch_preview.started", channel=channel)

        await update_message(interaction, start_and_render)

    async def _require_rules(self, interaction: discord.Interaction, batch: Batch, items: Sequence[BatchItem]) -> None:
        """Raise `RejectedError` for items that the rules of the server no longer allow, a day after their preview."""
        context = await self.context.build_request_context(interaction, await self.previews.find_team(batch))
        problems = await self.drafter.builder.find_problems(context, [item.request for item in items])
        if problems:
            raise RejectedError(*problems)

    async def _change(self, interaction: discord.Interaction, batch_id: str, change: Callable[[Batch], Batch]) -> None:
        async def change_and_render() -> RenderedMessage:
            await self._find_draft(interaction, batch_id)
            return await self.previews.render(interaction, await self.store.change_draft(batch_id, change))

        await update_message(interaction, change_and_render)

    async def _find_draft(self, interaction: discord.Interaction, batch_id: str) -> Batch:
        """Find the user's own batch that was not started.

        Raises `RejectedError`: batch_unknown, batch_not_yours, batch_started.
        """
        batch = await find_batch_here(self.store, interaction, batch_id)
        require_requester(interaction, batch)
        if batch.state not in DRAFT_STATES:
            raise RejectedError(make_problem("batch_started"))
        return batch

    def _render_note(self, interaction: discord.Interaction, key: str, **facts: int) -> RenderedMessage:
        text = get_localized_messages(interaction).text(key, **facts)
        return RenderedMessage(build_container_view(ui.TextDisplay(text)))
