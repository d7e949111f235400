"""Colours, edges and textures of one picture, put into another."""

from PIL import Image, ImageChops, ImageFilter, ImageOps

Size = tuple[int, int]

_PALETTE_SIDE = 64
_TEXTURE_SIDE = 256
_FILL_SIZES = ((2, 8), (3, 24), (5, 72), (24, 96))  # wider than high: pictures change less from left to right


def take_colours(image: Image.Image, model: Image.Image) -> Image.Image:
    """Colour an image by its brightness: with the colours that the other picture has from dark to light."""
    small = model.convert("RGB").resize((_PALETTE_SIDE, _PALETTE_SIDE), Image.Resampling.BOX)
    colours = sorted(small.getdata(), key=sum)
    tones = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    tones.putpalette([part for index in range(256) for part in colours[index * len(colours) // 256]])
    return tones.convert("RGB")


def mix_textures(image: Image.Image, model: Image.Image) -> Image.Image:
    """Lay the fine detail of the other picture over an image."""
    patch = model.convert("L").resize((_TEXTURE_SIDE, _TEXTURE_SIDE), Image.Resampling.BICUBIC)
    detail = ImageChops.subtract(patch, patch.filter(ImageFilter.GaussianBlur(6)), 1, 128)
    detail = ImageOps.autocontrast(detail).resize(image.size, Image.Resampling.BICUBIC)
    return Image.blend(image, ImageChops.overlay(image, detail.convert("RGB")), 0.7)


def draw_edges(image: Image.Image) -> Image.Image:
    """Draw the edges of an image in white on black."""
    edges = image.convert("L").filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    return ImageOps.autocontrast(ImageOps.expand(ImageOps.crop(edges, 2), 2, 0), cutoff=1)


def fill_region(image: Image.Image, mask: Image.Image) -> Image.Image:
    """Fill the white region of a mask with the colours around it."""
    known = image.copy()
    known.putalpha(ImageOps.invert(mask).point([0] * 255 + [255]))
    filled = Image.new("RGB", image.size, known.resize((1, 1), Image.Resampling.BOX).convert("RGB").getpixel((0, 0)))
    for size in _FILL_SIZES:
        layer = known.resize(size, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)
        filled.paste(layer.convert("RGB"), (0, 0), layer.getchannel("A"))
    return filled


def extend_edges(image: Image.Image, size: Size, offset: Size) -> Image.Image:
    """Place an image on a larger canvas, with its edges drawn out to the canvas's own."""
    width, height = image.size
    canvas = image.resize(size, Image.Resampling.BICUBIC)
    canvas.paste(image.resize((width, size[1]), Image.Resampling.BICUBIC, (0, 0, width, height)), (offset[0], 0))
    return canvas.filter(ImageFilter.GaussianBlur(max(1, min(size) // 60)))
