"""The seventeen style presets as recipes of filters; each takes and gives an RGB picture of the same size."""

from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from demo.bedrock.scene import noise

Style = Callable[[Image.Image, Random], Image.Image]


def colour(picture: Image.Image, amount: float) -> Image.Image:
    return ImageEnhance.Color(picture).enhance(amount)


def contrast(picture: Image.Image, amount: float) -> Image.Image:
    return ImageEnhance.Contrast(picture).enhance(amount)


def tinted(picture: Image.Image, dark: str, light: str, share: float) -> Image.Image:
    """Pull shadows towards one colour and lights towards another."""
    return Image.blend(picture, ImageOps.colorize(picture.convert("L"), dark, light), share)


def _edges(picture: Image.Image) -> Image.Image:
    edges = picture.convert("L").filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    return ImageOps.autocontrast(ImageOps.expand(ImageOps.crop(edges, 2), 2, 0), cutoff=2)


def _inked(picture: Image.Image, strength: float) -> Image.Image:
    ink = ImageOps.invert(_edges(picture)).point([255 - round((255 - v) * strength) for v in range(256)])
    return ImageChops.multiply(picture, Image.merge("RGB", (ink, ink, ink)))


def _vignette(picture: Image.Image, strength: float) -> Image.Image:
    shade = Image.radial_gradient("L").resize(picture.size).point([255 - round(v * strength) for v in range(256)])
    return ImageChops.multiply(picture, Image.merge("RGB", (shade, shade, shade)))


def _embossed(picture: Image.Image, share: float) -> Image.Image:
    relief = picture.convert("L").filter(ImageFilter.EMBOSS).convert("RGB")
    return Image.blend(picture, ImageChops.overlay(picture, relief), share)


def _facets(picture: Image.Image, chance: Random, cells: int, shading: float) -> Image.Image:
    """Triangles on a shaken grid, each of one colour."""
    width, height = picture.size
    rows = max(2, round(cells * height / width))
    small = picture.resize((cells * 2, rows * 2), Image.Resampling.BOX)
    grid = {
        (i, j): (
            (i + (chance.uniform(-0.35, 0.35) if 0 < i < cells else 0)) * width / cells,
            (j + (chance.uniform(-0.35, 0.35) if 0 < j < rows else 0)) * height / rows,
        )
        for i in range(cells + 1)
        for j in range(rows + 1)
    }
    result = picture.copy()
    draw = ImageDraw.Draw(result)
    for i in range(cells):
        for j in range(rows):
            a, b, c, d = grid[i, j], grid[i + 1, j], grid[i, j + 1], grid[i + 1, j + 1]
            for corners, x, y in (((a, b, c), 0, 0), ((b, d, c), 1, 1)):
                light = 1 + shading * chance.uniform(-1, 1)
                pixel = small.getpixel((2 * i + x, 2 * j + y))
                draw.polygon(corners, fill=tuple(min(255, round(part * light)) for part in pixel))  # type: ignore[union-attr]
    return result


