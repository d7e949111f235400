"""Which model a press is for. Raises `RejectedError` in words where there is none."""

from shared.catalogue import Catalogue, Model
from shared.problems import RejectedError, make_problem


def require_model(catalogue: Catalogue, key: str) -> Model:
    """Give the model of this key, of those on offer. Raises `RejectedError` (model_unknown)."""
    model = catalogue.models.get(key)
    if model is None or not model.offered:
        names = ", ".join(offered.name for offered in catalogue.generation_models)
        raise RejectedError(make_problem("model_unknown", value=key[:100], models=names))
    return model


def require_image_model(catalogue: Catalogue, preferred: str) -> Model:
    """Give the model that goes on from a picture. Raises `RejectedError` (picture_unsupported_anywhere)."""
    model = catalogue.pick_picture_model(preferred)
    if model is None:
        raise RejectedError(make_problem("picture_unsupported_anywhere"))
    return model
