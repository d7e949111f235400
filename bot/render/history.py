"""A page of past jobs: a contact sheet, a line for each with the way to its answer, what opens one and turns it."""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import SelectOption, ui

from bot.phrases import Phrases
from bot.ports import Found, Past
from bot.render.queue import link_to
from bot.render.status import rounded
from bot.render.text import escaped, plain, shortened, written_prompt
from bot.sheets import Cell
from shared.catalogue import Catalogue

PAGE: Final = 9
SHEET: Final = "sheet.jpg"
_ALT: Final = 1024
_CAPTION: Final = 60
_FILTERS: Final = 400
_LABEL: Final = 100
_MODEL: Final = 40
_OFFERED: Final = 60
_PROMPT: Final = 140


def page_view(
    found: Found,
    number: int,
    heading: str,
    phrases: Phrases,
    catalogue: Catalogue,
    *,
    viewer: int,
    rows: Sequence[ui.ActionRow[Any]] = (),
) -> ui.LayoutView:
    """Show page `number` (from 1) of what was found, whose contact sheet is attached as `SHEET`.

    `heading` says what was searched for; `rows` are the components below.
    """
    pages = pages_of(found)
    count = phrases.say("history.count", count=found.count, page=number, pages=pages)
    container = ui.Container[ui.LayoutView](ui.TextDisplay(f"### {shortened(heading, _FILTERS)}\n{count}"))
    if found.pasts:
        alt = shortened(f"{phrases.say('history.alt')} {'; '.join(_named(found, catalogue))}", _ALT)
        container.add_item(ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{SHEET}", description=alt)))
        lines = [_line(n, past, phrases, catalogue, viewer) for n, past in enumerate(found.pasts, 1)]
        container.add_item(ui.TextDisplay("\n".join(lines)))
    for row in rows:
        container.add_item(row)
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


def pages_of(found: Found) -> int:
    """Count the pages, of which there is one at least."""
    return max(1, -(-found.count // PAGE))


def choices_of(found: Found, catalogue: Catalogue) -> list[SelectOption]:
    """Give the jobs of a page to choose from, by their ids."""
    return [
        SelectOption(
            label=shortened(name, _LABEL), value=past.job.id, description=_model(past, catalogue, _LABEL) or None
        )
        for name, past in zip(_named(found, catalogue), found.pasts, strict=True)
    ]


def cells_of(found: Found, pictures: Sequence[bytes | None], phrases: Phrases, catalogue: Catalogue) -> list[Cell]:
    """Caption the thumbnails; where there is none, or a broken one, a word says why."""
    return [
        Cell(
            picture,
            shortened(written_prompt(past.job.request), _CAPTION) or _model(past, catalogue, _CAPTION),
            word=phrases.say(f"history.{past.without_picture}"),
            plain=_model(past, catalogue, _CAPTION),
        )
        for past, picture in zip(found.pasts, pictures, strict=True)
    ]


def named(past: Past, catalogue: Catalogue, phrases: Phrases, now: float) -> str:
    """Name a job in 100 characters: what was asked for, and how long ago at `now`, in Unix seconds."""
    ago = phrases.say("history.ago", time=rounded(now - past.job.accepted_at, phrases))
    ending = f" · {why}" if (why := _why(past, phrases)) else ""
    prompt = written_prompt(past.job.request) or _model(past, catalogue, _MODEL)
    return shortened(f"{shortened(prompt, _OFFERED)} · {ago}{ending}", _LABEL)


def _named(found: Found, catalogue: Catalogue) -> list[str]:
    """Number the jobs of a page, each with its prompt, or with its model where it has none."""
    return [
        f"{n}. {written_prompt(past.job.request) or _model(past, catalogue, _MODEL)}"
        for n, past in enumerate(found.pasts, 1)
    ]


def _why(past: Past, phrases: Phrases) -> str:
    """Tell why there is no picture of a job; nothing where one was made and not deleted."""
    made = past.kind == "generated" and not past.deleted
    return "" if made else phrases.say(f"history.{past.without_picture}")


def _line(number: int, past: Past, phrases: Phrases, catalogue: Catalogue, viewer: int) -> str:
    job = past.job
    prompt = escaped(written_prompt(job.request), _PROMPT)
    link = past.told.link(job.place.guild) if past.told else link_to(job.place)
    parts = (
        f"**{number}.** "
        + (
            phrases.say("language.quoted", words=prompt) if prompt else escaped(_model(past, catalogue, _MODEL), _MODEL)
        ),
        escaped(_model(past, catalogue, _MODEL), _MODEL) if prompt else "",
        f"<@{job.requester.id}>" if job.requester.id != viewer else "",
        _why(past, phrases),
        f"<t:{int(job.accepted_at)}:d>",
        "" if past.deleted else f"[{phrases.say('queue.open')}]({link})",
    )
    return " · ".join(filter(None, parts))


def _model(past: Past, catalogue: Catalogue, limit: int) -> str:
    model = catalogue.models.get(past.job.request.model)
    return shortened(plain(model.name if model else past.job.request.model), limit)
