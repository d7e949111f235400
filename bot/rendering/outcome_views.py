"""The messages that end a job: the picture, the content filter's notice or the failure."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import discord
from discord import ui

from bot.domain.billing import count_billed_calls
from bot.rendering.layout import (
    ActionRows,
    build_attached_gallery,
    build_container_view,
    format_requester,
    format_source_owner,
    format_team,
)
from bot.rendering.markdown import (
    escape_markdown,
    escape_problem_text,
    flatten_text,
    format_request_prompt,
    truncate_text,
)
from bot.rendering.settings_text import format_chosen_settings
from shared.catalogue import Model
from shared.i18n.messages import Messages
from shared.job import Job
from shared.notes import Note
from shared.outcome import Failed, Filtered, FilteredPart, Generated, Outcome
from shared.request.model import Request

FAILED_COLOUR: Final = discord.Colour(0xC0392B)
GENERATED_COLOUR: Final = discord.Colour(0x2E8B57)
_FILTERED_COLOUR: Final = discord.Colour(0xD9A406)

_ALT_PROMPT_LIMIT: Final = 900
_PROMPT_LIMIT: Final = 400
_PREVIEW_PROMPT_LIMIT: Final = 100
_SETTINGS_LIMIT: Final = 1200
_PROBLEM_LIMIT: Final = 1500
_NOTE_LIMIT: Final = 400
_MAX_JOB_NOTES: Final = 6


class GenerationFacts(Protocol):
    """How a picture was generated: its seed, if any."""

    @property
    def seed(self) -> int | None: ...


def build_result_view(
    job: Job,
    generation: GenerationFacts,
    model: Model | None,
    messages: Messages,
    *,
    filename: str,
    notes: Sequence[str] = (),
    rows: ActionRows = (),
) -> ui.LayoutView:
    """Show the picture attached as `filename` with its prompt, and its settings in one line.

    `notes` are at most three sentences about this message, already in the reader's language, shown below those of the
    job; `rows` are the buttons below.
    """
    return build_outcome_view(
        job,
        GENERATED_COLOUR,
        build_attached_gallery(filename, build_alt_text(job.request, model, messages), is_spoiler=job.is_spoiler),
        *map(ui.TextDisplay, format_generation(job, generation.seed, model, messages)),
        *build_job_notes(job.notes, messages),
        *_build_notes(notes),
        rows=rows,
    )


def build_preview_view(
    job: Job,
    generation: GenerationFacts,
    model: Model | None,
    messages: Messages,
    *,
    filename: str,
    link: str,
    rows: ActionRows = (),
) -> ui.LayoutView:
    """Show the small picture attached as `filename` in place of a status message; `link` leads to the full one."""
    view = ui.LayoutView(timeout=None)
    alt_text = build_alt_text(job.request, model, messages)
    view.add_item(build_attached_gallery(filename, alt_text, is_spoiler=job.is_spoiler))
    facts = format_chosen_settings(job.request, generation.seed, model, messages, fields=("keep",))
    full_size = f"[{messages.text('result.full_size')}]({link})"
    view.add_item(
        ui.TextDisplay(
            "\n".join(
                (
                    *_format_prompt(job.request, messages, _PREVIEW_PROMPT_LIMIT),
                    f"-# {_format_people(job, messages)} · {facts} · {full_size}",
                )
            )
        )
    )
    for row in rows:
        view.add_item(row)
    return view


def build_alt_text(request: Request, model: Model | None, messages: Messages) -> str:
    """Describe a picture for people who cannot see it: that an AI made it, from words or a picture, and the prompt.

    https://discord.com/developers/docs/components/reference#media-gallery
    """
    positive_prompt, _ = request.format_unweighted_prompts()
    prompt = truncate_text(flatten_text(positive_prompt), _ALT_PROMPT_LIMIT)
    if model is not None and model.task == "upscale":
        return messages.text("alt.upscaled_with_prompt", words=prompt) if prompt else messages.text("alt.upscaled")
    if not prompt:
        is_edit = model is not None and model.task == "edit"
        return messages.text("alt.edited_without_prompt" if is_edit else "alt.without_prompt")
    return messages.text("alt.edited" if request.has_picture else "alt.generated", words=prompt)


def build_filtered_view(
    job: Job, filtered: Filtered, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Explain that the content filter objected and how to avoid that, without repeating the prompt."""
    return build_outcome_view(
        job,
        _FILTERED_COLOUR,
        ui.TextDisplay(f"### {format_notice_title(filtered, messages)}"),
        ui.TextDisplay(format_notice_reason(filtered, messages)),
        *_build_notes(notes),
        ui.TextDisplay(format_requester(job, messages)),
        rows=rows,
    )


