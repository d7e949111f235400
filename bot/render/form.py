"""The form in which a result's prompt and settings are edited: a field for each that its model reads, five at most."""

from typing import Any, Final

from discord import ui

from bot.phrases import Phrases
from bot.render.facts import number
from bot.render.fields import choice_field, text_field
from shared.catalogue import Model
from shared.prompts import written_apart
from shared.request import Request

FIELDS: Final = ("prompt", "negative", "keep", "seed", "style_preset")


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
    """Build the fields, filled in with what is in force. Texts longer than `fields.TEXT_LIMIT` are cut."""
    keep = request.value("keep", model)
    filled = texts_of(request) | {
        "keep": "" if keep is None else number(keep, phrases),
        "seed": "" if seed is None else str(seed),
    }
    return [
        choice_field(name, model.fields[name].choices, request.style_preset, phrases)
        if name == "style_preset"
        else text_field(
            name, phrases, value=filled[name], long=name in {"prompt", "negative"}, required=name == "prompt"
        )
        for name in editable(request, model)
    ]
