"""The pictures that travel with a request."""

from dataclasses import dataclass, field, fields
from typing import Literal

PictureName = Literal["source", "mask", "style"]


@dataclass(frozen=True)
class Pictures:
    """The pictures of a request, encoded: as they were uploaded, or as the model gets them. None for those it lacks.

    `source` is the picture that the model starts from, `mask` shows in white which region of it to change, `style` is a
    picture in the wanted style.
    """

    source: bytes | None = field(default=None, repr=False)
    mask: bytes | None = field(default=None, repr=False)
    style: bytes | None = field(default=None, repr=False)

    def list_parts(self) -> list[tuple[PictureName, bytes]]:
        """List the pictures that there are."""
        parts = ((part.name, getattr(self, part.name)) for part in fields(self))
        return [(name, data) for name, data in parts if data is not None]  # type: ignore[misc]  # the names of the fields
