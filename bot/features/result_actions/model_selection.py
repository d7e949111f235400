"""Which model a press is for. Raises `RejectedError` in words where there is none."""

from shared.catalogue import Catalogue, Model, make_unknown_model_problem
from shared.problems import RejectedError, make_problem


def require_model(catalogue: Catalogue, key: str) -> Model:
    """Give the model of this key, of those on offer. Raises `RejectedError` (model_unknown)."""
    model = catalogue.models.get(key)
    if model is None or not model.offered:
        raise RejectedError(make_unknown_model_problem(key, catalogue.generation_models))
    return model


def require_image_model(catalogue: Catalogue, preferred: str) -> Model:
    """Give the model that goes on from a picture. Raises `RejectedError` (picture_unsupported_anywhere)."""
    model = catalogue.pick_picture_model(preferred)
    if model is None:
        raise RejectedError(make_problem("picture_unsupported_anywhere"))
    return model
