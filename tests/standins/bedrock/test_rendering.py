"""Pictures: repeatable, and every setting is seen in them."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageStat

from demo.standins.bedrock.dialects.sdxl import CLIP_GUIDANCE_PRESETS, SAMPLERS, STYLE_PRESETS
from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.rendering import render_blurred, render_bytes, render_image
from demo.standins.bedrock.styles import STYLES
from tests.support.bedrock_standin import SDXL, BedrockStandIn, make_image_base64, make_sdxl_body, open_base64_image

SOURCE = open_base64_image(make_image_base64(256, 192)).convert("RGB")
RECIPE = GenerationSettings((("a red dragon over mountains", 1.0),), (256, 192), 7, SOURCE, 0.35)


def measure_difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def test_the_same_request_gives_the_same_bytes_and_another_seed_gives_others(bedrock_standin: BedrockStandIn) -> None:
    first = bedrock_standin.invoke(SDXL, make_sdxl_body())

    assert bedrock_standin.invoke(SDXL, make_sdxl_body()) == first
    assert (
        bedrock_standin.invoke(SDXL, make_sdxl_body(seed=8))["artifacts"][0]["base64"]
        != first["artifacts"][0]["base64"]
    )


@pytest.mark.parametrize("seed", [{"seed": 0}, {}])
def test_without_a_seed_one_is_drawn_and_returned_and_reproduces_the_image(
    bedrock_standin: BedrockStandIn, seed: dict[str, int]
) -> None:
    body = {name: value for name, value in make_sdxl_body().items() if name != "seed"}
    (drawn,) = bedrock_standin.invoke(SDXL, {**body, **seed})["artifacts"]
    assert drawn["seed"] > 0

    (again,) = bedrock_standin.invoke(SDXL, {**body, "seed": drawn["seed"]})["artifacts"]

    assert again == drawn


@pytest.mark.parametrize(
    "change",
    [
        {"prompts": (("a blue boat on a lake", 1.0),)},
        {"prompts": (("a red dragon over mountains", 1.0), ("crowds", -0.8))},
        {"prompts": (("a red dragon over mountains", 0.5),)},
        {"seed": 8},
        {"source_weight": 0.5},
        {"source_detail": 0.5},
        {"steps": 31},
        {"cfg_scale": 8},
        *({"sampler": name} for name in SAMPLERS),
        *({"clip_guidance_preset": name} for name in CLIP_GUIDANCE_PRESETS if name != "NONE"),
        *({"style_preset": name} for name in STYLE_PRESETS),
    ],
)
def test_every_setting_has_a_visible_effect(change: dict[str, object]) -> None:
    changed = replace(RECIPE, **change)  # type: ignore[arg-type]

    assert measure_difference(render_image(RECIPE), render_image(changed)) > 0.1
    assert render_image(changed).size == RECIPE.size


def test_every_style_preset_has_its_own_filter() -> None:
    assert set(STYLES) == set(STYLE_PRESETS)
    assert len({render_bytes(replace(RECIPE, style_preset=name)) for name in STYLES}) == len(STYLES)


def test_a_larger_source_weight_brings_the_image_closer_to_its_source() -> None:
    far = [
        measure_difference(render_image(replace(RECIPE, source_weight=keep)), SOURCE)
        for keep in (0, 0.2, 0.4, 0.6, 0.8, 1)
    ]

    assert far == sorted(far, reverse=True)
    assert far[-1] == 0
    assert far[0] > 20


def test_with_a_source_weight_of_zero_the_source_has_no_effect() -> None:
    other = ImageChops.invert(SOURCE)

    assert render_bytes(replace(RECIPE, source_weight=0)) == render_bytes(
        replace(RECIPE, source_weight=0, source=other)
    )


def test_more_guidance_is_more_colour() -> None:
    def saturation(cfg_scale: float) -> float:
        return ImageStat.Stat(render_image(replace(RECIPE, cfg_scale=cfg_scale)).convert("HSV")).mean[1]

    assert saturation(0) < saturation(7) < saturation(20)


def test_a_blurred_picture_shows_nothing_fine() -> None:
    image = Image.open(io.BytesIO(render_blurred(RECIPE)))

    smallest = image.resize((12, 12), Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)
    assert image.size == RECIPE.size
    assert measure_difference(image, smallest) < 5


def test_invalid_unicode_in_prompts_does_not_stop_rendering() -> None:
    assert render_image(replace(RECIPE, prompts=(("\ud800", 1.0), ("\udfff", -1e300)))).size == RECIPE.size
