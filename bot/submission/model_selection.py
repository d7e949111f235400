"""Chooses the model of a new request that is based on a result, among those that the server offers."""

import discord

from bot.interactions.offers import get_offered_catalogue
from shared.catalogue import Catalogue, Model, make_unknown_model_problem
from shared.dates import get_today
from shared.problems import RejectedError
from shared.request.conversion import find_alternative_models
from shared.request.model import Request


def require_model(catalogue: Catalogue, key: str) -> Model:
    """Return the offered model of this key. Raises `RejectedError` (model_unknown)."""
    model = catalogue.models.get(key)
    if model is None or not catalogue.is_offered(model):
        raise RejectedError(make_unknown_model_problem(key, catalogue.generation_models))
    return model


def pick_model(interaction: discord.Interaction, catalogue: Catalogue, request: Request) -> Model:
    """Pick the model of a request or, if it is not available in the server, one that would take the request.

    Raises `RejectedError` (model_unknown).
    """
    offered = get_offered_catalogue(interaction, catalogue)
    alternatives = find_alternative_models(request, offered, get_today())
    if offered.is_available(offered.models.get(request.model)) or not alternatives:
        return require_model(catalogue, request.model)
    return alternatives[0]
