"""Chooses the model of a new request that is based on a result."""

from shared.catalogue import Catalogue, Model, make_unknown_model_problem
from shared.problems import RejectedError, make_problem


def require_model(catalogue: Catalogue, key: str) -> Model:
    """Return the offered model of this key. Raises `RejectedError` (model_unknown)."""
    model = catalogue.models.get(key)
    if model is None or not model.offered:
        raise RejectedError(make_unknown_model_problem(key, catalogue.generation_models))
    return model


def require_image_model(catalogue: Catalogue, preferred: str) -> Model:
    """Return the preferred or another model that accepts a source picture.

    Raises `RejectedError` (picture_unsupported_anywhere).
    """
    model = catalogue.pick_picture_model(preferred)
    if model is None:
        raise RejectedError(make_problem("picture_unsupported_anywhere"))
    return model
