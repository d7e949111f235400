"""Renders an image from settings: the same settings give the same pixels, and every setting has a visible effect.

The prompt determines palette and scene, the seed the brushstrokes. `source_weight` blends in the source, steps
refine, guidance saturates. Most work is done at about half size, so that a megapixel takes about 100 ms of one core.
"""

from dataclasses import replace
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.image_codec import encode_image
from demo.standins.bedrock.palette import pick_colours
from demo.standins.bedrock.randomness import create_random
from demo.standins.bedrock.scene import draw_noise, paint_scene, recolour_image
from demo.standins.bedrock.services.effects import apply_service
from demo.standins.bedrock.styles import STYLES, adjust_colour, adjust_contrast, apply_tint

WORKING_SIDE = 512
DRAWN_STYLES = frozenset(
    {"anime", "comic-book", "isometric", "line-art", "low-poly", "neon-punk", "origami", "pixel-art"}
)
_GUIDANCE_TINTS = {"FAST_BLUE": ("#101840", "#dce8ff"), "FAST_GREEN": ("#0c2a12", "#e6ffdc")}
_SHARPNESS = {"SIMPLE": 40, "SLOW": 70, "SLOWER": 100, "SLOWEST": 130}


def render_bytes(settings: GenerationSettings) -> bytes:
    """Render an image and encode it in the requested format."""
    return encode_image(render_image(settings), settings.output_format)


def render_blurred(settings: GenerationSettings) -> bytes:
    """Render an image blurred beyond recognition, as a content filter returns it."""
    return encode_image(
        render_image(settings).resize((12, 12)).resize(settings.size, Image.Resampling.BICUBIC),
        settings.output_format,
    )


def render_image(settings: GenerationSettings) -> Image.Image:
    """Render an image; with a `source_weight` of 1 this is the source itself."""
    if settings.service:
        return apply_service(settings, _paint_without_source)
    source = settings.source
    if source and source.size != settings.size:
        source = source.resize(settings.size, Image.Resampling.BICUBIC)
    if source and settings.source_weight >= 1:
        return source
    rng = create_random(settings.seed, settings.prompts)
    scale = min(1.0, WORKING_SIDE / max(settings.size))
    size = (round(settings.size[0] * scale), round(settings.size[1] * scale))
    colours = pick_colours(settings.prompts)
    canvas = paint_scene(_join_positive_prompts(settings), size, colours, rng)
    if source:
        structure = recolour_image(
            source.resize(size, Image.Resampling.BOX), colours, 0.08 + 0.4 * settings.source_weight
        )
        canvas = Image.blend(canvas, structure, min(1.0, 2.6 * settings.source_weight))
    canvas = _paint_brushstrokes(canvas, settings, rng)
    canvas = _apply_guidance(canvas, settings)
    if settings.style_preset:
        canvas = STYLES[settings.style_preset](canvas, rng)
    canvas = canvas.resize(settings.size, Image.Resampling.BICUBIC)
    return Image.blend(canvas, source, settings.source_weight**1.5 * settings.source_detail) if source else canvas


def _paint_without_source(settings: GenerationSettings) -> Image.Image:
    return render_image(replace(settings, service=None, source=None))


def _join_positive_prompts(settings: GenerationSettings) -> str:
    return " ".join(text for text, weight in settings.prompts if weight >= 0)


def _paint_brushstrokes(canvas: Image.Image, settings: GenerationSettings, rng: Random) -> Image.Image:
    """Paint strokes along a field of directions: few and broad for few steps, many and fine for many."""
    width, height = canvas.size
    field = draw_noise((64, 64), rng, 3, 3)
    turn = create_random(settings.sampler).uniform(0, pi)
    fineness = (settings.steps - 10) / 40
    long, broad = 34 - 20 * fineness, round(9 - 6 * fineness)
    painted = canvas.copy()
    draw = ImageDraw.Draw(painted)
    for _ in range(round(350 + 1250 * fineness)):
        x, y = rng.random(), rng.random()
        level = field.getpixel((int(x * 64), int(y * 64)))
        angle = turn + (level if isinstance(level, int | float) else 0) / 255 * 2 * pi
        x, y = x * width, y * height
        pixel = canvas.getpixel((int(x), int(y)))
        light = rng.uniform(0.88, 1.14)
        shade = tuple(min(255, round(part * light)) for part in pixel) if isinstance(pixel, tuple) else 0
        dx, dy = cos(angle) * long / 2, sin(angle) * long / 2
        draw.line((x - dx, y - dy, x + dx, y + dy), fill=shade, width=broad)
    wet = 0.2 if settings.style_preset in DRAWN_STYLES else 0.8 - 0.3 * fineness
    painted = Image.blend(canvas, painted, wet)
    return painted.filter(ImageFilter.SMOOTH)


def _apply_guidance(canvas: Image.Image, settings: GenerationSettings) -> Image.Image:
    """Saturate by `cfg_scale` (7 changes nothing), and tint or sharpen by the guidance preset."""
    canvas = adjust_contrast(adjust_colour(canvas, 0.55 + settings.cfg_scale * 0.065), 0.86 + settings.cfg_scale * 0.02)
    preset = settings.clip_guidance_preset
    if preset in _GUIDANCE_TINTS:
        canvas = apply_tint(canvas, *_GUIDANCE_TINTS[preset], 0.3)
    if preset in _SHARPNESS:
        canvas = canvas.filter(ImageFilter.UnsharpMask(2, _SHARPNESS[preset], 1))
    return canvas
