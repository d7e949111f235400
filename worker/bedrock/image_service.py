"""The dialect of Stability's image services: an image, often a mask or a second image, and each service's own fields.

Responses are those of `worker.bedrock.stable_image`.

https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html
"""

from typing import Any, Final

from shared.catalogue import Model
from shared.request.effective import get_effective_value
from shared.request.expression import format_prompts_for_model
from shared.request.model import Request
from shared.request.pictures import Pictures
from worker.bedrock.json_body import build_json_body, normalize_number

_OPTIONS: Final = (
    "output_format",
    "creativity",
    "aspect_ratio",
    "style_preset",
    "grow_mask",
    "left",
    "right",
    "up",
    "down",
    "search_prompt",
    "select_prompt",
    "control_strength",
    "fidelity",
    "composition_fidelity",
    "style_strength",
    "change_strength",
)
"""The options whose names are those of the body's fields."""


def encode(request: Request, model: Model, pictures: Pictures, seed: int | None) -> bytes:
    """Encode a request, with only the fields that the model's row names: a service rejects those that it lacks."""
    wanted, unwanted = format_prompts_for_model(request, model)
    fields: dict[str, Any] = {}
    if model.requires_prompt or wanted:
        fields["prompt"] = wanted
    if unwanted:
        fields["negative_prompt"] = unwanted
    if seed is not None:
        fields["seed"] = seed
    for name in _OPTIONS:
        value = get_effective_value(request, name, model)
        if value is not None:
            fields[name] = normalize_number(value)
    source_field = "image" if model.style_picture == "none" else "init_image"
    images = {source_field: pictures.source, "mask": pictures.mask, "style_image": pictures.style}
    return build_json_body(fields, images)
