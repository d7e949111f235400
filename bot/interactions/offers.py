"""The models on offer in the server of an interaction, so that only these are listed and picked."""

import discord

from bot.domain.guild_settings import GuildSettings
from bot.interactions.locale import get_guild_settings
from shared.catalogue import Catalogue, Model
from shared.problems import RejectedError, make_problem


def get_offered_catalogue(interaction: discord.Interaction, catalogue: Catalogue) -> Catalogue:
    """Return the catalogue as the server offers it; whole if its settings could not be loaded.

    This decides what is shown and picked. `bot.submission.rules` decides what is accepted.
    """
    return restrict_catalogue(catalogue, get_guild_settings(interaction))


def require_picture_model(interaction: discord.Interaction, catalogue: Catalogue, preferred: str) -> Model:
    """Return the preferred or another model that starts from a picture and is on offer in the server.

    Raises `RejectedError`: picture_unsupported_anywhere, picture_not_on_offer.
    """
    model = get_offered_catalogue(interaction, catalogue).pick_picture_model(preferred)
    if model is None:
        is_elsewhere = catalogue.pick_picture_model(preferred) is not None
        raise RejectedError(make_problem("picture_not_on_offer" if is_elsewhere else "picture_unsupported_anywhere"))
    return model


def restrict_catalogue(catalogue: Catalogue, settings: GuildSettings) -> Catalogue:
    """Return the catalogue with only the models on offer that a server with these settings offers."""
    if not settings.models and not settings.tasks:
        return catalogue
    return catalogue.exclude_models(
        model.key for model in catalogue if not settings.offers_model(model.key, model.task)
    )
