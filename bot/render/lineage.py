"""Where a picture came from, in words: what was changed from one to the next, and the message that shows the tree."""

from collections.abc import Sequence
from typing import Final

import discord
from discord import ui

from bot.phrases import Phrases
from bot.ports import Past
from bot.render.answers import ALT_LIMIT
from bot.render.facts import SHOWN, in_force, shown
from bot.render.text import escaped, plain, shortened, written_prompt
from shared.catalogue import Catalogue

_TEXT_LIMIT: Final = 3000
_LINE: Final = 300
_CAME: Final = 120
_CHANGE: Final = 60


def changes(parent: Past, child: Past, catalogue: Catalogue, phrases: Phrases) -> str:
    """Say what a picture has other than the one it came from, or that only the seed is another. Plain text."""
    before, after = parent.job.request, child.job.request
    found = []
    if after.model != before.model:
        model = catalogue.models.get(after.model)
        found.append(model.name if model else after.model)
    if after.text_prompts != before.text_prompts:
        found.append(phrases.say("language.quoted", words=shortened(written_prompt(after), _CHANGE)))
    row = catalogue.models.get(after.model)
    for field in SHOWN:
        value = in_force(after, field, row)
        if value is not None and value != in_force(before, field, catalogue.models.get(before.model)):
            found.append(f"{phrases.option(field)} {plain(shown(field, value, phrases)).replace(chr(92), '')}")
    return ", ".join(found) or phrases.say("lineage.seed_alone")


def lineage_view(
    family: Sequence[Past],
    here: str,
    phrases: Phrases,
    catalogue: Catalogue,
    *,
    originals: int,
    tree: str,
    film: str | None,
) -> ui.LayoutView:
    """Show the tree uploaded as `tree` and the way to `here` as `film`, with a numbered line and a link a picture.

    The tree begins with `originals` pictures that no job made. The lines say what the tree shows, for those who do
    not see it. Each of the two has a gallery of its own, as Discord cuts pictures that share one.
    """
    title = phrases.say("lineage.title", count=originals + len(family))
    alt = shortened(phrases.say("lineage.alt", count=len(family)), ALT_LIMIT)
    galleries = [ui.MediaGallery[ui.LayoutView](discord.MediaGalleryItem(f"attachment://{tree}", description=alt))]
    if film is not None:
        way = discord.MediaGalleryItem(f"attachment://{film}", description=phrases.say("lineage.film"))
        galleries.append(ui.MediaGallery(way))
    places = {past.job.id: place for place, past in enumerate(family)}
    lines = [f"{number}. {phrases.say('lineage.original')}" for number in range(1, originals + 1)]
    for number, past in enumerate(family, originals + 1):
        place = places.get(past.job.parent or "")
        came = "" if place is None else _came(originals + 1 + place, family[place], past, catalogue, phrases)
        lines.append(_line(number, past, here, phrases) + came)
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > _TEXT_LIMIT:
            break
        kept.append(line)
    if more := len(lines) - len(kept):
        kept.append(f"-# {phrases.say('lineage.more', count=more)}")
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(f"### {title}"), *galleries, ui.TextDisplay("\n".join(kept))))
    return view


def _came(number: int, parent: Past, child: Past, catalogue: Catalogue, phrases: Phrases) -> str:
    changed = escaped(changes(parent, child, catalogue, phrases), _CAME)
    return f" · {phrases.say('lineage.came', number=number, changes=changed)}"


def _line(number: int, past: Past, here: str, phrases: Phrases) -> str:
    seed = "" if past.seed is None else f" · {phrases.option('seed')} {past.seed}"
    mark = f" · **{phrases.say('lineage.here')}**" if past.job.id == here else ""
    name = escaped(past.job.requester.name, _CHANGE)
    if past.deleted or past.told is None or past.told.message is None:
        return shortened(f"{number}. {name}{seed}{mark}", _LINE)
    return f"{number}. [{name}]({past.told.link(past.job.place.guild)}){seed}{mark}"
