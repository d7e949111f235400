"""Redo: has an item made once more, with other words or settings and the same source, at a price that is told."""

from dataclasses import dataclass

import discord

from bot.batches.board_view import format_money
from bot.batches.custom_ids import RedoFormId, RedoItemId, ReopenRedoId
from bot.domain.batches import Batch, BatchItem
from bot.domain.budgets import get_price
from bot.domain.draft import EMPTY_FORM, Draft, FilledForm
from bot.features.batches.access import find_batch_item
from bot.features.batches.rights import BatchRights
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import build_modal
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import open_modal, run_and_report
from bot.interactions.teams import ask_for_oneself
from bot.rendering.edit_form import build_edit_fields
from bot.storage.batches import SqlBatchStore
from bot.submission.edited_request import build_edited_request
from bot.submission.model_selection import pick_model
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem
from shared.request.conversion import convert_to_model
from shared.request.model import Request


@dataclass(frozen=True)
class RedoHandlers:
    """Opens the form, and lets the item be made once more. Options that its team locks cannot be changed."""

    store: SqlBatchStore
    rights: BatchRights
    validator: RequestValidator
    forms: RejectedForms
    catalogue: Catalogue

    async def open_form(self, interaction: discord.Interaction, custom_id: RedoItemId) -> None:
        """Open the form with the words and settings of the item."""
        await self._open_form(interaction, custom_id, EMPTY_FORM)

    async def reopen_form(self, interaction: discord.Interaction, custom_id: ReopenRedoId) -> None:
        """Open the form as it was filled in when it was rejected."""
        async with limit_lookup_time(interaction):
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
        await self._open_form(interaction, custom_id, draft.form)

    async def submit_form(self, interaction: discord.Interaction, custom_id: RedoFormId) -> None:
        """Let the item be made once more, or explain why not, with a button to open the form again."""
        async with limit_lookup_time(interaction):
            batch, item, model = await self._find_item(interaction, custom_id)
            locked = await self._list_locked(batch)
        try:
            request = await self._build_request(interaction, item, model, locked)
        except RejectedError as rejection:
            reopen_id = ReopenRedoId(batch.id, item.number, item.attempt, str(interaction.id))
            await self.forms.explain(interaction, rejection.problems, Draft(interaction.user.id, ()), reopen_id)
            return

        async def run() -> str:
            await self.store.redo_item(batch.id, item.number, request, interaction.user.id)
            messages = get_localized_messages(interaction)
            return messages.text("batch_item.redone", number=item.number, price=_format_price(model, messages))

        await run_and_report(interaction, run)

    async def _open_form(
        self, interaction: discord.Interaction, custom_id: RedoItemId | ReopenRedoId, form: FilledForm
    ) -> None:
        async with limit_lookup_time(interaction):
            batch, item, model = await self._find_item(interaction, custom_id)
            locked = await self._list_locked(batch)
        messages = get_localized_messages(interaction)
        request = convert_to_model(item.request, model)
        fields = build_edit_fields(request, None, model, messages, form, locked=locked)
        if not fields:
            raise RejectedError(make_problem("batch_all_locked"))
        price = _format_price(model, messages)
        title = messages.text("batch_item.redo_title", number=item.number, price=price)
        await open_modal(interaction, build_modal(title, RedoFormId(batch.id, item.number, item.attempt), *fields))

    async def _find_item(
        self, interaction: discord.Interaction, custom_id: RedoItemId | RedoFormId | ReopenRedoId
    ) -> tuple[Batch, BatchItem, Model]:
        """Find the item and the model that makes it, if this person may have it made again. Raises `RejectedError`."""
        batch = await self.rights.find_reviewed(interaction, custom_id.batch_id)
        item = await find_batch_item(self.store, batch.id, custom_id.number, custom_id.attempt)
        return batch, item, pick_model(interaction, self.catalogue, item.request)

    async def _list_locked(self, batch: Batch) -> frozenset[str]:
        team = await self.rights.load_team(batch)
        return frozenset() if team is None else team.locked

    async def _build_request(
        self, interaction: discord.Interaction, item: BatchItem, model: Model, locked: frozenset[str]
    ) -> Request:
        """Build the request of the form. Raises `RejectedError`."""
        ask_for_oneself(interaction)  # the batch has a team of its own, whichever the reviewer has chosen
        request = convert_to_model(item.request, model)
        built = build_edited_request(interaction, self.validator, request, None, model, locked=locked)
        await self.validator.validate_requests(interaction, None, built.request)
        return built.request


def _format_price(model: Model, messages: Messages) -> str:
    return format_money(get_price(model), messages)
