"""Fitting an image into the sizes that a model accepts. Sizes are (width, height) in pixels."""

from typing import NamedTuple

from PIL import Image, ImageStat

from shared.catalogue import Size

Box = tuple[float, float, float, float]


class Placement(NamedTuple):
    """The part of an image to use, in its own pixels, and the size to draw it at."""

    box: Box
    size: Size


def compute_placement(frame: tuple[float, float], target: Size, fit: str) -> Placement:
    """Place an image of size `frame` in `target`: `crop` to its centre, `pad` it with bars, or `stretch` it.

    Raises `ValueError` for any other fit.
    """
    width, height = frame
    target_width, target_height = target
    if fit == "stretch":
        return Placement((0, 0, width, height), target)
    if fit == "crop":
        box_width = min(width, height * target_width / target_height)
        box_height = min(height, width * target_height / target_width)
        left, top = (width - box_width) / 2, (height - box_height) / 2
        return Placement((left, top, left + box_width, top + box_height), target)
    if fit == "pad":
        scale = min(target_width / width, target_height / height)
        return Placement((0, 0, width, height), (max(1, round(width * scale)), max(1, round(height * scale))))
    raise ValueError(f"an image cannot be fitted by {fit!r}: use crop, pad or stretch")


def pad_image(image: Image.Image, size: Size) -> Image.Image:
    """Centre an RGB image on a canvas in the mean colour of the two edges that meet the bars."""
    if image.size == size:
        return image
    width, height = image.size
    if width < size[0]:  # bars at the left and right
        edges = Image.new("RGB", (1, 2 * height))
        edges.paste(image.crop((0, 0, 1, height)), (0, 0))
        edges.paste(image.crop((width - 1, 0, width, height)), (0, height))
    else:
        edges = Image.new("RGB", (2 * width, 1))
        edges.paste(image.crop((0, 0, width, 1)), (0, 0))
        edges.paste(image.crop((0, height - 1, width, height)), (width, 0))
    red, green, blue = (round(mean) for mean in ImageStat.Stat(edges).mean)
    canvas = Image.new("RGB", size, (red, green, blue))
    canvas.paste(image, ((size[0] - width) // 2, (size[1] - height) // 2))
    return canvas
