"""The dialects by the names that the catalogue uses."""

from collections.abc import Callable
from typing import NamedTuple, assert_never

from shared.catalogue import DialectName, Model
from shared.outcome import FilteredPart
from shared.request.model import Request
from shared.request.pictures import Pictures
from worker.bedrock import image_service, sdxl, stable_image
from worker.bedrock.json_body import ModelResponse


class Dialect(NamedTuple):
    """How to encode a request for a family of models, and decode a response (raises `InvalidResponseError`)."""

    encode: Callable[[Request, Model, Pictures, int | None], bytes]
    decode: Callable[[bytes, Model], ModelResponse | FilteredPart]


def get_dialect(name: DialectName) -> Dialect:
    """Return the dialect of this name."""
    match name:
        case "sdxl":
            return Dialect(sdxl.encode, sdxl.decode)
        case "stable-image":
            return Dialect(stable_image.encode, stable_image.decode)
        case "image-service":
            return Dialect(image_service.encode, stable_image.decode)
        case _:
            assert_never(name)
