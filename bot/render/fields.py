"""The fields of forms: each bears the name and the description of the option that it fills.

Labels have at most 45 characters, descriptions 100: https://discord.com/developers/docs/components/reference#label
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import discord
from discord import ui

from bot.phrases import Phrases
from bot.render.text import plain, shortened, written_prompt
from shared.catalogue import Catalogue, Model
from shared.job import Job

TEXT_LIMIT: Final = 4000
_NUMBER: Final = 30
OPTIONS_LIMIT: Final = 25
_NAME: Final = 100
_PROMPT: Final = 70


def text_field(
    name: str, phrases: Phrases, *, value: str = "", long: bool = False, required: bool = False
) -> ui.Label[Any]:
    """Ask for words, `long` ones over several lines, or for a number, with what is there already."""
    style, limit = (discord.TextStyle.long, TEXT_LIMIT) if long else (discord.TextStyle.short, _NUMBER)
    default = shortened(value, limit) or None
    box: ui.TextInput[Any] = ui.TextInput(
        custom_id=name, style=style, default=default, required=required, max_length=limit
    )
    return _labelled(name, phrases, box)


def choice_field(name: str, values: Sequence[str], chosen: str | None, phrases: Phrases) -> ui.Label[Any]:
    """Ask for one of an option's choices, or none; the one that is chosen already is marked."""
    options = [
        discord.SelectOption(label=shortened(phrases.choice(name, value), _NAME), value=value, default=value == chosen)
        for value in values[:OPTIONS_LIMIT]
    ]
    return _labelled(name, phrases, ui.Select(custom_id=name, options=options, min_values=0, required=False))


def model_field(catalogue: Catalogue, today: date, preferred: str, phrases: Phrases) -> ui.Label[Any]:
    """Ask which of the models that read pictures is to paint; the preferred one, or one in its place, comes first."""
    chosen = catalogue.reading_pictures(preferred)
    readers = [model for model in catalogue.offered if model.picture != "none"]
    options = [
        discord.SelectOption(
            label=shortened(phrases.say(model_phrase(model, catalogue, today), name=model.name), _NAME),
            value=model.key,
            default=model is chosen,
        )
        for model in sorted(readers, key=lambda model: model is not chosen)[:OPTIONS_LIMIT]
    ]
    return _labelled("model", phrases, ui.Select(custom_id="model", options=options))


def picture_field(names: Sequence[str], phrases: Phrases) -> ui.Label[Any]:
    """Ask which of several pictures is meant, by its file's name; the answer is its place, from 0."""
    options = [
        discord.SelectOption(
            label=shortened(f"{place + 1}. {plain(name)}", _NAME), value=str(place), default=place == 0
        )
        for place, name in enumerate(names[:OPTIONS_LIMIT])
    ]
    return _labelled("image", phrases, ui.Select(custom_id="image", options=options))


def picture_label(job: Job, seed: int | None, phrases: Phrases) -> str:
    """Name a picture that was made where one is chosen: by its prompt and its seed, or else by its job."""
    prompt = shortened(written_prompt(job.request), _PROMPT)
    quoted = phrases.say("language.quoted", words=prompt) if prompt else ""
    parts = [quoted or job.id, "" if seed is None else f"{phrases.option('seed')} {seed}"]
    return " · ".join(filter(None, parts))


def heading(name: str, phrases: Phrases) -> str:
    """Name an option where it stands alone."""
    label = phrases.option(name)
    return label[:1].upper() + label[1:]


def model_phrase(model: Model, catalogue: Catalogue, today: date) -> str:
    """Tell which sentence names a model where one is chosen: as retired, as the default, or plainly."""
    if model.retired(today):
        return "model.retired"
    return "model.default" if model.key == catalogue.default else "model.offered"


def _labelled(name: str, phrases: Phrases, box: ui.Item[Any]) -> ui.Label[Any]:
    description = phrases.say(f"option.{name}.description")
    return ui.Label(text=heading(name, phrases), description=description, component=box)
