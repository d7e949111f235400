"""Entering a round: the form, and changing or withdrawing one's own entries."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
from discord import ui

from bot.domain.draft import EMPTY_FORM, Draft, FilledForm
from bot.domain.records import JobRecord
from bot.domain.round_changes import withdraw_entry
from bot.domain.rounds import Contest, EntryState, Phase, RoundEntry
from bot.features.rounds.access import find_contest_here, require_entrant
from bot.features.rounds.choices import list_entry_models, select_fixed_options
from bot.features.rounds.custom_ids import NO_JOB, ChangeEntryId, EntryFormId, ReopenEntryId, WithdrawEntryId
from bot.features.rounds.entry_form import (
    build_entry_form,
    build_own_entries,
    get_entry_values,
    list_entry_fields,
)
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.modals import read_modal_fields
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import RenderedMessage, open_modal, respond_with, run_and_report
from bot.interactions.result_buttons import RetryEntryId
from bot.interactions.teams import ask_for_oneself
from bot.queue.job_queue import RedisJobQueue
from bot.rendering.layout import build_container_view
from bot.rounds.custom_ids import EnterRoundId
from bot.rounds.entries import EntrySubmitter
from bot.rounds.message_editor import RoundMessageEditor
from bot.rounds.pictures import RoundPictures
from bot.storage.job_history import SqlJobHistory
from bot.storage.round_stores import RoundStores
from shared.catalogue import Model
from shared.outcome import CANCELLED
from shared.problems import RejectedError, make_problem
from shared.request.model import BuiltRequest, Request

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EntryHandlers:
    """Opens forms of entries and submits them. Everything is checked anew when a form is submitted."""

    stores: RoundStores
    submitter: EntrySubmitter
    forms: RejectedForms
    job_history: SqlJobHistory
    pictures: RoundPictures
    queue: RedisJobQueue
    editor: RoundMessageEditor

    async def open_form(self, interaction: discord.Interaction, custom_id: EnterRoundId) -> None:
        """Open the form, or show the member's own entries if there can be no more."""
        async with limit_lookup_time(interaction):
            contest = await self._find_entering(interaction, custom_id.contest_id)
            own = await self._list_own_entries(interaction, contest)
        limit = contest.settings.max_entries_per_member
        if contest.settings.is_relay or sum(entry.is_active for entry in own) < limit:
            await self._open(interaction, contest, NO_JOB)
            return

        async def render() -> RenderedMessage:
            text = get_localized_messages(interaction).text("round.all_entered")
            return RenderedMessage(
                build_container_view(ui.TextDisplay(text), *await self.render_own(interaction, contest))
            )

        await respond_with(interaction, render)

    async def open_change_form(self, interaction: discord.Interaction, custom_id: ChangeEntryId) -> None:
        """Open the form with the settings of an own entry, whose place the new one takes."""
        async with limit_lookup_time(interaction):
            contest = await self._find_entering(interaction, custom_id.contest_id)
            record = await self._find_own_record(interaction, contest, custom_id.job_id)
        await self._open(interaction, contest, custom_id.job_id, request=record.job.request)

    async def reopen_form(self, interaction: discord.Interaction, custom_id: ReopenEntryId) -> None:
        """Open the form as it was filled in when it was rejected."""
        async with limit_lookup_time(interaction):
            contest = await self._find_entering(interaction, custom_id.contest_id)
            draft = await self.forms.load_draft(interaction, custom_id.draft_id)
        await self._open(interaction, contest, custom_id.job_id, form=draft.form)

    async def open_retry_form(self, interaction: discord.Interaction, custom_id: RetryEntryId) -> None:
        """Open the form with the settings of an own entry that was filtered or failed."""
        async with limit_lookup_time(interaction):
            entry = await self.stores.contests.find_entry(custom_id.job_id)
            record = await self.job_history.find_job(custom_id.job_id)
            if entry is None or record is None or entry.author_id != interaction.user.id:
                raise RejectedError(make_problem("round_entry_unknown"))
            contest = await self._find_entering(interaction, entry.contest_id)
        await self._open(interaction, contest, entry.replaced_job_id or NO_JOB, request=record.job.request)

    async def submit_form(self, interaction: discord.Interaction, custom_id: EntryFormId) -> None:
        """Submit the member's own entry, or explain why not, with a button to open the form again."""
        ask_for_oneself(interaction)
        replaced_job_id = None if custom_id.job_id == NO_JOB else custom_id.job_id
        try:
            async with limit_lookup_time(interaction):
                contest = await self._find_entering(interaction, custom_id.contest_id)
                _require_same_round(contest, custom_id)
                image = await self.pictures.load_source(interaction.client, contest)
                owner_id = await self._find_source_owner(interaction, contest)
            built = self._build_request(interaction, contest, image)
        except RejectedError as rejection:
            reopen_id = ReopenEntryId(custom_id.contest_id, str(interaction.id), custom_id.job_id)
            await self.forms.explain(interaction, rejection.problems, Draft(interaction.user.id, ()), reopen_id)
            return
        await self.submitter.submit_entry(
            interaction,
            contest,
            built,
            image,
            replaced_job_id=replaced_job_id,
            source_owner_id=owner_id,
        )

    async def withdraw(self, interaction: discord.Interaction, custom_id: WithdrawEntryId) -> None:
        """Take an own entry back, and cancel its job if it has not started."""
        await run_and_report(interaction, partial(self._withdraw, interaction, custom_id.contest_id, custom_id.job_id))

    async def render_own(self, interaction: discord.Interaction, contest: Contest) -> list[ui.Item[Any]]:
        """Render the member's own entries of the round."""
        own = await self._list_own_entries(interaction, contest)
        records = await self.job_history.find_jobs([entry.job_id for entry in own])
        return build_own_entries(contest, own, records, get_localized_messages(interaction))

    async def _withdraw(self, interaction: discord.Interaction, contest_id: str, job_id: str) -> str:
        contest = await find_contest_here(self.stores, interaction, contest_id)
        entry = await self.stores.contests.find_entry(job_id)
        change = partial(withdraw_entry, interaction.user.id, job_id)
        contest = await self.stores.contests.change_contest(contest.id, change)
        if entry is not None and entry.state is EntryState.PENDING:
            result = await self.queue.cancel_job(job_id, make_problem(CANCELLED, name=interaction.user.display_name))
            log.info("job %s: its entry was withdrawn: %s", job_id, result)
        if entry is not None and entry.number is not None:
            await self.editor.redraw_entry(interaction.client, contest, entry)
        return get_localized_messages(interaction).text("round.withdrawn")

    async def _find_entering(self, interaction: discord.Interaction, contest_id: str) -> Contest:
        """Find a contest in which the user may enter now. Raises `RejectedError`."""
        contest = await find_contest_here(self.stores, interaction, contest_id)
        if contest.phase is not (Phase.TURN if contest.settings.is_relay else Phase.ENTERING):
            raise RejectedError(make_problem("round_not_entering"))
        if contest.settings.is_relay and contest.turn_user_id != interaction.user.id:
            raise RejectedError(make_problem("round_not_your_turn"))
        require_entrant(interaction, contest)
        return contest

    async def _list_own_entries(self, interaction: discord.Interaction, contest: Contest) -> list[RoundEntry]:
        own = await self.stores.contests.list_entries(
            contest.id, round_number=contest.round_number, author_id=interaction.user.id
        )
        return [entry for entry in own if entry.is_active or entry.state is EntryState.DISQUALIFIED]

    async def _find_own_record(self, interaction: discord.Interaction, contest: Contest, job_id: str) -> JobRecord:
        """Find the job of an own entry of the round. Raises `RejectedError` (round_entry_unknown)."""
        own = await self._list_own_entries(interaction, contest)
        record = await self.job_history.find_job(job_id)
        if record is None or job_id not in {entry.job_id for entry in own if entry.state is EntryState.ENTERED}:
            raise RejectedError(make_problem("round_entry_unknown"))
        return record

    async def _find_source_owner(self, interaction: discord.Interaction, contest: Contest) -> int | None:
        """Find whose picture the round starts from; None for the user's own, and for an upload of the host."""
        if contest.source_job_id is None:
            return None
        record = await self.job_history.find_job(contest.source_job_id)
        owner_id = record.job.requester.id if record else None
        return None if owner_id == interaction.user.id else owner_id

    def _list_models(self, interaction: discord.Interaction, contest: Contest) -> list[Model]:
        offered = get_offered_catalogue(interaction, self.submitter.queuer.validator.catalogue)
        return list(list_entry_models(contest.settings, offered, has_source=contest.has_source))

    async def _open(
        self,
        interaction: discord.Interaction,
        contest: Contest,
        job_id: str,
        *,
        request: Request | None = None,
        form: FilledForm = EMPTY_FORM,
    ) -> None:
        """Open the form as it was filled in before, or with the settings of an earlier request, if there is one."""
        models = self._list_models(interaction, contest)
        catalogue = get_offered_catalogue(interaction, self.submitter.queuer.validator.catalogue)
        custom_id = EntryFormId(contest.id, contest.round_number, contest.turn_number, job_id)
        messages = get_localized_messages(interaction)
        values = {} if request is None else get_entry_values(request, models, messages)
        modal = build_entry_form(custom_id, contest, models, catalogue, messages, values=values, form=form)
        await open_modal(interaction, modal)

    def _build_request(self, interaction: discord.Interaction, contest: Contest, image: Any) -> BuiltRequest:
        """Build the request of a submitted form, in which the fixed settings hold. Raises `RejectedError`."""
        models = self._list_models(interaction, contest)
        fields = read_modal_fields(interaction)
        options: dict[str, Any] = {name: fields.get_text(name) for name in list_entry_fields(contest, models)}
        options["model"] = options.get("model") or models[0].key
        model = next((model for model in models if model.key == options["model"]), None)
        if model is None:
            raise RejectedError(make_problem("round_no_model"))
        options |= select_fixed_options(contest.settings, model, has_source=contest.has_source)
        return self.submitter.queuer.validator.build_request(interaction, image, options)


def _require_same_round(contest: Contest, custom_id: EntryFormId) -> None:
    """Raise `RejectedError` (round_not_entering) for a form that was opened in an earlier round."""
    if (contest.round_number, contest.turn_number) != (custom_id.round_number, custom_id.turn_number):
        raise RejectedError(make_problem("round_not_entering"))
