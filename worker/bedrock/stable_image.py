"""The dialect of SD 3.5 Large, Stable Image Core and Ultra, and of two upscalers.

Requests have one `prompt`; responses have `images`, `seeds` and `finish_reasons`.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-3-5-large.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-image-core-text-image-request-response.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-ultra-text-image-request-response.html
https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from shared.catalogue import Model
from shared.outcome import FilteredPart
from shared.request.expression import format_prompts_for_model
from shared.request.model import Request
from shared.request.pictures import Pictures
from worker.bedrock.json_body import (
    InvalidResponseError,
    ModelResponse,
    build_json_body,
    decode_picture,
    get_first,
    parse_json_object,
    parse_seed,
    shorten_value,
)

_FILTER_REASONS: Final[Mapping[str, FilteredPart]] = MappingProxyType(
    {
        "Filter reason: prompt": FilteredPart.PROMPT,
        "Filter reason: input image": FilteredPart.INPUT,
        "Filter reason: output image": FilteredPart.OUTPUT,
    }
)


def encode(request: Request, model: Model, pictures: Pictures, seed: int | None) -> bytes:
    """Encode a request, with only the fields that the model's row names: models reject fields that they do not know."""
    wanted, unwanted = format_prompts_for_model(request, model)
    fields: dict[str, Any] = {"prompt": wanted} if model.reads_prompts else {}
    if seed is not None:
        fields["seed"] = seed
    if unwanted:
        fields["negative_prompt"] = unwanted
    if model.sends_mode:
        fields["mode"] = "text-to-image" if pictures.source is None else "image-to-image"
    for name in ("output_format", "creativity", *(("aspect_ratio",) if pictures.source is None else ())):
        if name in model.fields and (value := request.resolve_value(name, model)) is not None:
            fields[name] = value
    if pictures.source is not None and "keep" in model.fields:
        keep = request.resolve_value("keep", model)
        fields |= {} if keep is None else {"strength": round(1 - keep / 100, 6)}
    return build_json_body(fields, {"image": pictures.source})


def decode(data: bytes, model: Model) -> ModelResponse | FilteredPart:
    """Decode a response to a picture and its seed, or to the part that was filtered. Raises `InvalidResponseError`.

    A filtered response has the status 200 and neither `images` nor `seeds`. The seed of a model that reads none is
    ignored, because it cannot be used again.
    """
    response = parse_json_object(data)
    reason = get_first(response, "finish_reasons")
    if reason is None:
        seeds = response.get("seeds")
        seed = parse_seed(seeds[0]) if "seed" in model.fields and isinstance(seeds, list) and seeds else None
        return ModelResponse(decode_picture(get_first(response, "images")), seed)
    if reason == "Inference error":
        raise InvalidResponseError("model_error", "finish reason “Inference error”")
    if not isinstance(reason, str) or reason not in _FILTER_REASONS:
        raise InvalidResponseError("invalid_response", f"finish reason “{shorten_value(reason)}”")
    return _FILTER_REASONS[reason]
