"""The form in which a result's prompt and settings are edited: a field for each that its model reads, five at most.

A text input takes 4000 characters: https://discord.com/developers/docs/components/reference#text-input
"""

from typing import Any, Final

import discord
from discord import ui

from bot.phrases import Phrases
from bot.render.facts import number
from bot.render.text import shortened
from shared.catalogue import FieldSpec, Model
from shared.prompts import written_apart
from shared.request import Request

FIELDS: Final = ("prompt", "negative", "keep", "seed", "style_preset")
TEXT_LIMIT: Final = 4000
_NUMBER_LIMIT: Final = 40
_CHOICES: Final = 25
_LABEL: Final = 45
_DESCRIPTION: Final = 100
_CHOICE_LABEL: Final = 100


def editable(request: Request, model: Model) -> tuple[str, ...]:
    """Name the fields of `FIELDS` that say something to this model about such a request."""
    known = {"prompt", "negative"} if model.reads_prompts else set()
    if request.has_picture and request.value("init_image_mode", model) != "STEP_SCHEDULE":
        known.add("keep")
    known |= {"seed", "style_preset"}
    return tuple(name for name in FIELDS if name in known and (name in model.fields or name == "negative"))


def texts_of(request: Request) -> dict[str, str]:
    """Give what stands in the form's two texts."""
    return dict(zip(("prompt", "negative"), written_apart(request.text_prompts), strict=True))


def form_parts(request: Request, seed: int | None, model: Model, phrases: Phrases) -> list[ui.Label[Any]]:
    """Build the fields, filled in. The texts must be of `TEXT_LIMIT` characters at most."""
    filled = texts_of(request) | {
        "keep": "" if request.keep is None else number(request.keep, phrases),
        "seed": "" if seed is None else str(seed),
    }
    return [
        ui.Label(
            text=shortened(phrases.option(name).capitalize(), _LABEL),
            description=shortened(phrases.say(f"option.{name}.description"), _DESCRIPTION),
            component=_choice(name, request.style_preset, model.fields[name], phrases)
            if name == "style_preset"
            else _text(name, filled[name]),
        )
        for name in editable(request, model)
    ]


def _text(name: str, written: str) -> ui.TextInput[Any]:
    long = name in {"prompt", "negative"}
    return ui.TextInput(
        custom_id=name,
        style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
        default=written or None,
        required=name == "prompt",
        max_length=TEXT_LIMIT if long else _NUMBER_LIMIT,
    )


def _choice(name: str, chosen: str | None, spec: FieldSpec, phrases: Phrases) -> ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=shortened(phrases.choice(name, value), _CHOICE_LABEL), value=value, default=value == chosen
        )
        for value in spec.choices[:_CHOICES]
    ]
    return ui.Select(custom_id=name, options=options, min_values=0, max_values=1, required=False)
