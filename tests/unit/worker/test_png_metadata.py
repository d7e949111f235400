"""The parameters of a request in a PNG."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from shared.catalogue import Catalogue, load_catalogue
from shared.imaging.marks import read_marks
from shared.imaging.xmp import SourceType
from shared.outcome import Credentials
from shared.request.builder import build_request
from shared.request.pictures import Pictures
from tests.support.images import encode_image, make_png_chunk
from worker.call_result import GeneratedImage
from worker.png_metadata import build_png_text
from worker.result_metadata import embed_metadata, finish_picture

EXPECTED_PARAMETERS = {
    "Steps: 40, CFG scale: 0, Style preset: anime, Clip guidance: NONE, Aspect ratio: 1:1, Seed: 9, Model: SDXL 1.0": (
        {"model": "sdxl", "has_picture": False, "steps": 40, "style_preset": "anime", "cfg_scale": 0}
    ),
    "Steps: 30, CFG scale: 7, Clip guidance: NONE, Seed: 9, Model: SDXL 1.0, Denoising strength: 0.8": (
        {"model": "sdxl", "has_picture": True, "keep": 20}
    ),
    "Steps: 30, CFG scale: 7, Clip guidance: NONE, Step schedule start: 0.65, Seed: 9, Model: SDXL 1.0": (
        {"model": "sdxl", "has_picture": True, "init_image_mode": "STEP_SCHEDULE"}
    ),
    "Aspect ratio: 4:5, Seed: 9, Model: SD 3.5 Large": (
        {"model": "sd3.5-large", "has_picture": False, "aspect_ratio": "4:5"}
    ),
    "Creativity: 0.2, Seed: 9, Model: Conservative Upscale": (
        {"model": "conservative-upscale", "has_picture": True, "creativity": 0.2}
    ),
}


@pytest.mark.parametrize("last", EXPECTED_PARAMETERS)
def test_the_parameters_name_the_effective_options_and_nothing_else(last: str, catalogue: Catalogue) -> None:
    options: dict[str, Any] = EXPECTED_PARAMETERS[last]
    request = build_request(catalogue, prompt="fog", negative="crowds", **options).request
    model = catalogue.models[request.model]
    text = build_png_text(request, model, 9, "123")
    assert text["parameters"] == f"fog\nNegative prompt: crowds\n{last}"
    metadata = json.loads(text["pentimento"])
    assert (metadata["seed"], metadata["job"], metadata["model"]) == (9, "123", model.id)
    assert type(request).model_validate(metadata["request"]) == request


def test_the_parameters_of_a_model_without_prompt_and_seed_name_neither(catalogue: Catalogue) -> None:
    request = build_request(catalogue, model="fast-upscale", has_picture=True).request
    text = build_png_text(request, catalogue.models["fast-upscale"], None, "123")
    assert text["parameters"] == "\nModel: Fast Upscale"
    assert json.loads(text["pentimento"])["seed"] is None


def test_control_characters_are_replaced() -> None:
    catalogue = load_catalogue()
    request = build_request(catalogue, prompt="a\0b \N{DUCK}", has_picture=False).request
    model = catalogue.models[request.model]
    png = io.BytesIO()
    Image.new("RGB", (64, 64)).save(png, "PNG")
    with Image.open(io.BytesIO(embed_metadata(png.getvalue(), request, model, 9))) as image:
        assert image.info["parameters"].startswith("a?b \N{DUCK}\n")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("has_picture", [True, False])
def test_every_type_of_result_says_how_it_was_made(catalogue: Catalogue, kind: str, *, has_picture: bool) -> None:
    request = build_request(catalogue, prompt="fog", has_picture=has_picture).request
    model = catalogue.models[request.model]
    marks = read_marks(embed_metadata(encode_image(Image.new("RGB", (64, 64)), kind), request, model, 9, "123"))
    assert marks.source_type == SourceType.choose(has_picture=has_picture)
    assert (marks.creator_tool, marks.model) == ("Pentimento", model.name)
    assert marks.parameters == build_png_text(request, model, 9, "123")["parameters"]
    assert json.loads(marks.settings)["job"] == "123"


def test_a_picture_with_signed_credentials_is_not_touched_and_a_damaged_one_is_not_lost(catalogue: Catalogue) -> None:
    request = build_request(catalogue, prompt="fog", has_picture=False).request
    model = catalogue.models[request.model]
    png = encode_image(Image.new("RGB", (64, 64)), "PNG")
    signed = png[:33] + make_png_chunk(b"caBX", b"store") + png[33:]
    result = GeneratedImage(signed, "image/png", 64, 64, 9, 1.0)
    finished = finish_picture(result, request, model, None, Pictures())
    assert (finished.data, finished.credentials) == (signed, Credentials.MODEL)
    damaged = b"\xff\xd8\xff\xe1\0\0"
    assert embed_metadata(damaged, request, model, 9) is damaged
