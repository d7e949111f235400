"""SDXL 1.0: `text_prompts` with weights in, `artifacts` out.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-image-image.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-text-image.html
"""

from math import log
from typing import Any, Final

from shared.catalogue import Model, Size
from shared.outcome import Side
from shared.request import Request
from worker.bedrock.wire import Answer, Unusable, body, first, json_object, picture_of, plain, seed_of, shown

_ALWAYS: Final = ("cfg_scale", "clip_guidance_preset", "sampler", "samples", "steps", "style_preset", "extras")
_SCHEDULE: Final = ("step_schedule_start", "step_schedule_end")


def encode(request: Request, model: Model, picture: bytes | None, seed: int | None) -> bytes:
    """Write the request's body, with only the fields that the model's row reads."""
    fields: dict[str, Any] = {
        "text_prompts": [{"text": p.text, "weight": plain(p.weight)} for p in request.text_prompts],
        **({} if seed is None else {"seed": seed}),
        **_in_force(request, model, _ALWAYS),
    }
    if picture is None:
        fields |= _size_fields(request, model)
    else:
        fields |= _picture_fields(request, model)
    return body(fields, "init_image", picture)


def decode(data: bytes, model: Model) -> Answer | Side:
    """Read an answer: a picture and its seed, or what the filter withheld. Raises `Unusable`.

    CONTENT_FILTERED comes with a blurred picture; it is not even decoded.
    """
    answer = json_object(data)
    if answer.get("result") != "success":
        return _container_failure(answer)
    artifact = first(answer, "artifacts")
    if not isinstance(artifact, dict):
        raise Unusable("bad_answer", "the artifact is not an object")
    match artifact.get("finishReason"):
        case "SUCCESS":
            seed = seed_of(artifact.get("seed")) if "seed" in model.fields else None
            return Answer(picture_of(artifact.get("base64")), seed)
        case "CONTENT_FILTERED":
            return Side.OUTPUT
        case "ERROR":
            raise Unusable("model_error", "finish reason ERROR")
        case reason:
            raise Unusable("bad_answer", f"finish reason “{shown(reason)}”")


def _in_force(request: Request, model: Model, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: request.value(name, model) for name in names if name in model.fields}
    return {name: plain(value) for name, value in values.items() if value is not None}


def _picture_fields(request: Request, model: Model) -> dict[str, Any]:
    mode = _in_force(request, model, ("init_image_mode",))
    if mode.get("init_image_mode") == "STEP_SCHEDULE":
        return mode | _in_force(request, model, _SCHEDULE)
    keep = _in_force(request, model, ("keep",))
    return mode | ({"image_strength": round(keep["keep"] / 100, 6)} if keep else {})


def _size_fields(request: Request, model: Model) -> dict[str, int]:
    ratio = _in_force(request, model, ("aspect_ratio",)).get("aspect_ratio")
    if not ratio or not model.sizes:
        return {}
    width, height = _nearest(ratio, model.sizes)
    return {"width": width, "height": height}


def _nearest(ratio: str, sizes: tuple[Size, ...]) -> Size:
    across, down = (int(part) for part in ratio.split(":"))
    return min(sizes, key=lambda size: abs(log(size[0] * down / (size[1] * across))))


def _container_failure(answer: dict[str, Any]) -> Side:
    error = answer.get("error")
    name = error.get("name") if isinstance(error, dict) else None
    if name == "invalid_prompts":
        return Side.PROMPT
    raise Unusable("model_error", f"result “{shown(answer.get('result'))}”, error “{shown(name)}”")