def _pixels(picture: Image.Image, cell: int, colours: int) -> Image.Image:
    width, height = picture.size
    small = picture.resize((max(1, width // cell), max(1, height // cell)), Image.Resampling.BOX)
    return (
        small.quantize(colours, dither=Image.Dither.NONE)
        .convert("RGB")
        .resize((width, height), Image.Resampling.NEAREST)
    )


def _halftone(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    dot = Image.radial_gradient("L").resize((6, 6))
    screen = Image.new("L", picture.size)
    row = Image.new("L", (width, 6))
    for x in range(0, width, 6):
        row.paste(dot, (x, 0))
    for y in range(0, height, 6):
        screen.paste(row, (3 * (y // 6 % 2) - 3, y))
    dots = ImageChops.add(picture.convert("L"), ImageOps.invert(screen), 1, -60)
    ink = dots.point([120] * 128 + [255] * 128)
    return ImageChops.multiply(picture, Image.merge("RGB", (ink, ink, ink)))


def _diamonds(picture: Image.Image) -> Image.Image:
    turned = picture.rotate(45, Image.Resampling.BILINEAR, expand=True)
    turned = _embossed(_pixels(turned, 14, 64), 0.5).rotate(-45, Image.Resampling.BILINEAR)
    left, top = (turned.width - picture.width) // 2, (turned.height - picture.height) // 2
    return turned.crop((left, top, left + picture.width, top + picture.height))


def _tiles(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    half = picture.resize(((width + 1) // 2, (height + 1) // 2), Image.Resampling.BILINEAR)
    result = Image.new("RGB", picture.size)
    result.paste(half, (0, 0))
    result.paste(ImageOps.mirror(half), (width // 2, 0))
    result.paste(ImageOps.flip(result.crop((0, 0, width, (height + 1) // 2))), (0, height // 2))
    return result


def _neon(picture: Image.Image) -> Image.Image:
    night = tinted(ImageEnhance.Brightness(picture).enhance(0.45), "#0b0221", "#8f3dd1", 0.55)
    glow = ImageOps.colorize(_edges(picture), "black", "#7df9ff", "#ff2fd0").filter(ImageFilter.GaussianBlur(1.5))
    return ImageChops.screen(night, ImageEnhance.Brightness(glow).enhance(1.4))


def _film(picture: Image.Image, chance: Random) -> Image.Image:
    grain = Image.blend(Image.new("L", picture.size, 128), noise(picture.size, chance, 200, 1), 0.28).convert("RGB")
    return _vignette(ImageChops.overlay(tinted(colour(picture, 0.7), "#2a1a12", "#ffe9c4", 0.3), grain), 0.5)


def _glow(picture: Image.Image) -> Image.Image:
    soft = ImageEnhance.Brightness(picture.filter(ImageFilter.GaussianBlur(8))).enhance(0.55)
    return colour(tinted(ImageChops.screen(picture, soft), "#2c0f4a", "#ffe6b8", 0.2), 1.4)


def _clay(picture: Image.Image) -> Image.Image:
    return _embossed(
        ImageOps.posterize(picture.filter(ImageFilter.MedianFilter(7)), 4).filter(ImageFilter.SMOOTH_MORE), 0.8
    )


STYLES: Mapping[str, Style] = {
    "3d-model": lambda p, _: _vignette(_embossed(p.filter(ImageFilter.GaussianBlur(2)), 0.9), 0.3),
    "analog-film": _film,
    "anime": lambda p, _: _inked(colour(ImageOps.posterize(p.filter(ImageFilter.MedianFilter(5)), 3), 1.7), 0.6),
    "cinematic": lambda p, _: _vignette(contrast(tinted(p, "#06262e", "#ffcf9a", 0.4), 1.25), 0.65),
    "comic-book": lambda p, _: _inked(_halftone(colour(ImageOps.posterize(p, 2), 1.5)), 1.0),
    "digital-art": lambda p, _: colour(contrast(p.filter(ImageFilter.SMOOTH_MORE), 1.2), 1.5).filter(
        ImageFilter.SHARPEN
    ),
    "enhance": lambda p, _: contrast(p, 1.2).filter(ImageFilter.UnsharpMask(3, 160, 2)),
    "fantasy-art": lambda p, _: _glow(p),
    "isometric": lambda p, _: _diamonds(p),
    "line-art": lambda p, _: ImageOps.invert(_edges(p)).convert("RGB"),
    "low-poly": lambda p, chance: _facets(p, chance, 30, 0.12),
    "modeling-compound": lambda p, _: _clay(p),
    "neon-punk": lambda p, _: _neon(p),
    "origami": lambda p, chance: _facets(colour(p, 1.3), chance, 13, 0.3),
    "photographic": lambda p, _: _vignette(contrast(p.filter(ImageFilter.GaussianBlur(0.8)), 1.15), 0.25),
    "pixel-art": lambda p, _: _pixels(colour(p, 1.3), 8, 24),
    "tile-texture": lambda p, _: _tiles(p),
}
