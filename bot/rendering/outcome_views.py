"""The three answers to a job as messages of Components V2: the picture, the filter's notice, the failure.

At most 40 components and 4000 characters: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

import discord
from discord import ui

from bot.i18n import Messages
from bot.rendering.markdown import (
    compute_component_id,
    escape_markdown,
    flatten_text,
    format_request_prompt,
    truncate_text,
)
from bot.rendering.settings_text import format_number, format_settings
from shared.catalogue import Model
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated
from shared.request.model import Request

ActionRows = Sequence[ui.ActionRow[Any]]

ALT_TEXT_LIMIT: Final = 1024
_ALT_PROMPT_LIMIT: Final = 900
_PROMPT_LIMIT: Final = 1500
_SETTINGS_LIMIT: Final = 1200
_SENTENCES_LIMIT: Final = 1500
_NOTE_LIMIT: Final = 400
_TITLE_KEYS: Final = MappingProxyType({"filtered": "filtered.title", "cancelled": "failed.cancelled"})

_GENERATED_COLOUR: Final = discord.Colour(0x2E8B57)
_FILTERED_COLOUR: Final = discord.Colour(0xD9A406)
_FAILED_COLOUR: Final = discord.Colour(0xC0392B)


class GenerationFacts(Protocol):
    """What is said of how a picture was made: the seed, where there is one, and the model's own time in seconds."""

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
    """Show the picture uploaded as `file`, its prompt and seed where it has them, and its settings.

    `seconds` is from the command to the picture. `notes` are at most two sentences about this message itself, already
    in the reader's language; `rows` are the buttons below.
    """
    prompt = format_request_prompt(job.request)
    picture = discord.MediaGalleryItem(
        f"attachment://{filename}", description=build_alt_text(job.request, model, messages)
    )
    task = model.task if model else "paint"
    spent = {
        "seconds": _format_seconds(generation.duration_seconds or 0, messages),
        "total": _format_seconds(total_seconds, messages),
    }
    timing = messages.text(f"result.timing_{task}", **spent)
    return _build_view(
        job,
        _GENERATED_COLOUR,
        ui.MediaGallery(picture),
        *map(ui.TextDisplay, _format_prompt_and_seed(prompt, generation.seed, messages)),
        ui.TextDisplay(truncate_text(format_settings(job.request, model, messages), _SETTINGS_LIMIT)),
        *_build_notes(notes),
        ui.TextDisplay(f"{_format_requester(job, messages)} · {timing}"),
        rows=rows,
    )


def build_alt_text(request: Request, model: Model | None, messages: Messages) -> str:
    """Describe a picture to who does not see it: that AI made it, how, and what it was asked for.

    At most `ALT_LIMIT` characters: https://discord.com/developers/docs/components/reference#media-gallery
    """
    wanted, _ = request.format_unweighted_prompts()
    words = truncate_text(flatten_text(wanted), _ALT_PROMPT_LIMIT)
    if model is not None and model.task == "upscale":
        return messages.text("alt.enlarged_words", words=words) if words else messages.text("alt.enlarged")
    if not words:
        return messages.text("alt.made")
    return messages.text("alt.changed" if request.has_picture else "alt.painted", words=words)


