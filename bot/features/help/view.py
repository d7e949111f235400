"""The texts of `/help` and `/about`, and of greetings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from discord import ui

from bot.rendering.labels import get_model_label_key
from bot.rendering.layout import build_container_view
from shared import __version__
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

HELP_JOBS: Final = ("photo", "words", "several", "larger", "shape", "keep", "together", "find", "cost")
EXAMPLES: Final = ("plain", "parts", "avoid")
"""Prompts that the default model accepts, as `help.examples`."""


def build_help_view(catalogue: Catalogue, messages: Messages) -> ui.LayoutView:
    """Explain how to do each job, and how prompts work."""
    facts = _build_facts(catalogue, messages)
    jobs = "\n".join(f"- {messages.text(f'help.{job}', **facts)}" for job in HELP_JOBS)
    examples = "\n".join(f"- `{messages.text(f'help.examples.{name}')}`" for name in EXAMPLES)
    return build_container_view(
        ui.TextDisplay(f"### {messages.text('help.title')}\n{jobs}"),
        ui.Separator(),
        ui.TextDisplay(f"**{messages.text('help.prompts')}**\n{examples}\n{messages.text('help.other_tools')}"),
        ui.TextDisplay(f"-# {messages.text('help.more')}"),
    )


@dataclass(frozen=True)
class OperatorFacts:
    """The addresses that the operator names, "" for none, and after how many days data is deleted, None for never."""

    privacy_url: str = ""
    source_url: str = ""
    record_retention_days: int | None = None
    prompt_retention_days: int | None = None


def build_about_view(catalogue: Catalogue, messages: Messages, facts: OperatorFacts) -> ui.LayoutView:
    """Describe the bot, its models with their prices, and the data that it stores."""
    return build_container_view(
        ui.TextDisplay(f"### {messages.text('about.title', version=__version__)}\n{messages.text('about.what')}"),
        ui.TextDisplay(f"**{messages.text('about.models')}**\n" + "\n".join(_list_models(catalogue, messages))),
        ui.TextDisplay("\n".join(_list_links(messages, facts))),
    )


def format_greeting(key: str, catalogue: Catalogue, messages: Messages) -> str:
    """Format a greeting: "guild" for a new server, "mention" or "direct_message"."""
    return messages.text(f"greeting.{key}", **_build_facts(catalogue, messages))


def _build_facts(catalogue: Catalogue, messages: Messages) -> dict[str, str]:
    model = catalogue.default_model
    return {"model": model.name, "price": messages.format_price(model.price_usd)}


def _list_models(catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    for model in (*catalogue.generation_models, *catalogue.upscale_models):
        name = messages.text(get_model_label_key(model, catalogue), name=model.name)
        yield f"- {messages.text(f'about.model_{model.task}', name=name, price=messages.format_price(model.price_usd))}"


def _list_links(messages: Messages, facts: OperatorFacts) -> Iterator[str]:
    yield messages.text("about.privacy")
    for key, days in (("records", facts.record_retention_days), ("prompts", facts.prompt_retention_days)):
        if days is not None:
            yield messages.text(f"about.{key}_days", count=days)
    if facts.privacy_url:
        yield messages.text("about.privacy_link", url=facts.privacy_url)
    if facts.source_url:
        yield messages.text("about.source", url=facts.source_url)
