"""Drafts of contests: kept while their hosts choose the rules in a panel."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.domain.draft import Draft
from bot.domain.ports import DraftStore, JobHistory
from bot.domain.rounds import ContestSettings
from bot.features.rounds.choices import compute_max_cost, goes_on, list_entry_models, select_fixed_options
from bot.features.rounds.forum_place import list_forums
from bot.features.rounds.start_view import Forum, build_panel
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.rejected_forms import RejectedForms
from bot.interactions.responses import RenderedMessage
from bot.interactions.visibility import may_view_job
from bot.results.message_images import build_attached_image
from bot.results.reuse import ReuseRule
from bot.submission.validation import RequestValidator
from shared.catalogue import Model
from shared.problems import RejectedError, make_problem
from shared.request.builder import build_request


@dataclass(frozen=True)
class ContestDrafts:
    """Builds, keeps and shows drafts of contests."""

    drafts: DraftStore
    validator: RequestValidator
    reuse_rule: ReuseRule
    job_history: JobHistory

    async def build_draft(
        self,
        interaction: discord.Interaction,
        settings: ContestSettings,
        image: discord.Attachment | None,
        source: str | None,
    ) -> Draft:
        """Build the draft with the picture to start from: an upload, or a result that the user may go on from."""
        user_id = interaction.user.id
        if image is not None and source is not None:
            raise RejectedError(make_problem("source_conflict", field="source"))
        if image is not None:
            attached = build_attached_image(image)
            problems = self.validator.find_problems(interaction, attached)
            if problems:
                raise RejectedError(*problems)
            return Draft(user_id, (attached,), contest=settings)
        if source is None:
            return Draft(user_id, (), contest=settings)
        record = await self.job_history.find_job(source.strip())
        if record is None or record.outcome_kind != "generated" or not may_view_job(interaction, record):
            raise RejectedError(make_problem("job_unknown"))
        await self.reuse_rule.require_permission(interaction, [record.job.requester.id], record.job.origin)
        return Draft(user_id, (), record.job.id, source_owner_id=record.job.requester.id, contest=settings)

    async def load_draft(self, interaction: discord.Interaction, draft_id: str) -> tuple[Draft, ContestSettings]:
        """Load the user's own draft of a contest. Raises `RejectedError` (draft_expired)."""
        draft = await RejectedForms(self.drafts).load_draft(interaction, draft_id)
        if draft.contest is None:
            raise RejectedError(make_problem("draft_expired"))
        return draft, draft.contest

    async def save_and_render(self, interaction: discord.Interaction, draft_id: str, draft: Draft) -> RenderedMessage:
        rendered = self._render(interaction, draft_id, draft)
        await self.drafts.save_draft(draft_id, draft)
        return rendered

    def require_valid_options(self, interaction: discord.Interaction, draft: Draft, settings: ContestSettings) -> None:
        """Raise `RejectedError` for fixed options that no entry could have."""
        offered = get_offered_catalogue(interaction, self.validator.catalogue)
        for has_source in {starts_from_picture(draft), starts_from_picture(draft) or goes_on(settings)}:
            for model in list_entry_models(settings, offered, has_source=has_source):
                options = select_fixed_options(settings, model, has_source=has_source)
                build_request(offered, prompt="x", model=model.key, has_picture=has_source, **options)

    def _render(self, interaction: discord.Interaction, draft_id: str, draft: Draft) -> RenderedMessage:
        settings = draft.contest or ContestSettings("")
        messages = get_localized_messages(interaction)
        max_cost = self.compute_max_cost(interaction, draft, settings)
        offered = get_offered_catalogue(interaction, self.validator.catalogue)
        return RenderedMessage(
            build_panel(
                draft_id,
                settings,
                max_cost,
                offered,
                messages,
                has_source=starts_from_picture(draft),
                forums=[Forum(forum.id, forum.name) for forum in list_forums(interaction)],
            ),
        )

    def compute_max_cost(self, interaction: discord.Interaction, draft: Draft, settings: ContestSettings) -> int:
        return compute_max_cost(settings, self.list_models(interaction, draft, settings))

    def list_models(self, interaction: discord.Interaction, draft: Draft, settings: ContestSettings) -> Sequence[Model]:
        """List the models of all rounds. Raises `RejectedError` (round_models_unfit) if a round has none."""
        offered = get_offered_catalogue(interaction, self.validator.catalogue)
        first = starts_from_picture(draft)
        try:
            models = [
                *list_entry_models(settings, offered, has_source=first),
                *list_entry_models(settings, offered, has_source=first or goes_on(settings)),
            ]
        except RejectedError as error:
            raise RejectedError(make_problem("round_models_unfit")) from error
        return list({model.key: model for model in models}.values())


def starts_from_picture(draft: Draft) -> bool:
    return bool(draft.images) or draft.parent_id is not None
