"""The three answers to a job as messages of Components V2: the picture, the filter's notice, the failure.

At most 40 components and 4000 characters: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

import discord
from discord import ui

from bot.phrases import Phrases
from bot.render.facts import facts_of, number
from bot.render.text import escaped, mark, plain, shortened, written_prompt
from shared.catalogue import Model
from shared.job import Job
from shared.outcome import Failed, Filtered, Generated
from shared.request import Request

Rows = Sequence[ui.ActionRow[Any]]

ALT_LIMIT: Final = 1024
_ALT_WORDS: Final = 900
_PROMPT: Final = 1500
_FACTS: Final = 1200
_SENTENCES: Final = 1500
_NOTE: Final = 400
_ENDED: Final = MappingProxyType({"filtered": "filtered.title", "cancelled": "failed.cancelled"})

_MADE: Final = discord.Colour(0x2E8B57)
_WITHHELD: Final = discord.Colour(0xD9A406)
_BROKEN: Final = discord.Colour(0xC0392B)


class Made(Protocol):
    """What is said of how a picture was made: the seed, where there is one, and the model's own time in seconds."""

    @property
    def seed(self) -> int | None: ...
    @property
    def seconds(self) -> float | None: ...


def result_view(
    job: Job,
    made: Made,
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
    picture = discord.MediaGalleryItem(f"attachment://{file}", description=alt_text(job.request, model, phrases))
    task = model.task if model else "paint"
    spent = {"seconds": _seconds(made.seconds or 0, phrases), "total": _seconds(seconds, phrases)}
    timing = phrases.say(f"result.timing_{task}", **spent)
    return _view(
        job,
        _MADE,
        ui.MediaGallery(picture),
        *map(ui.TextDisplay, _words(prompt, made.seed, phrases)),
        ui.TextDisplay(shortened(facts_of(job.request, model, phrases), _FACTS)),
        *_notes(notes),
        ui.TextDisplay(f"{_asked(job, phrases)} · {timing}"),
        rows=rows,
    )


def alt_text(request: Request, model: Model | None, phrases: Phrases) -> str:
    """Describe a picture to who does not see it: that AI made it, how, and what it was asked for.

    At most `ALT_LIMIT` characters: https://discord.com/developers/docs/components/reference#media-gallery
    """
    wanted, _ = request.plain_prompts()
    words = shortened(plain(wanted), _ALT_WORDS)
    if model is not None and model.task == "upscale":
        return phrases.say("alt.enlarged_words", words=words) if words else phrases.say("alt.enlarged")
    if not words:
        return phrases.say("alt.made")
    return phrases.say("alt.changed" if request.has_picture else "alt.painted", words=words)


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
    title = "failed.cancelled" if failed.cancelled else "failed.title"
    return _failure(job, phrases.problem(failed.problem), phrases, notes, rows, title=title)


def expired_view(
    job: Job, made: Generated, phrases: Phrases, *, notes: Sequence[str] = (), rows: Rows = ()
) -> ui.LayoutView:
    """Say that the picture was made but could not be handed over while it was kept."""
    if made.seed is None:
        return _failure(job, phrases.say("failed.expired_seedless"), phrases, notes, rows)
    return _failure(job, phrases.say("failed.expired", seed=made.seed), phrases, notes, rows)


def gone_view(job: Job, made: Made, model: Model | None, phrases: Phrases, *, rows: Rows = ()) -> ui.LayoutView:
    """Say that a picture is kept nowhere any more, and how it was made."""
    prompt = written_prompt(job.request)
    return _view(
        job,
        _BROKEN,
        ui.TextDisplay(f"### {phrases.say('gone.title')}"),
        ui.TextDisplay(phrases.say("gone.sentences")),
        *map(ui.TextDisplay, _words(prompt, made.seed, phrases)),
        ui.TextDisplay(shortened(facts_of(job.request, model, phrases), _FACTS)),
        ui.TextDisplay(_asked(job, phrases)),
        rows=rows,
    )


def ended_view(job: Job, why: str, link: str | None, phrases: Phrases, *, rows: Rows = ()) -> ui.LayoutView:
    """Say of a job whose reasons are no longer known that no picture came of it, and where the reasons stand.

    `why` is a past job's `without_picture`.
    """
    title = phrases.say(_ENDED.get(why, "failed.title"))
    where = phrases.say("ended.forgotten") if link is None else phrases.say("ended.where", where=link)
    return _view(
        job,
        _BROKEN,
        ui.TextDisplay(f"### {title}"),
        ui.TextDisplay(where),
        ui.TextDisplay(_asked(job, phrases)),
        rows=rows,
    )


def _words(prompt: str, seed: int | None, phrases: Phrases) -> Iterator[str]:
    if prompt:
        yield phrases.say("language.quoted", words=escaped(prompt, _PROMPT))
    if seed is not None:
        yield f"**{phrases.option('seed')}**\n```\n{seed}\n```"


def _failure(
    job: Job, sentences: str, phrases: Phrases, notes: Sequence[str], rows: Rows, *, title: str = "failed.title"
) -> ui.LayoutView:
    return _view(
        job,
        _BROKEN,
        ui.TextDisplay(f"### {phrases.say(title)}"),
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
