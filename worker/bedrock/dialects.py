"""The dialects by the name that a model's row gives."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.catalogue import Model
from shared.outcome import Side
from shared.request import Request
from worker.bedrock import sdxl, stable_image
from worker.bedrock.wire import Answer


class Dialect(NamedTuple):
    """How a family of models is spoken to, and how its answers are read (`Unusable` is raised for what cannot be)."""

    encode: Callable[[Request, Model, bytes | None, int | None], bytes]
    decode: Callable[[bytes, Model], Answer | Side]


DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "sdxl": Dialect(sdxl.encode, sdxl.decode),
        "stable-image": Dialect(stable_image.encode, stable_image.decode),
    }
)
