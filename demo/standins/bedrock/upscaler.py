"""A picture drawn larger: its own pixels, sharpened and resampled, under a grain of invented detail."""

from random import Random

from PIL import Image, ImageChops, ImageFilter

TILE_SIDE = 512


def upscale_picture(source: Image.Image, size: tuple[int, int], creativity: float, rng: Random) -> Image.Image:
    """Enlarge to `size`; `invention` (0-1) is the strength of the grain, `chance` its seed.

    The sharpening is done before, where it costs a sixteenth, and the grain tile by tile, so that sixteen megapixels
    are held once.
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
            grained = ImageChops.overlay(part, grain.crop((0, 0, *part.size)))
            large.paste(Image.blend(part, grained, creativity), (left, top))
    return large
