"""The buttons “Go on without it” and “Use the words as they are”."""

from collections.abc import Callable
from dataclasses import dataclass

import discord

from bot.domain.draft import SyntaxAnswers
from bot.domain.ports import DraftStore
from bot.explorations.several import PictureSubmitter
from bot.interactions.deadlines import limit_lookup_time
from bot.submission.drafts import DraftImageLoader, read_details
from bot.submission.syntax_question import GoOnWithoutId, UseWordsId
from shared.problems import RejectedError, make_problem
from shared.request.model import BuiltRequest


@dataclass(frozen=True)
class SyntaxAnswerHandler:
    """Submits the request of an answer, once for each question and for its requester alone."""

    drafts: DraftStore
    draft_images: DraftImageLoader
    pictures: PictureSubmitter

    async def go_on_without(self, interaction: discord.Interaction, custom_id: GoOnWithoutId) -> None:
        """Submit the request without the things that have no equal here."""
        await self._submit_answer(interaction, custom_id, lambda answers: (answers.without, answers.count))

    async def use_words(self, interaction: discord.Interaction, custom_id: UseWordsId) -> None:
        """Submit the request with its prompt as words."""
        await self._submit_answer(interaction, custom_id, lambda answers: (answers.literal, answers.literal_count))

    async def _submit_answer(
        self,
        interaction: discord.Interaction,
        custom_id: GoOnWithoutId | UseWordsId,
        choose: Callable[[SyntaxAnswers], tuple[BuiltRequest | None, int]],
    ) -> None:
        async with limit_lookup_time(interaction):
            draft = await self.drafts.load_draft(custom_id.draft_id)
            if draft is None or draft.answers is None or draft.user_id != interaction.user.id:
                raise RejectedError(make_problem("question_closed"))
            built, count = choose(draft.answers)
            if built is None:
                raise RejectedError(make_problem("question_closed"))
            image = await self.draft_images.load_image(interaction, draft)
        details = read_details(draft, built.notes)
        await self.pictures.submit_choice(
            interaction, custom_id, custom_id.draft_id, built.request, image, count, details
        )
