"""The messages that end a job: the picture, the content filter's notice or the failure."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import discord
from discord import ui

from bot.rendering.layout import (
    ActionRows,
    build_attached_gallery,
    build_container_view,
    format_requester,
    format_seed_block,
)
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from bot.rendering.settings_text import format_number, format_settings
from shared.catalogue import Model
from shared.i18n.messages import Messages
from shared.job import Job
from shared.notes import Note
from shared.outcome import Failed, Filtered, Generated
from shared.request.model import Request

FAILED_COLOUR: Final = discord.Colour(0xC0392B)
_GENERATED_COLOUR: Final = discord.Colour(0x2E8B57)
_FILTERED_COLOUR: Final = discord.Colour(0xD9A406)

_ALT_PROMPT_LIMIT: Final = 900
_PROMPT_LIMIT: Final = 1500
_SETTINGS_LIMIT: Final = 1200
_PROBLEM_LIMIT: Final = 1500
_NOTE_LIMIT: Final = 400
_MAX_JOB_NOTES: Final = 6


class GenerationFacts(Protocol):
    """How a picture was generated: its seed, if any, and the duration of the model call in seconds."""

    @property
    def seed(self) -> int | None: ...
    @property
    def duration_seconds(self) -> float | None: ...


def build_result_view(
    job: Job,
    generation: GenerationFacts,
    model: Model | None,
    messages: Messages,
    *,
    filename: str,
    total_seconds: float,
    notes: Sequence[str] = (),
    rows: ActionRows = (),
) -> ui.LayoutView:
    """Show the picture attached as `filename` with its prompt, seed and settings.

    `total_seconds` is the time from the command to the picture. `notes` are at most three sentences about this message,
    already in the reader's language, shown below those of the job; `rows` are the buttons below.
    """
    task = model.task if model else "generate"
    timing = messages.text(
        f"result.timing_{task}",
        seconds=_format_seconds(generation.duration_seconds or 0, messages),
        total=_format_seconds(total_seconds, messages),
    )
    return build_outcome_view(
        job,
        _GENERATED_COLOUR,
        build_attached_gallery(filename, build_alt_text(job.request, model, messages), is_spoiler=job.is_spoiler),
        *map(ui.TextDisplay, format_generation(job.request, generation.seed, model, messages)),
        *build_job_notes(job.notes, messages),
        *_build_notes(notes),
        ui.TextDisplay(f"{_format_requester(job, messages)} · {timing}"),
        rows=rows,
    )


def build_alt_text(request: Request, model: Model | None, messages: Messages) -> str:
    """Describe a picture for people who cannot see it: that an AI made it, from words or a picture, and the prompt.

    https://discord.com/developers/docs/components/reference#media-gallery
    """
    positive_prompt, _ = request.format_unweighted_prompts()
    prompt = truncate_text(flatten_text(positive_prompt), _ALT_PROMPT_LIMIT)
    if model is not None and model.task == "upscale":
        return messages.text("alt.upscaled_with_prompt", words=prompt) if prompt else messages.text("alt.upscaled")
    if not prompt:
        return messages.text("alt.without_prompt")
    return messages.text("alt.edited" if request.has_picture else "alt.generated", words=prompt)


def build_filtered_view(
    job: Job, filtered: Filtered, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Explain that the content filter withheld the picture and how to avoid that, without repeating the prompt."""
    part = filtered.part.name.lower()
    return build_outcome_view(
        job,
        _FILTERED_COLOUR,
        ui.TextDisplay(f"### {messages.text('filtered.title')}"),
        ui.TextDisplay(f"{messages.text(f'filtered.{part}')}\n{messages.text('filtered.withheld')}"),
        ui.TextDisplay(messages.text(f"filtered.{part}_advice")),
        *_build_notes(notes),
        ui.TextDisplay(_format_requester(job, messages)),
        rows=rows,
    )


def build_failed_view(
    job: Job, failed: Failed, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Explain why there is no picture, or that the job was cancelled."""
    title_key = "failed.cancelled" if failed.is_cancelled else "failed.title"
    explanation = messages.format_problem(failed.problem)
    return _build_failure_view(job, explanation, messages, notes, rows, title_key=title_key)


def build_expired_view(
    job: Job, generation: Generated, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Explain that the picture was generated, but expired before it could be delivered."""
    if generation.seed is None:
        return _build_failure_view(job, messages.text("failed.expired_seedless"), messages, notes, rows)
    return _build_failure_view(job, messages.text("failed.expired", seed=generation.seed), messages, notes, rows)


def build_outcome_view(job: Job, colour: discord.Colour, *items: ui.Item[Any], rows: ActionRows = ()) -> ui.LayoutView:
    """Build the message of a job's outcome. Its container carries the id by which the message is recognised."""
    return build_container_view(*items, *rows, colour=colour, component_id=compute_component_id(job.id))


def compute_component_id(job_id: str) -> int:
    """Derive the id of the container of a job's outcome, by which the message is recognised in a channel's history.

    A component's id is any positive 32-bit number: https://discord.com/developers/docs/components/reference
    """
    return zlib.crc32(job_id.encode()) & 0x7FFFFFFF or 1


def format_generation(request: Request, seed: int | None, model: Model | None, messages: Messages) -> Iterator[str]:
    """Format the prompt and the seed, where there are any, and the settings."""
    if prompt := format_request_prompt(request):
        yield messages.text("language.quoted", words=escape_markdown(prompt, _PROMPT_LIMIT))
    if seed is not None:
        yield format_seed_block(seed, messages)
    yield truncate_text(format_settings(request, model, messages), _SETTINGS_LIMIT)


def build_job_notes(notes: Sequence[Note], messages: Messages) -> tuple[ui.TextDisplay[Any], ...]:
    """Build the small lines that say how a request was adapted, if it was."""
    lines = [f"-# {escape_markdown(note, _NOTE_LIMIT)}" for note in messages.format_notes(notes)[:_MAX_JOB_NOTES]]
    return (ui.TextDisplay("\n".join(lines)),) if lines else ()


def _build_failure_view(
    job: Job,
    explanation: str,
    messages: Messages,
    notes: Sequence[str],
    rows: ActionRows,
    *,
    title_key: str = "failed.title",
) -> ui.LayoutView:
    return build_outcome_view(
        job,
        FAILED_COLOUR,
        ui.TextDisplay(f"### {messages.text(title_key)}"),
        ui.TextDisplay(escape_markdown(explanation, _PROBLEM_LIMIT)),
        *_build_notes(notes),
        ui.TextDisplay(_format_requester(job, messages)),
        rows=rows,
    )


def _format_requester(job: Job, messages: Messages) -> str:
    return format_requester(job.requester.id, messages, source_owner_id=job.source_owner_id)


def _build_notes(notes: Sequence[str]) -> tuple[ui.TextDisplay[ui.LayoutView], ...]:
    return tuple(ui.TextDisplay(f"-# {truncate_text(note, _NOTE_LIMIT)}") for note in notes)


def _format_seconds(seconds: float, messages: Messages) -> str:
    return format_number(round(max(seconds, 0.0), 1 if seconds < 100 else 0), messages)  # noqa: PLR2004 - above that, tenths are noise
