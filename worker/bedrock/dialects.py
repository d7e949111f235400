"""The dialects by the name that a model's row gives."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.catalogue import Model
from shared.outcome import FilteredPart
from shared.request.model import Request
from worker.bedrock import sdxl, stable_image
from worker.bedrock.json_body import ModelResponse


class Dialect(NamedTuple):
    """How to encode a request for a family of models and decode its response (raises `InvalidResponseError`)."""

    encode: Callable[[Request, Model, bytes | None, int | None], bytes]
    decode: Callable[[bytes, Model], ModelResponse | FilteredPart]


DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "sdxl": Dialect(sdxl.encode, sdxl.decode),
        "stable-image": Dialect(stable_image.encode, stable_image.decode),
    }
)
