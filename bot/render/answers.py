"""The three answers to a job as messages of Components V2: the picture, the filter's notice, the failure.

At most 40 components and 4000 characters: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.phrases import Phrases
from bot.render.facts import facts_of, number
from bot.render.text import escaped, mark, shortened, written_prompt
from shared.catalogue import Model
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated

Rows = Sequence[ui.ActionRow[Any]]

ALT_LIMIT: Final = 1024
_PROMPT: Final = 1500
_FACTS: Final = 1200
_SENTENCES: Final = 1500
_NOTE: Final = 400

_MADE: Final = discord.Colour(0x2E8B57)
_WITHHELD: Final = discord.Colour(0xD9A406)
_BROKEN: Final = discord.Colour(0xC0392B)


def result_view(
    job: Job,
    made: Generated,
    model: Model | None,
    phrases: Phrases,
    *,
    file: str,
    seconds: float,
    notes: Sequence[str] = (),
    rows: Rows = (),
) -> ui.LayoutView:
    """Show the picture uploaded as `file`, its prompt and seed where it has them, and its settings.

    `seconds` is from the command to the picture. `notes` are at most two sentences about this message itself, already
    in the reader's language; `rows` are the buttons below.
    """
    prompt = written_prompt(job.request)
    picture = discord.MediaGalleryItem(f"attachment://{file}", description=shortened(prompt, ALT_LIMIT) or None)
    timing = phrases.say("result.timing", seconds=_seconds(made.seconds, phrases), total=_seconds(seconds, phrases))
    words = [f"“{escaped(prompt, _PROMPT)}”"] if prompt else []
    if made.seed is not None:
        words.append(f"**{phrases.option('seed')}**\n```\n{made.seed}\n```")
    return _view(
        job,
        _MADE,
        ui.MediaGallery(picture),
        *map(ui.TextDisplay, words),
        ui.TextDisplay(shortened(facts_of(job.request, model, phrases), _FACTS)),
        *_notes(notes),
        ui.TextDisplay(f"{_asked(job, phrases)} · {timing}"),
        rows=rows,
    )


def filtered_view(
    job: Job, filtered: Filtered, phrases: Phrases, *, notes: Sequence[str] = (), rows: Rows = ()
) -> ui.LayoutView:
    """Say what the content filter withheld and what to try, without a word of the prompt."""
    side = filtered.side.name.lower()
    return _view(
        job,
        _WITHHELD,
        ui.TextDisplay(f"### {phrases.say('filtered.title')}"),
        ui.TextDisplay(f"{phrases.say(f'filtered.{side}')}\n{phrases.say('filtered.withheld')}"),
        ui.TextDisplay(phrases.say(f"filtered.{side}_advice")),
        *_notes(notes),
        ui.TextDisplay(_asked(job, phrases)),
        rows=rows,
    )


def failed_view(
    job: Job, failed: Failed, phrases: Phrases, *, notes: Sequence[str] = (), rows: Rows = ()
) -> ui.LayoutView:
    """Say in three beats why no picture came."""
    return _failure(job, phrases.problem(failed.problem), phrases, notes, rows)


def expired_view(
    job: Job, made: Generated, phrases: Phrases, *, notes: Sequence[str] = (), rows: Rows = ()
) -> ui.LayoutView:
    """Say that the picture was made but could not be handed over while it was kept."""
    if made.seed is None:
        return _failure(job, phrases.say("failed.expired_seedless"), phrases, notes, rows)
    return _failure(job, phrases.say("failed.expired", seed=made.seed), phrases, notes, rows)


def _failure(job: Job, sentences: str, phrases: Phrases, notes: Sequence[str], rows: Rows) -> ui.LayoutView:
    return _view(
        job,
        _BROKEN,
        ui.TextDisplay(f"### {phrases.say('failed.title')}"),
        ui.TextDisplay(escaped(sentences, _SENTENCES)),
        *_notes(notes),
        ui.TextDisplay(_asked(job, phrases)),
        rows=rows,
    )


def _view(job: Job, colour: discord.Colour, *parts: ui.Item[ui.LayoutView], rows: Rows) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts, *rows, accent_colour=colour, id=mark(job.id)))
    return view


def _notes(notes: Sequence[str]) -> tuple[ui.TextDisplay[ui.LayoutView], ...]:
    return tuple(ui.TextDisplay(f"-# {shortened(note, _NOTE)}") for note in notes)


def _asked(job: Job, phrases: Phrases) -> str:
    return f"-# {phrases.say('result.asked', user=f'<@{job.requester.id}>')}"


def _seconds(value: float, phrases: Phrases) -> str:
    return number(round(max(value, 0.0), 1 if value < 100 else 0), phrases)  # noqa: PLR2004 - tenths say nothing above
