"""Notes about the picture of a request: that much of it is cropped to the model's shape, or that it is enlarged."""

from typing import Final

from bot.domain.images import RemoteImage, StoredImage
from shared.catalogue import Bounds, Model
from shared.imaging.fitting import choose_nearest_size, compute_cropped_share, format_size
from shared.notes import Note, make_note
from shared.request.model import Request

MAX_UNTOLD_SHARE: Final = 0.25
"""The share of a picture that may be cropped without a note: a photo of a phone loses less."""


def list_image_notes(request: Request, model: Model, image: RemoteImage | StoredImage | None) -> tuple[Note, ...]:
    """Note that a picture is cropped a lot or enlarged, if its size is known. A prepared picture is cropped no more.

    Its shape is written as longer to shorter side, because Discord may measure a photo before it is turned upright.
    """
    sizes = model.accepted_sizes
    if not isinstance(image, RemoteImage) or image.pixels is None:
        return ()
    if model.task == "upscale":
        return (make_note("enlarged", source=format_size(image.pixels)),)
    if not sizes or isinstance(sizes, Bounds) or (request.fit or "crop") != "crop":
        return ()
    size = choose_nearest_size(sizes, *image.pixels)
    if compute_cropped_share(size, *image.pixels) <= MAX_UNTOLD_SHARE:
        return ()
    return (make_note("cropped", field="fit", shape=_format_shape(image.pixels), cropped=_format_shape(size)),)


def _format_shape(size: tuple[int, int]) -> str:
    return f"{round(max(size) / min(size), 1):g}:1"
