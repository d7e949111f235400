"""Which model a press is for. Raises `Refused` in words where there is none."""

from shared.catalogue import Catalogue, Model
from shared.errors import Refused, problem


def model_called(catalogue: Catalogue, key: str) -> Model:
    """Give the model of this key, of those on offer. Raises `Refused` (model_unknown)."""
    model = catalogue.models.get(key)
    if model is None or not model.offered:
        names = ", ".join(offered.name for offered in catalogue.offered)
        raise Refused(problem("model_unknown", value=key[:100], models=names))
    return model


def reading_pictures(catalogue: Catalogue, preferred: str) -> Model:
    """Give the model that goes on from a picture. Raises `Refused` (picture_unsupported_anywhere)."""
    model = catalogue.reading_pictures(preferred)
    if model is None:
        raise Refused(problem("picture_unsupported_anywhere"))
    return model
