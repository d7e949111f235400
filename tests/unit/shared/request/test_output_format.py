"""Formats that cannot fit into a response of Bedrock are replaced or rejected before the call."""

import pytest

from shared.catalogue import load_catalogue
from shared.i18n.messages import describe_problem
from shared.problems import RejectedError
from shared.request.model import Request
from shared.request.output_format import MAX_PICTURE_BYTES, MAX_RESPONSE_BYTES, fit_output_format

CATALOGUE = load_catalogue()


def make_request(model: str, output_format: str | None = None) -> Request:
    return Request(model=model, text_prompts=(), has_picture=True, output_format=output_format)


def fit(model: str, source_pixels: int, output_format: str | None = None, override: str = "") -> str | None:
    row = load_catalogue(override).models[model]
    return fit_output_format(make_request(model, output_format), row, lambda: (source_pixels, 1)).output_format


def test_a_response_holds_a_picture_of_12_58_megabytes() -> None:
    assert MAX_RESPONSE_BYTES == 16 * 1024 * 1024
    assert 12_580_000 < MAX_PICTURE_BYTES < 12_582_912


@pytest.mark.parametrize(
    ("model", "fitting", "too_many"),
    [("fast-upscale", 511 * 511, 513 * 513), ("conservative-upscale", 256 * 256, 1024 * 1024)],
)
def test_a_chosen_png_is_rejected_if_the_source_makes_it_too_large(model: str, fitting: int, too_many: int) -> None:
    assert fit(model, fitting, "png") == "png"
    assert fit(model, too_many, "jpeg") == "jpeg"
    with pytest.raises(RejectedError) as rejection:
        fit(model, too_many, "png")
    (problem,) = rejection.value.problems
    assert problem.code == "format_too_large"
    assert "Choose another format: jpeg, webp." in describe_problem(problem)


@pytest.mark.parametrize("key", [model.key for model in CATALOGUE.generation_models])
def test_a_png_of_a_model_that_generates_always_fits(key: str) -> None:
    assert CATALOGUE.models[key].largest_png is not None
    chosen = "png" if "output_format" in CATALOGUE.models[key].fields else None
    assert fit(key, 1536 * 1536, chosen) == chosen


def test_a_default_that_does_not_fit_is_replaced_by_the_next_format() -> None:
    override = '[models.fast-upscale.fields.output_format]\ndefault = "png"'

    assert fit("fast-upscale", 1024 * 1024, override=override) == "jpeg"
    assert fit("fast-upscale", 256 * 256, override=override) is None


def test_every_model_that_makes_png_says_how_large_it_can_get() -> None:
    makers = [
        model
        for model in CATALOGUE
        if "output_format" not in model.fields or model.fields["output_format"].accepts("png")
    ]
    assert all(model.largest_png for model in makers)
    assert {model.key for model in CATALOGUE} - {model.key for model in makers} == {"creative-upscale"}
