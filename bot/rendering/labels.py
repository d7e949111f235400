"""Labels of options, roles, models and pictures, for panels and for lists to choose from."""

from typing import Final

import discord

from bot.rendering.markdown import format_request_prompt, truncate_text
from shared.catalogue import Catalogue, Model
from shared.i18n.messages import Messages
from shared.job import Job

_PROMPT_LIMIT: Final = 70


def format_field_label(name: str, messages: Messages) -> str:
    """Format an option's name as a heading, with a capital letter."""
    label = messages.get_option_name(name)
    return label[:1].upper() + label[1:]


def format_role(role_id: int, guild: discord.Guild | None, messages: Messages) -> str:
    """Mention a role, or say that it was deleted."""
    is_there = guild is None or guild.get_role(role_id) is not None
    return f"<@&{role_id}>" if is_there else messages.text("server_panel.gone_role")


def format_model_label(model: Model, catalogue: Catalogue, messages: Messages) -> str:
    """Format a model for a list: its name, whether it is the default, retired or withdrawn, and its price."""
    name = messages.text(get_model_label_key(model, catalogue), name=model.name)
    return f"{name} · {messages.format_price(model.price_usd)}"


def get_model_label_key(model: Model, catalogue: Catalogue) -> str:
    """Get the key of the message that labels a model as retired or withdrawn, as the default or with its bare name."""
    if catalogue.is_offered(model) and not catalogue.is_available(model):
        return "model.withdrawn"
    if catalogue.is_retired(model):
        return "model.retired"
    return "model.default" if model is catalogue.default_model else "model.offered"


def format_picture_label(job: Job, seed: int | None, messages: Messages) -> str:
    """Label a generated picture with its prompt, or with its job's id if it has none, and its seed."""
    prompt = truncate_text(format_request_prompt(job.request), _PROMPT_LIMIT)
    quoted = messages.text("language.quoted", words=prompt) if prompt else ""
    parts = [quoted or job.id, "" if seed is None else f"{messages.get_option_name('seed')} {seed}"]
    return " · ".join(filter(None, parts))
