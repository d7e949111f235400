"""Chooses the model of a new request that is based on a result."""

from shared.catalogue import Catalogue, Model, make_unknown_model_problem
from shared.dates import get_today
from shared.problems import RejectedError, make_problem
from shared.request.conversion import find_alternative_models
from shared.request.model import Request


def require_model(catalogue: Catalogue, key: str) -> Model:
    """Return the offered model of this key. Raises `RejectedError` (model_unknown)."""
    model = catalogue.models.get(key)
    if model is None or not catalogue.is_offered(model):
        raise RejectedError(make_unknown_model_problem(key, catalogue.generation_models))
    return model


def pick_model(catalogue: Catalogue, request: Request) -> Model:
    """Pick the model of a request or, if it is not available, one that would take the request.

    Raises `RejectedError` (model_unknown).
    """
    alternatives = find_alternative_models(request, catalogue, get_today())
    if catalogue.is_available(catalogue.models.get(request.model)) or not alternatives:
        return require_model(catalogue, request.model)
    return alternatives[0]


def require_image_model(catalogue: Catalogue, preferred: str) -> Model:
    """Return the preferred or another model that accepts a source picture.

    Raises `RejectedError` (picture_unsupported_anywhere).
    """
    model = catalogue.pick_picture_model(preferred)
    if model is None:
        raise RejectedError(make_problem("picture_unsupported_anywhere"))
    return model