def build_filtered_view(
    job: Job, filtered: Filtered, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Say what the content filter withheld and what to try, without a word of the prompt."""
    side = filtered.part.name.lower()
    return _build_view(
        job,
        _FILTERED_COLOUR,
        ui.TextDisplay(f"### {messages.text('filtered.title')}"),
        ui.TextDisplay(f"{messages.text(f'filtered.{side}')}\n{messages.text('filtered.withheld')}"),
        ui.TextDisplay(messages.text(f"filtered.{side}_advice")),
        *_build_notes(notes),
        ui.TextDisplay(_format_requester(job, messages)),
        rows=rows,
    )


def build_failed_view(
    job: Job, failed: Failed, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Say in three beats why no picture came."""
    title = "failed.cancelled" if failed.is_cancelled else "failed.title"
    return _build_failure_view(job, messages.format_problem(failed.problem), messages, notes, rows, title=title)


def build_expired_view(
    job: Job, generation: Generated, messages: Messages, *, notes: Sequence[str] = (), rows: ActionRows = ()
) -> ui.LayoutView:
    """Say that the picture was made but could not be handed over while it was kept."""
    if generation.seed is None:
        return _build_failure_view(job, messages.text("failed.expired_seedless"), messages, notes, rows)
    return _build_failure_view(job, messages.text("failed.expired", seed=generation.seed), messages, notes, rows)


def build_missing_picture_view(
    job: Job, generation: GenerationFacts, model: Model | None, messages: Messages, *, rows: ActionRows = ()
) -> ui.LayoutView:
    """Say that a picture is kept nowhere any more, and how it was made."""
    prompt = format_request_prompt(job.request)
    return _build_view(
        job,
        _FAILED_COLOUR,
        ui.TextDisplay(f"### {messages.text('gone.title')}"),
        ui.TextDisplay(messages.text("gone.sentences")),
        *map(ui.TextDisplay, _format_prompt_and_seed(prompt, generation.seed, messages)),
        ui.TextDisplay(truncate_text(format_settings(job.request, model, messages), _SETTINGS_LIMIT)),
        ui.TextDisplay(_format_requester(job, messages)),
        rows=rows,
    )


def build_ended_view(
    job: Job, reason: str, link: str | None, messages: Messages, *, rows: ActionRows = ()
) -> ui.LayoutView:
    """Say of a job whose reasons are no longer known that no picture came of it, and where the reasons stand.

    `why` is a past job's `without_picture`.
    """
    title = messages.text(_TITLE_KEYS.get(reason, "failed.title"))
    where = messages.text("ended.forgotten") if link is None else messages.text("ended.where", where=link)
    return _build_view(
        job,
        _FAILED_COLOUR,
        ui.TextDisplay(f"### {title}"),
        ui.TextDisplay(where),
        ui.TextDisplay(_format_requester(job, messages)),
        rows=rows,
    )


def _format_prompt_and_seed(prompt: str, seed: int | None, messages: Messages) -> Iterator[str]:
    if prompt:
        yield messages.text("language.quoted", words=escape_markdown(prompt, _PROMPT_LIMIT))
    if seed is not None:
        yield f"**{messages.get_option_name('seed')}**\n```\n{seed}\n```"


def _build_failure_view(
    job: Job, sentences: str, messages: Messages, notes: Sequence[str], rows: ActionRows, *, title: str = "failed.title"
) -> ui.LayoutView:
    return _build_view(
        job,
        _FAILED_COLOUR,
        ui.TextDisplay(f"### {messages.text(title)}"),
        ui.TextDisplay(escape_markdown(sentences, _SENTENCES_LIMIT)),
        *_build_notes(notes),
        ui.TextDisplay(_format_requester(job, messages)),
        rows=rows,
    )


def _build_view(job: Job, colour: discord.Colour, *parts: ui.Item[ui.LayoutView], rows: ActionRows) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts, *rows, accent_colour=colour, id=compute_component_id(job.id)))
    return view


def _build_notes(notes: Sequence[str]) -> tuple[ui.TextDisplay[ui.LayoutView], ...]:
    return tuple(ui.TextDisplay(f"-# {truncate_text(note, _NOTE_LIMIT)}") for note in notes)


def _format_requester(job: Job, messages: Messages) -> str:
    return f"-# {messages.text('result.asked', user=f'<@{job.requester.id}>')}"


def _format_seconds(seconds: float, messages: Messages) -> str:
    return format_number(round(max(seconds, 0.0), 1 if seconds < 100 else 0), messages)  # noqa: PLR2004 - tenths say nothing above
