"""Builds the commands that generate pictures. Their options are derived from the catalogue.

Discord allows 25 options in a command and 25 choices in an option:
https://discord.com/developers/docs/interactions/application-commands#application-command-object
"""

import inspect
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str

from bot.discord_client.command_builder import (
    CHOICES_LIMIT,
    LABEL_LIMIT,
    AutocompleteCallback,
    Command,
    shorten_typed_texts,
)
from bot.discord_client.translator import localize_choice, localize_text, translate_locale_str
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.rendering.labels import format_model_label
from shared.catalogue import Catalogue, Model
from shared.request.extras import EXTRAS_MAX_LENGTH
from shared.request.model import OPTION_NAMES, PICTURE_OPTIONS, Fit, Request

TEXT_LIMIT: Final = 6000

ChoiceLabels = Mapping[str, locale_str]
CommandHandler = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Option:
    """An option of a command: the annotation from which discord.py reads its type and range, and its choices."""

    annotation: Any
    choices: ChoiceLabels = field(default_factory=dict)
    is_required: bool = False


def build_generation_command(
    name: str,
    option_names: Iterable[str],
    handler: CommandHandler,
    catalogue: Catalogue,
    *,
    models: Sequence[Model] = (),
    own_options: Mapping[str, Option] | None = None,
    autocomplete: Mapping[str, AutocompleteCallback],
    completed: Collection[str] = (),
) -> Command:
    """Build a command that generates pictures with these models, or those of `/imagine`, with options in this order.

    `own_options` are options of this command alone; the others are derived from the catalogue, and one that none of the
    models reads is left out. The handler gets all of them by name, None for those that were not used. The choices of
    `completed` options are offered while the person types: they do not count in the 8000 characters of a command.
    """
    available = _derive_options(models or catalogue.listed_models) | dict(own_options or {})
    options = {name: available[name] for name in option_names if name in available}

    async def run_command(interaction: discord.Interaction, **values: Any) -> None:
        await handler(interaction, **values)

    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.Signature([first, *(_build_parameter(name, option) for name, option in options.items())])
    run_command.__signature__ = signature  # type: ignore[attr-defined]  # discord.py reads the options here (PEP 362)
    callback: Any = run_command
    for decorate in (
        app_commands.rename(**{name: localize_text(f"option.{name}.name") for name in options}),
        app_commands.describe(**{name: localize_text(f"option.{name}.description") for name in options}),
        app_commands.choices(
            **{
                name: _build_choices(option.choices)
                for name, option in options.items()
                if 0 < len(option.choices) <= CHOICES_LIMIT and name not in completed
            }
        ),
        app_commands.autocomplete(
            **shorten_typed_texts(
                {
                    name: _build_autocomplete(option.choices)
                    for name, option in options.items()
                    if len(option.choices) > CHOICES_LIMIT or (option.choices and name in completed)
                }
                | {name: callback for name, callback in autocomplete.items() if name in options}
                | ({"model": _build_model_autocomplete(catalogue)} if "model" in options else {})
            )
        ),
        app_commands.allowed_contexts(guilds=True, dms=True),
        app_commands.guild_install(),
    ):
        callback = decorate(callback)
    return app_commands.Command(
        name=localize_text(f"command.{name}.name"),
        description=localize_text(f"command.{name}.description"),
        callback=callback,
    )


def _derive_options(models: Sequence[Model]) -> dict[str, Option]:
    """Derive all options that at least one of the models reads."""
    options = {
        "prompt": Option(app_commands.Range[str, 1, TEXT_LIMIT], is_required=True),
        "negative": Option(app_commands.Range[str, 1, TEXT_LIMIT] | None),
        "spoiler": Option(bool | None),
        "preset": Option(app_commands.Range[str, 1, LABEL_LIMIT] | None),
        "model": Option(app_commands.Range[str, 1, LABEL_LIMIT] | None),
    }
    if any(model.picture != "none" for model in models):
        options["image"] = Option(discord.Attachment | None)
        options["source"] = Option(app_commands.Range[str, 1, LABEL_LIMIT] | None)
        options["fit"] = Option(str | None, {fit.value: localize_choice("fit", fit) for fit in Fit})
    if any("extras" in model.fields for model in models):
        options["extras"] = Option(app_commands.Range[str, 1, EXTRAS_MAX_LENGTH] | None)
    for name in OPTION_NAMES:
        readers = [model for model in models if name in model.fields and _can_use(name, model)]
        if readers and name not in {"fit", "extras"}:
            options[name] = _derive_field_option(name, readers)
    return options


def _can_use(name: str, model: Model) -> bool:
    return name not in PICTURE_OPTIONS or model.picture != "none"


def _derive_field_option(name: str, models: Sequence[Model]) -> Option:
    """Derive the option of a field that these models read: the union of their choices or of their ranges."""
    specs = [model.fields[name] for model in models]
    labels = {value: localize_choice(name, value) for spec in specs for value in spec.choices}
    if labels:
        return Option(str | None, labels)
    number = int if Request.model_fields[name].annotation == int | None else float
    low = None if any(spec.minimum is None for spec in specs) else number(min(spec.minimum or 0 for spec in specs))
    high = None if any(spec.maximum is None for spec in specs) else number(max(spec.maximum or 0 for spec in specs))
    return Option((number if low is None and high is None else app_commands.Range[number, low, high]) | None)


def _build_parameter(name: str, option: Option) -> inspect.Parameter:
    default = inspect.Parameter.empty if option.is_required else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=option.annotation, default=default)


def _build_choices(labels: ChoiceLabels) -> list[Choice[str]]:
    return [Choice(name=label, value=value) for value, label in labels.items()]


def _build_model_autocomplete(catalogue: Catalogue) -> AutocompleteCallback:
    """Build the callback that offers the models of `/imagine` as they are on offer while the person types."""

    async def offer_models(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        messages, offered = get_localized_messages(interaction), get_offered_catalogue(interaction, catalogue)
        labels = {model.key: format_model_label(model, offered, messages) for model in offered.listed_models}
        return _find_choices(labels, current)

    return offer_models


def _build_autocomplete(labels: ChoiceLabels) -> AutocompleteCallback:
    """Build the callback that offers the choices whose label or value contains the typed text."""

    async def offer_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        messages = get_localized_messages(interaction)
        return _find_choices({value: translate_locale_str(label, messages) for value, label in labels.items()}, current)

    return offer_choices


def _find_choices(labels: Mapping[str, str], current: str) -> list[Choice[str]]:
    """Return the choices whose label or value contains the typed text; `labels` are by value."""
    choices = [
        Choice(name=label[:LABEL_LIMIT], value=value)
        for value, label in labels.items()
        if current.casefold() in f"{label}\n{value}".casefold()
    ]
    return choices[:CHOICES_LIMIT]
