"""Paints an invented landscape: sky, a sun or moon, and a foreground that depends on the prompt."""

from collections.abc import Callable, Sequence
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from demo.standins.bedrock.palette import Colour, build_gradient

Size = tuple[int, int]
Draw = ImageDraw.ImageDraw
Motif = Callable[[Draw, Size, float, float, Random], None]


def draw_noise(size: Size, rng: Random, cells: int = 4, octaves: int = 4) -> Image.Image:
    """Return soft grey clouds (mode L) that depend on `rng` only."""
    result: Image.Image | None = None
    for octave in range(octaves):
        width = cells * 2**octave
        height = max(2, round(width * size[1] / size[0]))
        layer = Image.frombytes("L", (width, height), rng.randbytes(width * height))
        layer = layer.resize(size, Image.Resampling.BICUBIC)
        result = Image.blend(result, layer, 0.36) if result else layer
    assert result is not None  # noqa: S101 - there is at least one octave
    return result


def paint_scene(text: str, size: Size, colours: Sequence[Colour], rng: Random) -> Image.Image:
    """Paint a scene for a prompt in the given colours."""
    width, height = size
    horizon = height * rng.uniform(0.45, 0.62)
    sky = Image.linear_gradient("L").resize(size).point([round(95 + 130 * level / 255) for level in range(256)])
    tones = Image.blend(sky, draw_noise(size, rng, 3), 0.3)
    disc = Image.new("L", size, 0)
    x, y, radius = (
        width * rng.uniform(0.15, 0.85),
        horizon * rng.uniform(0.3, 0.9),
        height * rng.uniform(0.05, 0.13),
    )
    ImageDraw.Draw(disc).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    glow = disc.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))
    tones.paste(250, (0, 0), glow.point([level // 2 for level in range(256)]))
    tones.paste(255, (0, 0), disc.filter(ImageFilter.GaussianBlur(1.5)))
    draw = ImageDraw.Draw(tones)
    motif = _pick_motif(text)
    layers = 4
    for layer in range(layers):
        base = horizon + (height - horizon) * layer / layers
        motif(draw, size, base, 125 - 105 * layer / (layers - 1), rng)
    return _apply_palette(Image.blend(tones, draw_noise(size, rng, 24, 2), 0.08), colours)


def _apply_palette(tones: Image.Image, colours: Sequence[Colour]) -> Image.Image:
    image = tones.copy()
    image.putpalette(build_gradient(colours))
    return image.convert("RGB")


def recolour_image(source: Image.Image, colours: Sequence[Colour], source_share: float) -> Image.Image:
    """Map an image's brightness to the palette; `source_share` (0-1) of its own colours remains."""
    return Image.blend(
        _apply_palette(ImageOps.autocontrast(source.convert("L"), cutoff=1), colours), source, source_share
    )


def _draw_ridges(draw: Draw, size: Size, base: float, tone: float, rng: Random) -> None:
    width, height = size
    level, rise, points = base, rng.uniform(0.3, 1.0), []
    for x in range(0, width + 9, 8):
        level += rng.uniform(-1, 1) * height * 0.028 * rise + (base - level) * 0.05
        points.append((x, level))
    draw.polygon([*points, (width, height), (0, height)], fill=round(tone))


def _draw_towers(draw: Draw, size: Size, base: float, tone: float, rng: Random) -> None:
    width, height = size
    x = -10.0
    while x < width:
        wide = width * rng.uniform(0.03, 0.09)
        top = base - height * rng.uniform(0.0, 0.22)
        draw.rectangle((x, top, x + wide, height), fill=round(tone))
        if rng.choice((True, True, False, False, False)):
            draw.polygon([(x, top), (x + wide / 2, top - wide * 1.2), (x + wide, top)], fill=round(tone))
        for _ in range(5):
            left, up = x + wide * rng.uniform(0.1, 0.8), top + height * rng.uniform(0.01, 0.12)
            draw.rectangle((left, up, left + 3, up + 5), fill=round(min(255, tone + 110)))
        x += wide * rng.uniform(0.8, 1.3)


def _draw_trees(draw: Draw, size: Size, base: float, tone: float, rng: Random) -> None:
    _draw_ridges(draw, size, base, tone, rng)
    width, height = size
    for _ in range(26):
        x, foot = rng.uniform(0, width), base + height * rng.uniform(0, 0.06)
        tall = height * rng.uniform(0.06, 0.17)
        for tier in range(3):
            half, top = tall * (0.14 + 0.08 * tier), foot - tall * (1 - 0.25 * tier)
            draw.polygon([(x, top), (x - half, top + tall * 0.42), (x + half, top + tall * 0.42)], fill=round(tone))


def _draw_waves(draw: Draw, size: Size, base: float, tone: float, rng: Random) -> None:
    width, height = size
    draw.rectangle((0, base, width, height), fill=round(min(255, tone + 45)))
    for _ in range(60):
        x, y = rng.uniform(-40, width), base + rng.uniform(0, height - base + 1)
        long = rng.uniform(10, 70)
        draw.line((x, y, x + long, y), fill=round(min(255, tone + rng.uniform(10, 110))), width=rng.randint(1, 3))


def _draw_stars(draw: Draw, size: Size, base: float, tone: float, rng: Random) -> None:
    width, height = size
    for _ in range(90):
        x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.choice((0.6, 0.6, 1.0, 1.8))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=250)
    x, y, r = rng.uniform(0, width), rng.uniform(0, base), height * rng.uniform(0.03, 0.12)
    draw.ellipse((x - r, y - r, x + r, y + r), fill=round(tone))
    draw.chord((x - r, y - r, x + r, y + r), 120, 300, fill=round(min(255, tone + 60)))


_MOTIF_WORDS: dict[Motif, str] = {
    _draw_towers: "castle city tower street building skyline house town village ruin château ville",
    _draw_trees: "forest tree trees wood jungle garden pine forêt arbre",
    _draw_waves: "sea ocean lake river water beach boat ship island mer fish",
    _draw_stars: "space stars galaxy planet cosmos rocket astronaut nebula étoile",
}


def _pick_motif(text: str) -> Motif:
    words = set(text.lower().replace(",", " ").split())
    return next((motif for motif, names in _MOTIF_WORDS.items() if words & set(names.split())), _draw_ridges)
