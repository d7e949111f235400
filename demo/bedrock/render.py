"""From a recipe to a picture: the same recipe gives the same pixels, and every setting of it is seen in them.

The prompt chooses palette and scene, the seed the brushwork; keep mixes in the source, steps refine, guidance
saturates.
All work is done at about half size, so that a megapixel costs some 100 ms of one core.
"""

from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from demo.bedrock.chance import chance_of
from demo.bedrock.enlarge import enlarged
from demo.bedrock.palette import stops
from demo.bedrock.pictures import encode
from demo.bedrock.recipe import Recipe
from demo.bedrock.scene import noise, recoloured, scene
from demo.bedrock.styles import STYLES, colour, contrast, tinted

WORKING_SIDE = 512
DRAWN = frozenset({"anime", "comic-book", "isometric", "line-art", "low-poly", "neon-punk", "origami", "pixel-art"})
_GUIDANCE = {"FAST_BLUE": ("#101840", "#dce8ff"), "FAST_GREEN": ("#0c2a12", "#e6ffdc")}
_SHARPNESS = {"SIMPLE": 40, "SLOW": 70, "SLOWER": 100, "SLOWEST": 130}


def render(recipe: Recipe) -> bytes:
    """Make the picture and encode it as the recipe says."""
    return encode(picture(recipe), recipe.output_format)


def blurred(recipe: Recipe) -> bytes:
    """Make the picture as a content filter gives it back: nothing in it can be made out."""
    return encode(picture(recipe).resize((12, 12)).resize(recipe.size, Image.Resampling.BICUBIC), recipe.output_format)


def picture(recipe: Recipe) -> Image.Image:
    """Paint the recipe at its size; with everything kept this is the source itself."""
    source = recipe.source
    if source and recipe.invention is not None:
        return enlarged(source, recipe.size, recipe.invention, chance_of(recipe.seed, recipe.prompts))
    if source and source.size != recipe.size:
        source = source.resize(recipe.size, Image.Resampling.BICUBIC)
    if source and recipe.keep >= 1:
        return source
    chance = chance_of(recipe.seed, recipe.prompts)
    scale = min(1.0, WORKING_SIDE / max(recipe.size))
    size = (round(recipe.size[0] * scale), round(recipe.size[1] * scale))
    colours = stops(recipe.prompts)
    canvas = scene(_wanted(recipe), size, colours, chance)
    if source:
        structure = recoloured(source.resize(size, Image.Resampling.BOX), colours, 0.08 + 0.4 * recipe.keep)
        canvas = Image.blend(canvas, structure, min(1.0, 2.6 * recipe.keep))
    canvas = _brushed(canvas, recipe, chance)
    canvas = _guided(canvas, recipe)
    if recipe.style_preset:
        canvas = STYLES[recipe.style_preset](canvas, chance)
    canvas = canvas.resize(recipe.size, Image.Resampling.BICUBIC)
    return Image.blend(canvas, source, recipe.keep**1.5 * recipe.detail) if source else canvas


def _wanted(recipe: Recipe) -> str:
    return " ".join(text for text, weight in recipe.prompts if weight >= 0)


def _brushed(canvas: Image.Image, recipe: Recipe, chance: Random) -> Image.Image:
    """Paint over with strokes along a field of directions: few and broad for few steps, many and fine for many."""
    width, height = canvas.size
    field = noise((64, 64), chance, 3, 3)
    turn = chance_of(recipe.sampler).uniform(0, pi)
    fineness = (recipe.steps - 10) / 40
    long, broad = 34 - 20 * fineness, round(9 - 6 * fineness)
    painted = canvas.copy()
    draw = ImageDraw.Draw(painted)
    for _ in range(round(350 + 1250 * fineness)):
        x, y = chance.random(), chance.random()
        level = field.getpixel((int(x * 64), int(y * 64)))
        angle = turn + (level if isinstance(level, int | float) else 0) / 255 * 2 * pi
        x, y = x * width, y * height
        pixel = canvas.getpixel((int(x), int(y)))
        light = chance.uniform(0.88, 1.14)
        shade = tuple(min(255, round(part * light)) for part in pixel) if isinstance(pixel, tuple) else 0
        dx, dy = cos(angle) * long / 2, sin(angle) * long / 2
        draw.line((x - dx, y - dy, x + dx, y + dy), fill=shade, width=broad)
    wet = 0.2 if recipe.style_preset in DRAWN else 0.8 - 0.3 * fineness
    painted = Image.blend(canvas, painted, wet)
    return painted.filter(ImageFilter.SMOOTH)


def _guided(canvas: Image.Image, recipe: Recipe) -> Image.Image:
    """Let guidance saturate (7 changes nothing), and the preset tint or sharpen."""
    canvas = contrast(colour(canvas, 0.55 + recipe.cfg_scale * 0.065), 0.86 + recipe.cfg_scale * 0.02)
    preset = recipe.clip_guidance_preset
    if preset in _GUIDANCE:
        canvas = tinted(canvas, *_GUIDANCE[preset], 0.3)
    if preset in _SHARPNESS:
        canvas = canvas.filter(ImageFilter.UnsharpMask(2, _SHARPNESS[preset], 1))
    return canvas
