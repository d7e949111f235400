"""The options of `/imagine` and `/explore`, made from the catalogue: what any model on offer reads can be asked for."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice, locale_str

from bot.commands.translation import label, said, words
from bot.exploring.plan import FEWEST, MOST, VALUES_LIMIT
from bot.interactions.speaking import phrases_of
from bot.ports import Over
from bot.render.fields import model_phrase
from shared.catalogue import Catalogue, Model
from shared.request import EXTRAS_LIMIT, Fit, Request

# https://discord.com/developers/docs/interactions/application-commands#application-command-object
CHOICES_LIMIT: Final = 25
TEXT_LIMIT: Final = 6000
LABEL_LIMIT: Final = 100

IMAGINE: Final = (
    *("prompt", "image", "source", "preset", "model", "keep", "style_preset", "negative", "seed", "steps", "cfg_scale"),
    *("sampler", "aspect_ratio", "output_format", "fit", "init_image_mode", "step_schedule_start", "step_schedule_end"),
    *("clip_guidance_preset", "samples", "creativity", "extras"),
)
EXPLORE: Final = (
    *("over", "prompt", "image", "source", "count", "values", "preset", "model", "keep", "style_preset", "negative"),
    *("seed", "steps", "cfg_scale", "aspect_ratio", "fit"),
)
_ORDERS: Final = MappingProxyType({"imagine": IMAGINE, "explore": EXPLORE})
_KINDS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "prompt": app_commands.Range[str, 1, TEXT_LIMIT],
        "negative": app_commands.Range[str, 1, TEXT_LIMIT] | None,
        "preset": app_commands.Range[str, 1, LABEL_LIMIT] | None,
        "over": str,
        "count": app_commands.Range[int, FEWEST, MOST] | None,
        "values": app_commands.Range[str, 1, VALUES_LIMIT] | None,
    }
)
_REQUIRED: Final = frozenset({"prompt", "over"})

Labels = Mapping[str, locale_str]
Handler = Callable[..., Coroutine[Any, Any, None]]
Complete = Callable[[discord.Interaction, str], Coroutine[Any, Any, list[Choice[str]]]]


def command(
    name: str, catalogue: Catalogue, handler: Handler, today: date, **completes: Complete
) -> app_commands.Command[Any, ..., None]:
    """Build `/imagine` or `/explore`.

    `handler` gets the interaction and every option by field name, None where it was not used. `completes` are what
    offers choices for an option while it is being typed.
    """
    order = _ORDERS[name]
    labels = {option: _labels(catalogue, option, today) for option in order}
    kinds = {option: _kind(catalogue, option, labels[option]) for option in order}
    names = [option for option in order if kinds[option] is not None]

    async def used(interaction: discord.Interaction, **options: Any) -> None:
        await handler(interaction, **options)

    completions = {option: _completion(labels[option]) for option in names if len(labels[option]) > CHOICES_LIMIT}
    completions |= {option: _unbound(complete) for option, complete in completes.items() if option in names}
    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.Signature([first, *(_parameter(option, kinds[option]) for option in names)])
    used.__signature__ = signature  # type: ignore[attr-defined]  # discord.py reads the options here (PEP 362)
    decorated: Any = used
    for decorate in (
        app_commands.rename(**{option: words(f"option.{option}.name") for option in names}),
        app_commands.describe(**{option: words(f"option.{option}.description") for option in names}),
        app_commands.choices(
            **{option: _choices(labels[option]) for option in names if 0 < len(labels[option]) <= CHOICES_LIMIT}
        ),
        app_commands.autocomplete(**completions),
        app_commands.guild_only(),
        app_commands.guild_install(),
    ):
        decorated = decorate(decorated)
    return app_commands.Command(
        name=words(f"command.{name}.name"), description=words(f"command.{name}.description"), callback=decorated
    )


def _unbound(complete: Complete) -> Complete:
    """Make a function of what may be a method: discord.py takes no method for a command outside of a class."""

    async def unbound(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        return await complete(interaction, current)

    return unbound


def _parameter(name: str, kind: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if name in _REQUIRED else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _kind(catalogue: Catalogue, name: str, labels: Labels) -> Any:
    """The annotation that discord.py reads type and range from, or None where no model on offer has the option."""
    if name in _KINDS:
        return _KINDS[name]
    match name:
        case "image":
            return discord.Attachment | None if _reads_pictures(catalogue) else None
        case "source":
            return app_commands.Range[str, 1, LABEL_LIMIT] | None if _reads_pictures(catalogue) else None
        case "extras":
            return app_commands.Range[str, 1, EXTRAS_LIMIT] | None if catalogue.having(name) else None
    return str | None if labels else _number(catalogue.having(name), name)


def _number(models: tuple[Model, ...], name: str) -> Any:
    if not models:
        return None
    number = int if Request.model_fields[name].annotation == int | None else float
    specs = [model.fields[name] for model in models]
    low = None if any(spec.minimum is None for spec in specs) else number(min(spec.minimum or 0 for spec in specs))
    high = None if any(spec.maximum is None for spec in specs) else number(max(spec.maximum or 0 for spec in specs))
    return (number if low is None and high is None else app_commands.Range[number, low, high]) | None


def _labels(catalogue: Catalogue, name: str, today: date) -> Labels:
    if name == "model":
        return {m.key: words(model_phrase(m, catalogue, today), m.name) for m in catalogue.offered}
    if name == "over":
        return {over.value: label(name, over) for over in Over}
    if name == "fit":
        return {fit.value: label(name, fit) for fit in Fit} if _reads_pictures(catalogue) else {}
    values = (value for model in catalogue.having(name) for value in model.fields[name].choices)
    return {value: label(name, value) for value in values}


def _reads_pictures(catalogue: Catalogue) -> bool:
    return any(model.picture != "none" for model in catalogue.offered)


def _choices(labels: Labels) -> list[Choice[str]]:
    return [Choice(name=shown, value=value) for value, shown in labels.items()]


def _completion(labels: Labels) -> Complete:
    """Offer those choices whose label or value contains what is being typed, in the person's language."""

    async def complete(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        phrases, typed = phrases_of(interaction), current.casefold()
        shown = {value: said(shown, phrases)[:LABEL_LIMIT] for value, shown in labels.items()}
        found = (value for value in shown if typed in f"{shown[value]}\n{value}".casefold())
        return [Choice(name=shown[value], value=value) for value in found][:CHOICES_LIMIT]

    return complete
