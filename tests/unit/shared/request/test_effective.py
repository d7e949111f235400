"""Only options that influence the picture are in force, each chosen or by the model's default."""

from typing import Any

import pytest

from shared.catalogue import Catalogue
from shared.prompts import TextPrompt
from shared.request.effective import get_effective_value
from shared.request.model import Fit, Request


def make_request(model: str = "sdxl", *, has_picture: bool = True, **options: Any) -> Request:
    return Request(model=model, text_prompts=(TextPrompt(text="a castle"),), has_picture=has_picture, **options)


SCHEDULED = make_request(init_image_mode="STEP_SCHEDULE", step_schedule_start=0.6)
FROM_TEXT = make_request(has_picture=False, aspect_ratio="16:9")


@pytest.mark.parametrize(
    ("request_", "field", "value"),
    [
        (make_request(steps=40), "steps", 40),
        (make_request(), "steps", 30),
        (make_request(), "keep", 35),
        (make_request(), "init_image_mode", "IMAGE_STRENGTH"),
        (make_request(), "step_schedule_start", None),
        (make_request(), "sampler", None),
        (make_request(fit=Fit.PAD), "fit", Fit.PAD),
        (SCHEDULED, "keep", None),
        (SCHEDULED, "step_schedule_start", 0.6),
        (FROM_TEXT, "aspect_ratio", "16:9"),
        (FROM_TEXT, "keep", None),
        (FROM_TEXT, "init_image_mode", None),
        (make_request("sd3.5-large"), "steps", None),
        (make_request("stable-image-core", has_picture=False), "aspect_ratio", "1:1"),
        (make_request("stable-image-core"), "aspect_ratio", None),
    ],
)
def test_an_option_is_in_force_if_its_model_reads_it_and_no_other_option_disables_it(
    request_: Request, field: str, value: object, catalogue: Catalogue
) -> None:
    assert get_effective_value(request_, field, catalogue.models[request_.model]) == value
