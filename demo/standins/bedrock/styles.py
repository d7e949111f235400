"""The seventeen style presets as image filters; each returns an RGB image of the same size."""

from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from demo.standins.bedrock.scene import draw_noise

Style = Callable[[Image.Image, Random], Image.Image]


def adjust_colour(image: Image.Image, amount: float) -> Image.Image:
    return ImageEnhance.Color(image).enhance(amount)


def adjust_contrast(image: Image.Image, amount: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(amount)


def apply_tint(image: Image.Image, dark: str, light: str, share: float) -> Image.Image:
    """Tint shadows with one colour and highlights with another."""
    return Image.blend(image, ImageOps.colorize(image.convert("L"), dark, light), share)


def _find_edges(image: Image.Image) -> Image.Image:
    edges = image.convert("L").filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    return ImageOps.autocontrast(ImageOps.expand(ImageOps.crop(edges, 2), 2, 0), cutoff=2)


def _draw_ink_lines(image: Image.Image, strength: float) -> Image.Image:
    ink = ImageOps.invert(_find_edges(image)).point([255 - round((255 - v) * strength) for v in range(256)])
    return ImageChops.multiply(image, Image.merge("RGB", (ink, ink, ink)))


def _add_vignette(image: Image.Image, strength: float) -> Image.Image:
    shade = Image.radial_gradient("L").resize(image.size).point([255 - round(v * strength) for v in range(256)])
    return ImageChops.multiply(image, Image.merge("RGB", (shade, shade, shade)))


def _emboss_image(image: Image.Image, share: float) -> Image.Image:
    relief = image.convert("L").filter(ImageFilter.EMBOSS).convert("RGB")
    return Image.blend(image, ImageChops.overlay(image, relief), share)


def _draw_facets(image: Image.Image, rng: Random, cells: int, shading: float) -> Image.Image:
    """Draw triangles on a jittered grid, each in one colour."""
    width, height = image.size
    rows = max(2, round(cells * height / width))
    small = image.resize((cells * 2, rows * 2), Image.Resampling.BOX)
    grid = {
        (i, j): (
            (i + (rng.uniform(-0.35, 0.35) if 0 < i < cells else 0)) * width / cells,
            (j + (rng.uniform(-0.35, 0.35) if 0 < j < rows else 0)) * height / rows,
        )
        for i in range(cells + 1)
        for j in range(rows + 1)
    }
    result = image.copy()
    draw = ImageDraw.Draw(result)
    for i in range(cells):
        for j in range(rows):
            a, b, c, d = grid[i, j], grid[i + 1, j], grid[i, j + 1], grid[i + 1, j + 1]
            for corners, x, y in (((a, b, c), 0, 0), ((b, d, c), 1, 1)):
                light = 1 + shading * rng.uniform(-1, 1)
                pixel = small.getpixel((2 * i + x, 2 * j + y))
                draw.polygon(corners, fill=tuple(min(255, round(part * light)) for part in pixel))  # type: ignore[union-attr]
    return result


def _pixelate_image(image: Image.Image, cell: int, colours: int) -> Image.Image:
    width, height = image.size
    small = image.resize((max(1, width // cell), max(1, height // cell)), Image.Resampling.BOX)
    return (
        small.quantize(colours, dither=Image.Dither.NONE)
        .convert("RGB")
        .resize((width, height), Image.Resampling.NEAREST)
    )


def _apply_halftone(image: Image.Image) -> Image.Image:
    width, height = image.size
    dot = Image.radial_gradient("L").resize((6, 6))
    screen = Image.new("L", image.size)
    row = Image.new("L", (width, 6))
    for x in range(0, width, 6):
        row.paste(dot, (x, 0))
    for y in range(0, height, 6):
        screen.paste(row, (3 * (y // 6 % 2) - 3, y))
    dots = ImageChops.add(image.convert("L"), ImageOps.invert(screen), 1, -60)
    ink = dots.point([120] * 128 + [255] * 128)
    return ImageChops.multiply(image, Image.merge("RGB", (ink, ink, ink)))


def _draw_diamonds(image: Image.Image) -> Image.Image:
    turned = image.rotate(45, Image.Resampling.BILINEAR, expand=True)
    turned = _emboss_image(_pixelate_image(turned, 14, 64), 0.5).rotate(-45, Image.Resampling.BILINEAR)
    left, top = (turned.width - image.width) // 2, (turned.height - image.height) // 2
    return turned.crop((left, top, left + image.width, top + image.height))


def _draw_tiles(image: Image.Image) -> Image.Image:
    width, height = image.size
    half = image.resize(((width + 1) // 2, (height + 1) // 2), Image.Resampling.BILINEAR)
    result = Image.new("RGB", image.size)
    result.paste(half, (0, 0))
    result.paste(ImageOps.mirror(half), (width // 2, 0))
    result.paste(ImageOps.flip(result.crop((0, 0, width, (height + 1) // 2))), (0, height // 2))
    return result


def _apply_neon(image: Image.Image) -> Image.Image:
    night = apply_tint(ImageEnhance.Brightness(image).enhance(0.45), "#0b0221", "#8f3dd1", 0.55)
    glow = ImageOps.colorize(_find_edges(image), "black", "#7df9ff", "#ff2fd0").filter(ImageFilter.GaussianBlur(1.5))
    return ImageChops.screen(night, ImageEnhance.Brightness(glow).enhance(1.4))


def _add_film_grain(image: Image.Image, rng: Random) -> Image.Image:
    grain = Image.blend(Image.new("L", image.size, 128), draw_noise(image.size, rng, 200, 1), 0.28).convert("RGB")
    return _add_vignette(
        ImageChops.overlay(apply_tint(adjust_colour(image, 0.7), "#2a1a12", "#ffe9c4", 0.3), grain), 0.5
    )


def _add_glow(image: Image.Image) -> Image.Image:
    soft = ImageEnhance.Brightness(image.filter(ImageFilter.GaussianBlur(8))).enhance(0.55)
    return adjust_colour(apply_tint(ImageChops.screen(image, soft), "#2c0f4a", "#ffe6b8", 0.2), 1.4)


def _apply_clay(image: Image.Image) -> Image.Image:
    return _emboss_image(
        ImageOps.posterize(image.filter(ImageFilter.MedianFilter(7)), 4).filter(ImageFilter.SMOOTH_MORE), 0.8
    )


STYLES: Mapping[str, Style] = {
    "3d-model": lambda p, _: _add_vignette(_emboss_image(p.filter(ImageFilter.GaussianBlur(2)), 0.9), 0.3),
    "analog-film": _add_film_grain,
    "anime": lambda p, _: _draw_ink_lines(
        adjust_colour(ImageOps.posterize(p.filter(ImageFilter.MedianFilter(5)), 3), 1.7), 0.6
    ),
    "cinematic": lambda p, _: _add_vignette(adjust_contrast(apply_tint(p, "#06262e", "#ffcf9a", 0.4), 1.25), 0.65),
    "comic-book": lambda p, _: _draw_ink_lines(_apply_halftone(adjust_colour(ImageOps.posterize(p, 2), 1.5)), 1.0),
    "digital-art": lambda p, _: adjust_colour(adjust_contrast(p.filter(ImageFilter.SMOOTH_MORE), 1.2), 1.5).filter(
        ImageFilter.SHARPEN
    ),
    "enhance": lambda p, _: adjust_contrast(p, 1.2).filter(ImageFilter.UnsharpMask(3, 160, 2)),
    "fantasy-art": lambda p, _: _add_glow(p),
    "isometric": lambda p, _: _draw_diamonds(p),
    "line-art": lambda p, _: ImageOps.invert(_find_edges(p)).convert("RGB"),
    "low-poly": lambda p, rng: _draw_facets(p, rng, 30, 0.12),
    "modeling-compound": lambda p, _: _apply_clay(p),
    "neon-punk": lambda p, _: _apply_neon(p),
    "origami": lambda p, rng: _draw_facets(adjust_colour(p, 1.3), rng, 13, 0.3),
    "photographic": lambda p, _: _add_vignette(adjust_contrast(p.filter(ImageFilter.GaussianBlur(0.8)), 1.15), 0.25),
    "pixel-art": lambda p, _: _pixelate_image(adjust_colour(p, 1.3), 8, 24),
    "tile-texture": lambda p, _: _draw_tiles(p),
}
