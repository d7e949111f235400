"""A person's open jobs in one message: where each stands, and a button for those that can still be cancelled."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from discord import ui

from bot.phrases import Phrases
from bot.ports import Standing, State, Told
from bot.render.status import status_text
from bot.render.text import escaped, written_prompt
from shared.catalogue import Catalogue
from shared.job import Place

LISTED: Final = 10  # a row of three components each, of at most 40 in a message
_PROMPT: Final = 120
_MODEL: Final = 60
CANCELLABLE: Final = frozenset({State.PREPARING, State.WAITING})


def queue_view(
    standings: Sequence[Standing],
    guild: int | None,
    catalogue: Catalogue,
    phrases: Phrases,
    buttons: Mapping[str, ui.Item[Any]],
    *,
    note: str = "",
) -> ui.LayoutView:
    """List the jobs, oldest first, at most `LISTED` of them. `buttons` are what cancels a job, by its id.

    `guild` is how many jobs of the whole server are open, None where there is no server; `note` is a sentence before
    all, on what was done.
    """
    title = phrases.say("queue.title", count=len(standings)) if standings else phrases.say("queue.none")
    lines = [note, f"### {title}"] if note else [f"### {title}"]
    if guild is not None:
        lines.append(phrases.say("queue.guild", count=guild))
    container = ui.Container[ui.LayoutView](ui.TextDisplay("\n".join(lines)))
    for standing in standings[:LISTED]:
        text = _line(standing, catalogue, phrases)
        button = buttons.get(standing.job.id) if standing.state in CANCELLABLE else None
        container.add_item(ui.TextDisplay(text) if button is None else ui.Section(text, accessory=button))
    if len(standings) > LISTED:
        container.add_item(ui.TextDisplay(f"-# {phrases.say('queue.more', count=len(standings) - LISTED)}"))
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


def link_to(place: Place) -> str:
    """Give the address of the message that says where a job stands."""
    return Told(place.channel, place.message, private=place.direct).link(place.guild)


def _line(standing: Standing, catalogue: Catalogue, phrases: Phrases) -> str:
    job = standing.job
    model = catalogue.models.get(job.request.model)
    name = escaped(model.name if model else job.request.model, _MODEL)
    prompt = escaped(written_prompt(job.request), _PROMPT)
    quoted = phrases.say("language.quoted", words=prompt) if prompt else ""
    named = "" if standing.state is State.RUNNING and prompt else name  # what runs is told with its model's name
    what = " · ".join(filter(None, (quoted, named)))
    return f"{what}\n{status_text(standing, phrases, model)} [{phrases.say('queue.open')}]({link_to(job.place)})"
