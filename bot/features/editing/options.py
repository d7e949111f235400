"""The options of each operation of `/edit`, in the order in which Discord shows them: required ones first."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import discord
from discord import app_commands

from bot.discord_client.command_builder import LABEL_LIMIT
from bot.domain.images import RemoteImage
from bot.domain.style_sets import STYLE_SET_NAME_LIMIT
from bot.results.message_images import build_attached_image
from bot.submission.command_options import TEXT_LIMIT, Option
from shared.models import Model, Operation

REGION_LIMIT: Final = 300
_PICTURE: Final = ("image", "source")
_REGION: Final = ("region", "mask")
_STYLE: Final = ("style_picture", "style_set")
_USUAL: Final = ("style_preset", "seed", "output_format", "spoiler")
COMPLETED_OPTIONS: Final = ("style_preset", "output_format")
"""Options with many choices, in all subcommands of a command that holds 8000 characters."""

EDIT_OPTIONS: Final[Mapping[Operation, tuple[str, ...]]] = MappingProxyType(
    {
        "erase": ("image", *_REGION, "source", "grow_mask", *_USUAL),
        "inpaint": ("prompt", "image", *_REGION, "source", "negative", "grow_mask", *_USUAL),
        "replace": ("search_prompt", "prompt", *_PICTURE, "negative", "grow_mask", *_USUAL),
        "recolor": ("select_prompt", "prompt", *_PICTURE, "negative", "grow_mask", *_USUAL),
        "outpaint": (*_PICTURE, "left", "right", "up", "down", "prompt", "creativity", *_USUAL),
        "background": (*_PICTURE, *_USUAL),
        "structure": ("prompt", *_PICTURE, "control_strength", "negative", *_USUAL),
        "sketch": ("prompt", *_PICTURE, "control_strength", "negative", *_USUAL),
        "style": ("prompt", *_PICTURE, "style_set", "fidelity", "aspect_ratio", "negative", *_USUAL),
        "restyle": (
            *("image", *_STYLE, "source", "prompt", "negative"),
            *("composition_fidelity", "style_strength", "change_strength"),
            *_USUAL,
        ),
    }
)
"""An option that the model of an operation does not read is left out."""


def is_masked(model: Model) -> bool:
    """Return whether a model changes a region that the person marks."""
    return model.mask == "required"


def build_own_options(model: Model) -> dict[str, Option]:
    """Build the options that are not those of `/imagine`: words, the region, and the picture of a style."""
    options = {
        "region": Option(app_commands.Range[str, 1, REGION_LIMIT] | None),
        "mask": Option(discord.Attachment | None),
        "style_picture": Option(discord.Attachment | None),
        "style_set": Option(app_commands.Range[str, 1, LABEL_LIMIT] | None),
        "search_prompt": Option(app_commands.Range[str, 1, TEXT_LIMIT], is_required=True),
        "select_prompt": Option(app_commands.Range[str, 1, TEXT_LIMIT], is_required=True),
    }
    if not model.requires_prompt:
        options["prompt"] = Option(app_commands.Range[str, 1, TEXT_LIMIT] | None)
    return options


def build_optional_image(attachment: discord.Attachment | None) -> RemoteImage | None:
    """Build the picture of an option, or None if it was left out."""
    return None if attachment is None else build_attached_image(attachment)


def parse_style_set_choice(text: str) -> tuple[str, int | None]:
    """Return the name of a style set, and the number of the picture if one was chosen: `Oils #2`."""
    name, mark, number = text.rpartition("#")
    if mark and number.strip().isascii() and number.strip().isdigit() and len(number) <= STYLE_SET_NAME_LIMIT:
        return name.strip(), int(number)
    return text.strip(), None
