"""An exploration: the question whether to start it, and the message that fills as its cells come in.

At most 40 components and 4000 characters: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

import discord
from discord import ui

from bot.phrases import Phrases
from bot.ports import Grid, Over, Plan
from bot.render.answers import Rows
from bot.render.details import price
from bot.render.facts import facts_of, shown
from bot.render.text import escaped, plain, shortened, written_prompt
from bot.sheets import Cell
from shared.catalogue import Catalogue

SHEET: Final = "sheet.jpg"
_ALT: Final = 1024
_FACTS: Final = 800
_LABEL: Final = 60
_PROMPT: Final = 500
_REASON: Final = 300
_REASONS: Final = 3


class Stage(StrEnum):
    """Where a cell stands, as its exploration shows it. MISSING: made, and its picture is there no more."""

    WAITING = "waiting"
    PAINTING = "painting"
    DONE = "done"
    MISSING = "missing"
    FILTERED = "filtered"
    FAILED = "failed"
    REFUSED = "refused"


OPEN: Final = frozenset({Stage.WAITING, Stage.PAINTING})


def plan_view(plan: Plan, catalogue: Catalogue, phrases: Phrases, rows: Rows) -> ui.LayoutView:
    """Ask whether to start: exactly what would run, and what it costs."""
    costs = [catalogue.models[request.model].price_usd for request in plan.requests]
    lines = [
        f"{place}. {escaped(label_of(plan, place, catalogue, phrases), _LABEL)} · {price(dollars, phrases)}"
        for place, dollars in enumerate(costs, 1)
    ]
    said = (
        f"### {phrases.say('explore.ask', count=len(costs), cost=price(sum(costs), phrases))}",
        *_words(plan, phrases),
        *_common(plan, catalogue, phrases),
        "\n".join(lines),
        f"-# {phrases.say('explore.note')}",
    )
    return _view(*map(ui.TextDisplay, said), *rows)


def grid_view(
    grid: Grid, stages: Sequence[Stage], catalogue: Catalogue, phrases: Phrases, *, rows: Rows = (), sheet: bool = True
) -> ui.LayoutView:
    """Show how far an exploration is; `sheet`: its contact sheet is attached as `SHEET`."""
    plan = grid.plan
    title = phrases.say(f"grid.title_{plan.over}", count=len(stages))
    parts: list[ui.Item[Any]] = [ui.TextDisplay("\n".join([f"### {title}", *_words(plan, phrases)]))]
    if sheet:
        names = "; ".join(_named(plan, stages, catalogue, phrases))
        alt = shortened(f"{phrases.say('grid.alt')} {names}", _ALT)
        parts.append(ui.MediaGallery(discord.MediaGalleryItem(f"attachment://{SHEET}", description=alt)))
    parts.append(ui.TextDisplay("\n".join([_progress(stages, phrases), *_reasons(grid, phrases)])))
    parts.append(ui.TextDisplay(f"-# {phrases.say('result.asked', user=f'<@{grid.requester.id}>')}"))
    return _view(*parts, *rows)


def note_view(said: str) -> ui.LayoutView:
    """Show one sentence."""
    return _view(ui.TextDisplay(said))


def cells_of(
    plan: Plan, stages: Sequence[Stage], pictures: Sequence[bytes | None], catalogue: Catalogue, phrases: Phrases
) -> list[Cell]:
    """Caption the thumbnails; where there is none, a word says why."""
    return [
        Cell(
            picture,
            label_of(plan, place, catalogue, phrases),
            word="" if picture else phrases.say(f"grid.{stage}"),
            plain=str(place),
        )
        for place, (stage, picture) in enumerate(zip(stages, pictures, strict=True), 1)
    ]


def label_of(plan: Plan, place: int, catalogue: Catalogue, phrases: Phrases) -> str:
    """Say what tells the cell at this place (from 1) from the others."""
    request = plan.requests[place - 1]
    match plan.over:
        case Over.SEEDS:
            label = f"{phrases.option('seed')} {request.seed}"
        case Over.STYLES:
            label = phrases.choice("style_preset", str(request.style_preset))
        case Over.KEEP:
            label = f"{phrases.option('keep')} {shown('keep', request.keep or 0.0, phrases)}"
        case Over.MODELS:
            model = catalogue.models.get(request.model)
            label = model.name if model else request.model
    return shortened(plain(label), _LABEL) or str(place)


def _words(plan: Plan, phrases: Phrases) -> list[str]:
    prompt = escaped(written_prompt(plan.requests[0]), _PROMPT)
    return [phrases.say("language.quoted", words=prompt)] if prompt else []


def _common(plan: Plan, catalogue: Catalogue, phrases: Phrases) -> Iterator[str]:
    """List what is the same in all cells."""
    first, *_ = plan.requests
    parts = []
    if plan.over is not Over.MODELS:
        field = {Over.STYLES: "style_preset", Over.KEEP: "keep"}.get(plan.over, "")
        parts.append(facts_of(first, catalogue.models.get(first.model), phrases, without=field))
    if plan.over is not Over.SEEDS and first.seed is not None:
        parts.append(f"**{phrases.option('seed')}** {first.seed}")
    if parts:
        yield shortened(" · ".join(parts), _FACTS)


def _named(plan: Plan, stages: Sequence[Stage], catalogue: Catalogue, phrases: Phrases) -> Iterator[str]:
    for place, stage in enumerate(stages, 1):
        label = label_of(plan, place, catalogue, phrases)
        yield f"{place}: {label}" if stage is Stage.DONE else f"{place}: {label}, {phrases.say(f'grid.{stage}')}"


def _progress(stages: Sequence[Stage], phrases: Phrases) -> str:
    parts = [phrases.say("grid.progress", count=sum(stage is Stage.DONE for stage in stages), all=len(stages))]
    for stage in Stage:
        some = sum(one is stage for one in stages)
        if some and stage is not Stage.DONE:
            parts.append(phrases.say(f"grid.some_{stage}", count=some))
    return " · ".join(parts)


def _reasons(grid: Grid, phrases: Phrases) -> Iterator[str]:
    """Say why cells were not taken on, once for all that share a reason."""
    places: dict[str, list[str]] = {}
    for place, problem in sorted(grid.refused.items()):
        places.setdefault(phrases.problem(problem), []).append(str(place))
    for sentence, numbers in list(places.items())[:_REASONS]:
        yield f"**{', '.join(numbers)}** {escaped(sentence, _REASON)}"


def _view(*parts: ui.Item[Any]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts))
    return view
