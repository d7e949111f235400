"""The question how to go on with a prompt that asks for something that has no equal here. Nothing is submitted before.

The requests of both answers are kept as a draft, so any process of the bot can submit them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import discord
from discord import ButtonStyle, ui

from bot.domain.draft import EMPTY_FORM, SyntaxAnswers
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import DraftStore
from bot.interactions.components import build_button
from bot.interactions.custom_ids import DRAFT_ID, CustomId
from bot.interactions.locale import get_localized_messages
from bot.interactions.rejected_forms import read_filled_form
from bot.interactions.responses import RenderedMessage, respond_with
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown, format_request_prompt
from bot.rendering.outcome_views import build_job_notes
from bot.submission.drafts import build_draft
from bot.submission.foreign_syntax import UnsupportedSyntaxError
from bot.submission.job_queuer import JobDetails
from shared.i18n.messages import Messages
from shared.problems import Problem

_MAX_PROBLEMS: Final = 8
_PROBLEM_LIMIT: Final = 300
_PROMPT_LIMIT: Final = 500


@dataclass(frozen=True)
class GoOnWithoutId(CustomId, template=f"syntax_without:{DRAFT_ID}"):
    """Submits the request without the things that have no equal here."""

    draft_id: str


@dataclass(frozen=True)
class UseWordsId(CustomId, template=f"syntax_words:{DRAFT_ID}"):
    """Submits the request with its prompt as words."""

    draft_id: str


@dataclass(frozen=True)
class SyntaxQuestion:
    """Asks requesters, in private, how to go on."""

    drafts: DraftStore

    async def ask(
        self,
        interaction: discord.Interaction,
        unsupported: UnsupportedSyntaxError,
        image: RemoteImage | StoredImage | None,
        details: JobDetails,
        *,
        count: int = 1,
        literal_count: int = 1,
        reopen_id: CustomId | None = None,
    ) -> None:
        """Respond to an interaction that has no response yet with the question.

        The counts are the numbers of pictures without what has no equal here, and with the prompt as words. `reopen_id`
        opens the form again, as it was filled in, if the prompt was written in one.
        """

        async def render_question() -> RenderedMessage:
            draft = replace(
                build_draft(interaction, image, details),
                form=EMPTY_FORM if reopen_id is None else read_filled_form(interaction),
                answers=SyntaxAnswers(unsupported.without, unsupported.literal, count, literal_count),
            )
            draft_id = str(interaction.id)
            await self.drafts.save_draft(draft_id, draft)
            messages = get_localized_messages(interaction)
            return RenderedMessage(_build_question(unsupported, draft_id, reopen_id, messages))

        await respond_with(interaction, render_question)


def build_problem_texts(problems: Sequence[Problem], messages: Messages) -> Iterator[ui.TextDisplay[Any]]:
    """Build the texts that name the parts without an equal here, if there are any."""
    if problems:
        lines = [f"### {messages.text('syntax.title')}", *_list_problems(problems, messages)]
        yield ui.TextDisplay("\n".join(lines))


def _build_question(
    unsupported: UnsupportedSyntaxError, draft_id: str, reopen_id: CustomId | None, messages: Messages
) -> ui.LayoutView:
    without = unsupported.without
    prompt = escape_markdown(format_request_prompt(without.request), _PROMPT_LIMIT)
    go_on = build_button(GoOnWithoutId(draft_id), messages.text("button.syntax_without"), style=ButtonStyle.primary)
    buttons = [go_on]
    if unsupported.literal is not None:
        buttons.append(build_button(UseWordsId(draft_id), messages.text("button.syntax_words")))
    if reopen_id is not None:
        buttons.append(build_button(reopen_id, messages.text("button.reopen_form")))
    return build_container_view(
        *build_problem_texts(unsupported.problems, messages),
        ui.TextDisplay(messages.text("syntax.without", prompt=messages.text("language.quoted", words=prompt))),
        *build_job_notes(without.notes, messages),
        ui.ActionRow(*buttons),
    )


def _list_problems(problems: Sequence[Problem], messages: Messages) -> Iterator[str]:
    for problem in problems[:_MAX_PROBLEMS]:
        yield f"- {escape_markdown(messages.format_problem(problem), _PROBLEM_LIMIT)}"
    if len(problems) > _MAX_PROBLEMS:
        yield f"- {messages.text('errors.more', count=len(problems) - _MAX_PROBLEMS)}"
