"""Upscales an image: sharpens and resamples its pixels, and adds a grain of invented detail."""

from random import Random

from PIL import Image, ImageChops, ImageFilter

TILE_SIDE = 512


def upscale_image(source: Image.Image, size: tuple[int, int], creativity: float, rng: Random) -> Image.Image:
    """Enlarge to `size`; `creativity` (0-1) is the strength of the grain.

    Sharpening comes before resizing, where it costs a sixteenth. Grain is added tile by tile, so that only one copy of
    16 megapixels is in memory.
    """
    large = source.filter(ImageFilter.UnsharpMask(1, 60, 2)).resize(size, Image.Resampling.LANCZOS)
    grain = (
        Image.frombytes("L", (TILE_SIDE, TILE_SIDE), rng.randbytes(TILE_SIDE * TILE_SIDE))
        .filter(ImageFilter.SMOOTH)
        .convert("RGB")
    )
    for left in range(0, size[0], TILE_SIDE):
        for top in range(0, size[1], TILE_SIDE):
            part = large.crop((left, top, min(left + TILE_SIDE, size[0]), min(top + TILE_SIDE, size[1])))
            grainy = ImageChops.overlay(part, grain.crop((0, 0, *part.size)))
            large.paste(Image.blend(part, grainy, creativity), (left, top))
    return large