def build_failed_view(
    job: Job, failed: Failed, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Explain why there is no picture, or that the job was cancelled."""
    title, reason = format_notice_title(failed, messages), format_notice_reason(failed, messages)
    return _build_failure_view(job, title, reason, messages, notes, rows)


def format_notice_title(outcome: Filtered | Failed, messages: Messages) -> str:
    """Say that there is no picture, and that it is withheld only where one was generated."""
    if isinstance(outcome, Failed):
        return messages.text("failed.cancelled" if outcome.is_cancelled else "failed.title")
    return messages.text("filtered.title" if outcome.part is FilteredPart.OUTPUT else "filtered.refused")


def format_notice_reason(outcome: Filtered | Failed, messages: Messages) -> str:
    """Say why there is no picture and how to avoid that, without repeating the prompt."""
    if isinstance(outcome, Failed):
        return escape_problem_text(messages.format_problem(outcome.problem), [outcome.problem], _PROBLEM_LIMIT)
    part = outcome.part.name.lower()
    return "\n".join(map(messages.text, (f"filtered.{part}", f"filtered.{part}_advice")))


def format_cost_notes(outcome: Outcome, unknown_calls: int, messages: Messages) -> tuple[str, ...]:
    """Say whether an outcome without a picture cost something; a cancelled request says so itself."""
    if isinstance(outcome, Generated) or (isinstance(outcome, Failed) and outcome.is_cancelled):
        return ()
    return (messages.text("outcome.billed" if count_billed_calls(outcome, unknown_calls) else "outcome.free"),)


def build_expired_view(
    job: Job, generation: Generated, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Explain that the picture was generated, but expired before it could be delivered."""
    reason = (
        messages.text("failed.expired_seedless")
        if generation.seed is None
        else messages.text("failed.expired", seed=generation.seed)
    )
    return _build_failure_view(job, messages.text("failed.title"), reason, messages, notes, rows)


def build_outcome_view(job: Job, colour: discord.Colour, *items: ui.Item[Any], rows: ActionRows = ()) -> ui.LayoutView:
    """Build the message of a job's outcome. Its container carries the id by which the message is recognised."""
    return build_container_view(*items, *rows, colour=colour, component_id=compute_component_id(job.id))


def compute_component_id(job_id: str) -> int:
    """Derive the id of the container of a job's outcome, by which the message is recognised in a channel's history.

    A component's id is any positive 32-bit number: https://discord.com/developers/docs/components/reference
    """
    return zlib.crc32(job_id.encode()) & 0x7FFFFFFF or 1


def format_generation(job: Job, seed: int | None, model: Model | None, messages: Messages) -> Iterator[str]:
    """Format the prompt, where there is one, and in small print who requested the picture with which settings."""
    yield from _format_prompt(job.request, messages, _PROMPT_LIMIT)
    facts = format_chosen_settings(job.request, seed, model, messages)
    yield truncate_text(f"-# {_format_people(job, messages)} · {facts}", _SETTINGS_LIMIT)


def _format_prompt(request: Request, messages: Messages, limit: int) -> Iterator[str]:
    if prompt := format_request_prompt(request):
        yield messages.text("language.quoted", words=escape_markdown(prompt, limit))


def build_job_notes(notes: Sequence[Note], messages: Messages) -> tuple[ui.TextDisplay[Any], ...]:
    """Build the small lines that say how a request was adapted, if it was."""
    lines = [f"-# {escape_markdown(note, _NOTE_LIMIT)}" for note in messages.format_notes(notes)[:_MAX_JOB_NOTES]]
    return (ui.TextDisplay("\n".join(lines)),) if lines else ()


def _build_failure_view(
    job: Job, title: str, reason: str, messages: Messages, notes: Sequence[str], rows: ActionRows
) -> ui.LayoutView:
    return build_outcome_view(
        job,
        FAILED_COLOUR,
        ui.TextDisplay(f"### {title}"),
        ui.TextDisplay(reason),
        *_build_notes(notes),
        ui.TextDisplay(format_requester(job, messages)),
        rows=rows,
    )


def _format_people(job: Job, messages: Messages) -> str:
    """Format who requested a picture, for which team, and whose it goes on from, if that is somebody else's."""
    team = () if job.team is None else (format_team(job.team, messages),)
    owner = () if job.source_owner_id is None else (format_source_owner(job.source_owner_id, messages),)
    return " · ".join((f"<@{job.requester.id}>", *team, *owner))


def _build_notes(notes: Sequence[str]) -> tuple[ui.TextDisplay[ui.LayoutView], ...]:
    return tuple(ui.TextDisplay(f"-# {truncate_text(note, _NOTE_LIMIT)}") for note in notes)
