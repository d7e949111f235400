"""Everything that is known of how a picture was made, for one person to read.

At most 40 components and 4000 characters: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Iterator
from typing import Any, Final

import discord
from discord import ui

from bot.phrases import Phrases
from bot.ports import Past, Recipe
from bot.render.answers import Rows, alt_text
from bot.render.facts import facts_of, number
from bot.render.text import escaped, shortened
from shared.catalogue import Model
from shared.prompts import written_apart

_PROMPT: Final = 1500
_NEGATIVE: Final = 600
_FACTS: Final = 1000
_ID: Final = 100


def details_view(
    recipe: Recipe,
    model: Model | None,
    phrases: Phrases,
    *,
    past: Past | None = None,
    parent: str | None = None,
    picture: str | None = None,
    rows: Rows = (),
) -> ui.LayoutView:
    """Show how a picture was made. `model` is the row of its model, None where the catalogue has it no longer.

    `past` is the record of its job, where there is one; `parent` the address of the answer it goes on from.
    `picture` is the address of the picture itself, where nothing but that tells.
    """
    said = (
        f"### {phrases.say('details.title')}",
        *_words(recipe, phrases),
        shortened(facts_of(recipe.request, model, phrases), _FACTS),
        "\n".join(_story(recipe, model, past, parent, phrases)),
    )
    parts: list[ui.Item[Any]] = [*map(ui.TextDisplay, said)]
    if picture is not None:
        item = discord.MediaGalleryItem(picture, description=alt_text(recipe.request, model, phrases))
        parts.insert(1, ui.MediaGallery(item))
        notes = ["details.written", *(["details.unsourced"] if recipe.request.has_picture else [])]
        parts.append(ui.TextDisplay(f"-# {' '.join(map(phrases.say, notes))}"))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts, *rows))
    return view


def price(dollars: float, phrases: Phrases) -> str:
    """Write what a picture costs, in cents or a hundredth of them."""
    digits = f"{dollars:.2f}" if round(dollars, 2) == round(dollars, 4) else f"{dollars:.4f}"
    return phrases.say("details.price", amount=digits.replace(".", phrases.say("language.decimal")))


def _words(recipe: Recipe, phrases: Phrases) -> Iterator[str]:
    prompt, negative = written_apart(recipe.request.text_prompts)
    if prompt:
        yield f"**{phrases.option('prompt')}** {escaped(prompt, _PROMPT)}"
    if negative:
        yield f"**{phrases.option('negative')}** {escaped(negative, _NEGATIVE)}"
    if recipe.seed is not None:
        yield f"**{phrases.option('seed')}**\n```\n{shortened(str(recipe.seed), _ID)}\n```"


def _story(
    recipe: Recipe, model: Model | None, past: Past | None, parent: str | None, phrases: Phrases
) -> Iterator[str]:
    if model is not None:
        yield phrases.say("details.model", id=escaped(model.id, _ID))
    if recipe.author is not None:
        yield phrases.say("details.author", user=f"<@{recipe.author}>")
    if past is not None:
        yield phrases.say("details.asked", when=f"<t:{int(past.job.accepted_at)}:f>")
        if past.seconds is not None:
            yield phrases.say("details.seconds", seconds=number(round(past.seconds, 1), phrases))
        yield phrases.say(
            "details.cost",
            cost=phrases.say("details.unknown") if past.cost_usd is None else price(past.cost_usd, phrases),
        )
    if parent is not None:
        yield phrases.say("details.parent", where=parent)
    yield phrases.say("details.job", id=escaped(recipe.job_id, _ID))
