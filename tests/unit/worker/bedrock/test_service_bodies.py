"""The body that each image service gets: the least one, and every option at both ends of its range."""

import json
from typing import Any

import pytest
from PIL import Image

from demo.standins.bedrock.models import find_profile_model
from demo.standins.bedrock.services.parsing import parse_request
from shared.catalogue import FieldSpec, Model, load_catalogue
from shared.problems import RejectedError
from shared.request.builder import build_request
from shared.request.model import MaskKind
from shared.request.pictures import Pictures
from tests.support.images import encode_image
from worker.bedrock.dialects import get_dialect

CATALOGUE = load_catalogue()
SERVICES = [model for model in CATALOGUE if model.task == "edit" or model.key == "creative-upscale"]
LEAST: dict[str, dict[str, Any]] = {
    "creative-upscale": {"prompt": "p", "creativity": 0.3, "output_format": "jpeg"},
    "erase-object": {"mask": True, "grow_mask": 5, "output_format": "png"},
    "inpaint": {"prompt": "p", "mask": True, "grow_mask": 5, "output_format": "png"},
    "search-replace": {"prompt": "p", "search_prompt": "t", "grow_mask": 5, "output_format": "png"},
    "search-recolor": {"prompt": "p", "select_prompt": "t", "grow_mask": 5, "output_format": "png"},
    "outpaint": {"left": 1, "output_format": "png"},
    "remove-background": {"output_format": "png"},
    "control-structure": {"prompt": "p", "control_strength": 0.7, "output_format": "png"},
    "control-sketch": {"prompt": "p", "control_strength": 0.7, "output_format": "png"},
    "style-guide": {"prompt": "p", "fidelity": 0.5, "aspect_ratio": "1:1", "output_format": "png"},
    "style-transfer": {
        "style_image": True,
        "composition_fidelity": 0.9,
        "style_strength": 1,
        "change_strength": 0.9,
        "output_format": "png",
    },
}
"""The least bodies, without the seed and the image; True for another image."""


JPEG = encode_image(Image.new("L", (100, 80), 200), "JPEG")
PICTURES = ("image", "init_image", "mask", "style_image")


def encode_body(model: Model, sent_seed: int = 7, **options: Any) -> dict[str, Any]:
    """Encode a request for a service with the least that it needs, and these options."""
    needed: dict[str, Any] = {name: "t" for name, spec in model.fields.items() if spec.required}
    if "left" in model.fields and not {"left", "right", "up", "down"} & set(options):
        needed["left"] = 1
    if model.requires_prompt:
        needed["prompt"] = "p"
    request = build_request(
        CATALOGUE,
        model=model.key,
        has_picture=True,
        mask=MaskKind.PICTURE if model.mask != "none" else None,
        has_style_picture=model.style_picture != "none",
        **needed | options,
    ).request
    pictures = Pictures(JPEG, JPEG if request.mask else None, JPEG if request.has_style_picture else None)
    encoded = get_dialect(model.dialect).encode(request, model, pictures, sent_seed if "seed" in model.fields else None)
    body: dict[str, Any] = json.loads(encoded)
    served = find_profile_model(model.id)
    assert served is not None
    parse_request(body, served)
    return body


def list_extremes(spec: FieldSpec) -> list[Any]:
    """List the values at both ends of what a field accepts: of a text, the longest."""
    if spec.choices:
        return [spec.choices[0], spec.choices[-1]]
    return ["x" * spec.limit] if spec.limit else [spec.minimum, spec.maximum]


def list_values_beyond(spec: FieldSpec) -> list[Any]:
    """List values that lie just beyond what a field accepts."""
    if spec.choices:
        return ["x"]
    if spec.limit:
        return ["x" * (spec.limit + 1)]
    step = 1 if float(spec.maximum or 0).is_integer() and spec.minimum == 0 and (spec.maximum or 0) > 1 else 0.01
    return [(spec.minimum or 0) - step, (spec.maximum or 0) + step]


FIELDS = [
    pytest.param(model, name, spec, id=f"{model.key}-{name}")
    for model in SERVICES
    for name, spec in model.fields.items()
]


@pytest.mark.parametrize("model", SERVICES, ids=lambda model: model.key)
def test_the_least_body_has_the_required_fields_and_the_documented_defaults(model: Model) -> None:
    body = encode_body(model)

    source = "init_image" if model.key == "style-transfer" else "image"
    assert body.pop(source)
    assert body.pop("seed", None) == (None if model.key == "remove-background" else 7)
    assert {name: value if name not in PICTURES else True for name, value in body.items()} == LEAST[model.key]


def test_every_service_has_a_snapshot() -> None:
    assert {model.key for model in SERVICES} == set(LEAST)


@pytest.mark.parametrize(("model", "name", "spec"), FIELDS)
def test_an_option_is_sent_as_chosen_at_both_ends_of_its_range(model: Model, name: str, spec: FieldSpec) -> None:
    for value in list_extremes(spec):
        if name == "seed":
            assert encode_body(model, sent_seed=int(value))["seed"] == value
        elif name in {"left", "right", "up", "down"} and value == 0:
            other = "right" if name == "left" else "left"
            assert encode_body(model, **{name: 0, other: 2000})[name] == 0
        else:
            assert encode_body(model, **{name: value})[name] == value


@pytest.mark.parametrize(("model", "name", "spec"), FIELDS)
def test_an_option_beyond_its_range_is_refused(model: Model, name: str, spec: FieldSpec) -> None:
    for value in list_values_beyond(spec):
        with pytest.raises(RejectedError) as rejected:
            encode_body(model, **{name: value})
        assert {problem.facts.get("field") for problem in rejected.value.problems} == {name}


@pytest.mark.parametrize("model", SERVICES, ids=lambda model: model.key)
def test_a_negative_prompt_is_sent_where_the_service_reads_one(model: Model) -> None:
    if model.reads_negative_prompts:
        assert encode_body(model, negative="fog")["negative_prompt"] == "fog"
    else:
        with pytest.raises(RejectedError, match="field_unsupported"):
            encode_body(model, negative="fog")


@pytest.mark.parametrize(
    ("model", "options", "code"),
    [
        ("outpaint", {"left": 0}, "no_side_extended"),
        ("search-replace", {"search_prompt": "  "}, "field_required"),
        ("search-recolor", {"select_prompt": None}, "field_required"),
        ("erase-object", {"prompt": "a boat"}, "field_unsupported"),
        ("erase-object", {"mask": None}, "mask_required"),
        ("style-guide", {"mask": MaskKind.ALPHA}, "field_unsupported"),
        ("style-transfer", {"has_style_picture": False}, "style_picture_required"),
        ("style-guide", {"has_style_picture": True}, "field_unsupported"),
        ("inpaint", {"prompt": ""}, "prompt_empty"),
        ("inpaint", {"has_picture": False}, "picture_required"),
        ("style-guide", {"creativity": 0.5}, "field_unsupported"),
    ],
)
def test_what_a_service_cannot_do_without_is_asked_for(model: str, options: dict[str, Any], code: str) -> None:
    row = CATALOGUE.models[model]
    needed: dict[str, Any] = {
        "has_picture": True,
        "mask": MaskKind.PICTURE if row.mask != "none" else None,
        "has_style_picture": row.style_picture != "none",
        "prompt": "p" if row.requires_prompt else None,
        **{name: "t" for name, spec in row.fields.items() if spec.required},
    }
    with pytest.raises(RejectedError) as rejected:
        build_request(CATALOGUE, model=model, **needed | options)
    assert code in {problem.code for problem in rejected.value.problems}
