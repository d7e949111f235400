"""Notes about the picture of a request: how it is fitted to its model, if that changes it, and what is added to it."""

from collections.abc import Iterator
from typing import Final

from bot.domain.images import RemoteImage, StoredImage
from shared.catalogue import Bounds, Model, Size
from shared.imaging.fitting import (
    choose_nearest_size,
    compute_cropped_share,
    fit_to_bounds,
    format_size,
    is_too_narrow,
)
from shared.notes import Note, make_note
from shared.request.model import Request

MAX_UNTOLD_SHARE: Final = 0.25
"""The share of a picture that may be cropped without a note: a photo of a phone loses less."""


def list_image_notes(request: Request, model: Model, image: RemoteImage | StoredImage | None) -> tuple[Note, ...]:
    """List the notes of `list_size_notes` if the picture's size is known. A prepared picture is fitted already."""
    if not isinstance(image, RemoteImage) or image.pixels is None:
        return ()
    return list_size_notes(request, model, image.pixels)


def list_size_notes(request: Request, model: Model, pixels: Size) -> tuple[Note, ...]:
    """Note that a picture of this size is cropped a lot, scaled or enlarged, or that much is added to it.

    Its shape is written as longer to shorter side, because Discord may measure a photo before it is turned upright.
    """
    sizes = model.accepted_sizes
    if model.task == "upscale":
        return (make_note("enlarged", source=format_size(pixels)),)
    if isinstance(sizes, Bounds):
        return (*_list_bounds_notes(request, model, sizes, pixels), *_list_extension_notes(request, pixels))
    if not sizes or (request.fit or "crop") != "crop":
        return ()
    size = choose_nearest_size(sizes, *pixels)
    if compute_cropped_share(size, *pixels) <= MAX_UNTOLD_SHARE:
        return ()
    return (make_note("cropped", field="fit", shape=_format_shape(pixels), cropped=_format_shape(size)),)


def _list_bounds_notes(request: Request, model: Model, bounds: Bounds, pixels: Size) -> Iterator[Note]:
    """Note that a picture is scaled or cropped because it lies beyond the limits of a model that fits it."""
    if not bounds.fits:
        return
    size = fit_to_bounds(bounds, *pixels, request.fit or "crop")
    if is_too_narrow(bounds, *pixels):
        if (request.fit or "crop") == "crop":
            yield make_note("cropped", field="fit", shape=_format_shape(pixels), cropped=_format_shape(size))
    elif size != pixels:
        code = "scaled_down" if size[0] < pixels[0] else "scaled_up"
        yield make_note(code, source=format_size(pixels), result=format_size(size), model=model.name)


def _list_extension_notes(request: Request, pixels: Size) -> Iterator[Note]:
    """Note that more is added at a side than the picture is long there, which Stability advises against."""
    widest, highest = max(request.left or 0, request.right or 0), max(request.up or 0, request.down or 0)
    if widest > pixels[0] or highest > pixels[1]:
        yield make_note("extended_far")


def _format_shape(size: tuple[int, int]) -> str:
    return f"{round(max(size) / min(size), 1):g}:1"
