"""What each service makes of a source: every option has an effect that can be seen, and the rest stays as it was."""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.randomness import create_random
from demo.standins.bedrock.services.masks import DEFAULT_GROWTH, find_region, grow_mask
from demo.standins.bedrock.services.textures import (
    draw_edges,
    extend_edges,
    fill_region,
    mix_textures,
    take_colours,
)
from demo.standins.bedrock.upscaler import upscale_image

PaintScene = Callable[[GenerationSettings], Image.Image]
Effect = Callable[[GenerationSettings, Image.Image, PaintScene], Image.Image]

_FAST_CREATIVITY = 0.1
_CUTOUT_SIDE = 192
_PROMPT_SHARE = 0.15  # of the prompt's own colours in a picture in a given style


def apply_service(settings: GenerationSettings, paint_scene: PaintScene) -> Image.Image:
    """Make the result of a service; `paint_scene` paints a picture from the prompts, at the settings' size."""
    if settings.source is None or settings.service is None:
        raise ValueError("the settings are not those of a service")
    return _EFFECTS[settings.service](settings, settings.source, paint_scene)


def _upscale(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    default = {"fast-upscale": _FAST_CREATIVITY, "conservative-upscale": 0.35}.get(settings.service or "", 0.3)
    creativity = settings.options.get("creativity", default)
    larger = upscale_image(source, settings.size, creativity, _create_random(settings))
    if settings.service != "creative-upscale":
        return larger
    return Image.blend(larger, paint_scene(settings), creativity / 2)


def _erase(settings: GenerationSettings, source: Image.Image, _: PaintScene) -> Image.Image:
    mask = _get_mask(settings, source)
    grain = _draw_grain(source.size, _create_random(settings))
    filled = ImageChops.add(fill_region(source, mask), grain, 1, -128)
    return Image.composite(filled, source, mask)


def _repaint(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    return Image.composite(paint_scene(settings), source, _get_mask(settings, source))


def _recolour(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    coloured = take_colours(source, paint_scene(settings))
    return Image.composite(coloured, source, _get_mask(settings, source))


def _outpaint(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    left, up = settings.options.get("left", 0), settings.options.get("up", 0)
    extended = extend_edges(source, settings.size, (left, up))
    creativity = settings.options.get("creativity", 0.5)
    canvas = Image.blend(extended, paint_scene(settings), creativity)
    canvas.paste(source, (left, up))
    return canvas


def _remove_background(_: GenerationSettings, source: Image.Image, __: PaintScene) -> Image.Image:
    """Keep what is near the centre and differs from the colour of the upper border."""
    small = source.resize((_CUTOUT_SIDE, _CUTOUT_SIDE), Image.Resampling.BOX)
    border = source.resize((1, 1), Image.Resampling.BOX, (0, 0, source.width, max(1, source.height // 12)))
    backdrop = border.resize(small.size)
    distance = ImageOps.autocontrast(ImageChops.difference(small, backdrop).convert("L"))
    subject = Image.new("L", small.size, 0)
    margin = _CUTOUT_SIDE // 8
    ImageDraw.Draw(subject).ellipse((margin, margin, _CUTOUT_SIDE - margin, _CUTOUT_SIDE - margin), fill=255)
    subject = ImageChops.multiply(subject, distance.point([0] * 48 + [255] * 208))
    alpha = subject.filter(ImageFilter.MedianFilter(5)).resize(source.size, Image.Resampling.BICUBIC)
    result = source.copy()
    result.putalpha(alpha)
    return result


def _keep_structure(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    scene = paint_scene(settings)
    strength = settings.options.get("control_strength", 0.7)
    return Image.blend(scene, take_colours(source, scene), strength)


def _follow_sketch(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    scene = paint_scene(settings)
    inked = ImageChops.multiply(scene, ImageOps.invert(draw_edges(source)).convert("RGB"))
    return Image.blend(scene, inked, settings.options.get("control_strength", 0.7))


def _follow_style(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    scene = paint_scene(settings)
    styled = mix_textures(take_colours(scene, source), source)
    return Image.blend(scene, styled, settings.options.get("fidelity", 0.5))


def _transfer_style(settings: GenerationSettings, source: Image.Image, paint_scene: PaintScene) -> Image.Image:
    style, options = settings.style_source, settings.options
    if style is None:
        raise ValueError("there is no style picture")
    scene = paint_scene(settings)
    structure = Image.blend(scene, source, options.get("composition_fidelity", 0.9))
    styled = mix_textures(take_colours(structure, style.convert("RGB")), style.convert("RGB"))
    styled = Image.blend(styled, scene, _PROMPT_SHARE)
    changed = Image.blend(structure, styled, options.get("style_strength", 1))
    return Image.blend(source, changed, options.get("change_strength", 0.9))


def _get_mask(settings: GenerationSettings, source: Image.Image) -> Image.Image:
    words = settings.options.get("search_prompt") or settings.options.get("select_prompt")
    mask = find_region(source, words) if words else settings.mask
    if mask is None:
        raise ValueError("there is neither a mask nor a search term")
    return grow_mask(mask, settings.options.get("grow_mask", DEFAULT_GROWTH))


def _create_random(settings: GenerationSettings) -> Random:
    return create_random(settings.seed, settings.prompts)


def _draw_grain(size: tuple[int, int], rng: Random) -> Image.Image:
    side = 256
    grain = Image.frombytes("L", (side, side), rng.randbytes(side * side)).point(
        [120 + level // 16 for level in range(256)]
    )
    return grain.resize(size, Image.Resampling.BILINEAR).convert("RGB")


_EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        **dict.fromkeys(("fast-upscale", "conservative-upscale", "creative-upscale"), _upscale),
        **dict.fromkeys(("inpaint", "search-replace"), _repaint),
        "erase-object": _erase,
        "search-recolor": _recolour,
        "outpaint": _outpaint,
        "remove-bg": _remove_background,
        "control-structure": _keep_structure,
        "control-sketch": _follow_sketch,
        "style-guide": _follow_style,
        "style-transfer": _transfer_style,
    }
)
