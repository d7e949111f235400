"""The dialect of SDXL 1.0: requests with weighted `text_prompts`, responses with `artifacts`.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-image-image.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-text-image.html
"""

from math import log
from typing import Any, Final

from shared.catalogue import IMAGE_STRENGTH, STEP_SCHEDULE, Model, Size
from shared.outcome import FilteredPart
from shared.request.model import SCHEDULE_OPTIONS, Request
from shared.request.pictures import Pictures
from worker.bedrock.json_body import (
    InvalidResponseError,
    ModelResponse,
    build_json_body,
    decode_picture,
    get_first,
    normalize_number,
    parse_json_object,
    parse_seed,
    shorten_value,
)

_COMMON_FIELDS: Final = ("cfg_scale", "clip_guidance_preset", "sampler", "samples", "steps", "style_preset", "extras")


def encode(request: Request, model: Model, pictures: Pictures, seed: int | None) -> bytes:
    """Encode a request, with only the fields that the model's row names."""
    fields: dict[str, Any] = {
        "text_prompts": [{"text": p.text, "weight": normalize_number(p.weight)} for p in request.text_prompts],
        **({} if seed is None else {"seed": seed}),
        **_collect_fields(request, model, _COMMON_FIELDS),
    }
    if pictures.source is None:
        fields |= _build_size_fields(request, model)
    else:
        fields |= _build_picture_fields(request, model)
    return build_json_body(fields, {"init_image": pictures.source})


def decode(data: bytes, model: Model) -> ModelResponse | FilteredPart:
    """Decode a response to a picture and its seed, or to the part that was filtered. Raises `InvalidResponseError`.

    CONTENT_FILTERED comes with a blurred picture, which is ignored.
    """
    response = parse_json_object(data)
    if response.get("result") != "success":
        return _parse_container_error(response)
    artifact = get_first(response, "artifacts")
    if not isinstance(artifact, dict):
        raise InvalidResponseError("invalid_response", "the artifact is not an object")
    match artifact.get("finishReason"):
        case "SUCCESS":
            seed = parse_seed(artifact.get("seed")) if "seed" in model.fields else None
            return ModelResponse(decode_picture(artifact.get("base64")), seed)
        case "CONTENT_FILTERED":
            return FilteredPart.OUTPUT
        case "ERROR":
            raise InvalidResponseError("model_error", "finish reason ERROR")
        case reason:
            raise InvalidResponseError("invalid_response", f"finish reason “{shorten_value(reason)}”")


def _collect_fields(request: Request, model: Model, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: request.resolve_value(name, model) for name in names if name in model.fields}
    return {name: normalize_number(value) for name, value in values.items() if value is not None}


def _build_picture_fields(request: Request, model: Model) -> dict[str, Any]:
    if request.is_scheduled(model):
        return {"init_image_mode": STEP_SCHEDULE} | _collect_fields(request, model, SCHEDULE_OPTIONS)
    mode = {"init_image_mode": IMAGE_STRENGTH} if "init_image_mode" in model.fields else {}
    keep = _collect_fields(request, model, ("keep",))
    return mode | ({"image_strength": round(keep["keep"] / 100, 6)} if keep else {})


def _build_size_fields(request: Request, model: Model) -> dict[str, int]:
    ratio = _collect_fields(request, model, ("aspect_ratio",)).get("aspect_ratio")
    if not ratio or not model.sizes:
        return {}
    width, height = _find_nearest_size(ratio, model.sizes)
    return {"width": width, "height": height}


def _find_nearest_size(ratio: str, sizes: tuple[Size, ...]) -> Size:
    width, height = (int(part) for part in ratio.split(":"))
    return min(sizes, key=lambda size: abs(log(size[0] * height / (size[1] * width))))


def _parse_container_error(response: dict[str, Any]) -> FilteredPart:
    error = response.get("error")
    name = error.get("name") if isinstance(error, dict) else None
    if name == "invalid_prompts":
        return FilteredPart.PROMPT
    raise InvalidResponseError(
        "model_error", f"result “{shorten_value(response.get('result'))}”, error “{shorten_value(name)}”"
    )
