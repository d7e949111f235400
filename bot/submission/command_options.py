"""The options of `/imagine` and `/explore`, made from the catalogue: what any model on offer reads can be asked for."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str

from bot.discord_client.translator import localize_choice, localize_text, translate_locale_str
from bot.domain.exploration import Variation
from bot.features.explore.plan import MAX_VARIANTS, MIN_VARIANTS, VALUES_LIMIT
from bot.interactions.locale import get_localized_messages
from bot.rendering.labels import get_model_label_key
from shared.catalogue import Catalogue, Model
from shared.request.model import EXTRAS_MAX_LENGTH, Fit, Request

# https://discord.com/developers/docs/interactions/application-commands#application-command-object
CHOICES_LIMIT: Final = 25
TEXT_LIMIT: Final = 6000
LABEL_LIMIT: Final = 100

IMAGINE_OPTIONS: Final = (
    *("prompt", "image", "source", "preset", "model", "keep", "style_preset", "negative", "seed", "steps", "cfg_scale"),
    *("sampler", "aspect_ratio", "output_format", "fit", "init_image_mode", "step_schedule_start", "step_schedule_end"),
    *("clip_guidance_preset", "samples", "creativity", "extras"),
)
EXPLORE_OPTIONS: Final = (
    *("over", "prompt", "image", "source", "count", "values", "preset", "model", "keep", "style_preset", "negative"),
    *("seed", "steps", "cfg_scale", "aspect_ratio", "fit"),
)
_OPTIONS_BY_COMMAND: Final = MappingProxyType({"imagine": IMAGINE_OPTIONS, "explore": EXPLORE_OPTIONS})
_ANNOTATIONS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "prompt": app_commands.Range[str, 1, TEXT_LIMIT],
        "negative": app_commands.Range[str, 1, TEXT_LIMIT] | None,
        "preset": app_commands.Range[str, 1, LABEL_LIMIT] | None,
        "over": str,
        "count": app_commands.Range[int, MIN_VARIANTS, MAX_VARIANTS] | None,
        "values": app_commands.Range[str, 1, VALUES_LIMIT] | None,
    }
)
_REQUIRED_OPTIONS: Final = frozenset({"prompt", "over"})

ChoiceLabels = Mapping[str, locale_str]
CommandHandler = Callable[..., Coroutine[Any, Any, None]]
AutocompleteCallback = Callable[[discord.Interaction, str], Coroutine[Any, Any, list[Choice[str]]]]


def build_generation_command(
    name: str, catalogue: Catalogue, handler: CommandHandler, today: date, **completes: AutocompleteCallback
) -> app_commands.Command[Any, ..., None]:
    """Build `/imagine` or `/explore`.

    `handler` gets the interaction and every option by field name, None where it was not used. `completes` are what
    offers choices for an option while it is being typed.
    """
    order = _OPTIONS_BY_COMMAND[name]
    labels = {option: _list_choice_labels(catalogue, option, today) for option in order}
    kinds = {option: _choose_annotation(catalogue, option, labels[option]) for option in order}
    names = [option for option in order if kinds[option] is not None]

    async def used(interaction: discord.Interaction, **options: Any) -> None:
        await handler(interaction, **options)

    completions = {
        option: _build_autocomplete(labels[option]) for option in names if len(labels[option]) > CHOICES_LIMIT
    }
    completions |= {option: _wrap_method(complete) for option, complete in completes.items() if option in names}
    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.Signature([first, *(_build_parameter(option, kinds[option]) for option in names)])
    used.__signature__ = signature  # type: ignore[attr-defined]  # discord.py reads the options here (PEP 362)
    decorated: Any = used
    for decorate in (
        app_commands.rename(**{option: localize_text(f"option.{option}.name") for option in names}),
        app_commands.describe(**{option: localize_text(f"option.{option}.description") for option in names}),
        app_commands.choices(
            **{option: _build_choices(labels[option]) for option in names if 0 < len(labels[option]) <= CHOICES_LIMIT}
        ),
        app_commands.autocomplete(**completions),
        app_commands.guild_only(),
        app_commands.guild_install(),
    ):
        decorated = decorate(decorated)
    return app_commands.Command(
        name=localize_text(f"command.{name}.name"),
        description=localize_text(f"command.{name}.description"),
        callback=decorated,
    )


def _wrap_method(callback: AutocompleteCallback) -> AutocompleteCallback:
    """Make a function of what may be a method: discord.py takes no method for a command outside of a class."""

    async def unbound(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        return await callback(interaction, current)

    return unbound


def _build_parameter(name: str, annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if name in _REQUIRED_OPTIONS else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _choose_annotation(catalogue: Catalogue, name: str, labels: ChoiceLabels) -> Any:
    """The annotation that discord.py reads type and range from, or None where no model on offer has the option."""
    if name in _ANNOTATIONS:
        return _ANNOTATIONS[name]
    match name:
        case "image":
            return discord.Attachment | None if _has_image_model(catalogue) else None
        case "source":
            return app_commands.Range[str, 1, LABEL_LIMIT] | None if _has_image_model(catalogue) else None
        case "extras":
            return app_commands.Range[str, 1, EXTRAS_MAX_LENGTH] | None if catalogue.models_with_field(name) else None
    return str | None if labels else _choose_number_annotation(catalogue.models_with_field(name), name)


def _choose_number_annotation(models: tuple[Model, ...], name: str) -> Any:
    if not models:
        return None
    number = int if Request.model_fields[name].annotation == int | None else float
    specs = [model.fields[name] for model in models]
    low = None if any(spec.minimum is None for spec in specs) else number(min(spec.minimum or 0 for spec in specs))
    high = None if any(spec.maximum is None for spec in specs) else number(max(spec.maximum or 0 for spec in specs))
    return (number if low is None and high is None else app_commands.Range[number, low, high]) | None


def _list_choice_labels(catalogue: Catalogue, name: str, today: date) -> ChoiceLabels:
    if name == "model":
        return {
            m.key: localize_text(get_model_label_key(m, catalogue, today), m.name) for m in catalogue.generation_models
        }
    if name == "over":
        return {over.value: localize_choice(name, over) for over in Variation}
    if name == "fit":
        return {fit.value: localize_choice(name, fit) for fit in Fit} if _has_image_model(catalogue) else {}
    values = (value for model in catalogue.models_with_field(name) for value in model.fields[name].choices)
    return {value: localize_choice(name, value) for value in values}


def _has_image_model(catalogue: Catalogue) -> bool:
    return any(model.picture != "none" for model in catalogue.generation_models)


def _build_choices(labels: ChoiceLabels) -> list[Choice[str]]:
    return [Choice(name=shown, value=value) for value, shown in labels.items()]


def _build_autocomplete(labels: ChoiceLabels) -> AutocompleteCallback:
    """Offer those choices whose label or value contains what is being typed, in the person's language."""

    async def complete(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        phrases, typed = get_localized_messages(interaction), current.casefold()
        shown = {value: translate_locale_str(shown, phrases)[:LABEL_LIMIT] for value, shown in labels.items()}
        found = (value for value in shown if typed in f"{shown[value]}\n{value}".casefold())
        return [Choice(name=shown[value], value=value) for value in found][:CHOICES_LIMIT]

    return complete
