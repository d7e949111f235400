"""Stable Diffusion XL 1.0: `text_prompts` in, `artifacts` out; masking is not supported.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-image-image.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-text-image.html
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image

from demo.standins.bedrock import image_codec
from demo.standins.bedrock.errors import ServiceError, malformed_request_error, validation_error
from demo.standins.bedrock.field_rules import FieldRule, find_violations
from demo.standins.bedrock.generation_settings import GenerationSettings

SEED_MAX = 4294967295
SIZES = (
    *((1024, 1024), (1152, 896), (1216, 832), (1344, 768), (1536, 640)),
    *((640, 1536), (768, 1344), (832, 1216), (896, 1152)),
)
CLIP_GUIDANCE_PRESETS = ("FAST_BLUE", "FAST_GREEN", "NONE", "SIMPLE", "SLOW", "SLOWER", "SLOWEST")
SAMPLERS = (
    *("DDIM", "DDPM", "K_DPMPP_2M", "K_DPMPP_2S_ANCESTRAL", "K_DPM_2", "K_DPM_2_ANCESTRAL"),
    *("K_EULER", "K_EULER_ANCESTRAL", "K_HEUN", "K_LMS"),
)
STYLE_PRESETS = (
    *("3d-model", "analog-film", "anime", "cinematic", "comic-book", "digital-art", "enhance", "fantasy-art"),
    *("isometric", "line-art", "low-poly", "modeling-compound", "neon-punk", "origami", "photographic"),
    *("pixel-art", "tile-texture"),
)

PROMPT_FIELDS = {
    "text": FieldRule("String", required=True, min_length=1, max_length=2000),
    "weight": FieldRule("Number"),
}
COMMON_FIELDS = {
    "text_prompts": FieldRule("JSONArray", required=True, min_length=1),
    "cfg_scale": FieldRule("Number", minimum=0, maximum=35),
    "clip_guidance_preset": FieldRule("String", values=CLIP_GUIDANCE_PRESETS),
    "sampler": FieldRule("String", values=SAMPLERS),
    "samples": FieldRule("Integer", minimum=1, maximum=1),
    "seed": FieldRule("Integer", minimum=0, maximum=SEED_MAX),
    "steps": FieldRule("Integer", minimum=10, maximum=50),
    "style_preset": FieldRule("String", values=STYLE_PRESETS),
    "extras": FieldRule("JSONObject"),
}
TEXT_TO_IMAGE_FIELDS = {
    **COMMON_FIELDS,
    "width": FieldRule("Integer", minimum=128),
    "height": FieldRule("Integer", minimum=128),
}
_INIT_IMAGE_FIELDS = {
    **COMMON_FIELDS,
    "init_image": FieldRule("String", required=True, min_length=1),
    "init_image_mode": FieldRule("String", values=("IMAGE_STRENGTH", "STEP_SCHEDULE")),
}
IMAGE_STRENGTH_FIELDS = {**_INIT_IMAGE_FIELDS, "image_strength": FieldRule("Number", minimum=0, maximum=1)}
STEP_SCHEDULE_FIELDS = {
    **_INIT_IMAGE_FIELDS,
    "step_schedule_start": FieldRule("Number", minimum=0, maximum=1),
    "step_schedule_end": FieldRule("Number", minimum=0, maximum=1),
}


def iter_prompt_texts(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield every prompt in a body that may be invalid."""
    prompts = body.get("text_prompts")
    for prompt in prompts if isinstance(prompts, list) else ():
        if isinstance(prompt, dict) and isinstance(prompt.get("text"), str):
            yield prompt["text"]


def parse_request(body: Mapping[str, Any]) -> GenerationSettings:
    """Validate a request field by field; raises a ServiceError that names every violation."""
    with_image = "init_image" in body
    schedule = with_image and body.get("init_image_mode") == "STEP_SCHEDULE"
    _check_fields(
        body, (STEP_SCHEDULE_FIELDS if schedule else IMAGE_STRENGTH_FIELDS) if with_image else TEXT_TO_IMAGE_FIELDS
    )
    source = _decode_init_image(body["init_image"]) if with_image else None
    size = source.size if source else (body.get("width", 1024), body.get("height", 1024))
    _check_size(size)
    return GenerationSettings(
        prompts=tuple((prompt["text"], float(prompt.get("weight", 1))) for prompt in body["text_prompts"]),
        size=size,
        seed=body.get("seed", 0),
        source=source,
        source_weight=1 - body.get("step_schedule_start", 0.65) if schedule else body.get("image_strength", 0.35),
        source_detail=1 - 0.5 * body.get("step_schedule_end", 0.0),
        steps=body.get("steps", 30),
        cfg_scale=body.get("cfg_scale", 7),
        sampler=body.get("sampler", "automatic"),
        clip_guidance_preset=body.get("clip_guidance_preset", "NONE"),
        style_preset=body.get("style_preset"),
    )


def filtered_prompt_error() -> ServiceError:
    """Return the error for a filtered word in a prompt, which comes from the container, passed on by Bedrock."""
    return _container_error("invalid_prompts", "One or more prompts contains filtered words.")


def build_response(seed: int, image: bytes, reason: str = "SUCCESS") -> dict[str, Any]:
    """Build a response; `reason` is SUCCESS, ERROR (no image) or CONTENT_FILTERED (the image, blurred)."""
    artifact = {"seed": seed, "base64": base64.b64encode(image).decode(), "finishReason": reason}
    return {"result": "success", "artifacts": [artifact]}


def build_failure(name: str, message: str) -> dict[str, Any]:
    """Return the response of a container that failed."""
    return {"result": "error", "error": {"id": "00000000000000000000000000000000", "name": name, "message": message}}


def _check_fields(body: Mapping[str, Any], fields: Mapping[str, FieldRule]) -> None:
    violations = list(find_violations(body, fields))
    prompts = body.get("text_prompts")
    for index, prompt in enumerate(prompts if isinstance(prompts, list) else ()):
        at = f"#/text_prompts/{index}"
        if isinstance(prompt, dict):
            violations += find_violations(prompt, PROMPT_FIELDS, at)
        else:
            violations.append((at, "expected type: JSONObject"))
    if violations:
        raise malformed_request_error("".join(f"{path}: {problem}" for path, problem in violations))


def _decode_init_image(text: str) -> Image.Image:
    try:
        return image_codec.decode_image(text)
    except image_codec.UnreadableImageError as error:
        raise _container_error("invalid_mime_type", f"init_image: {error}.") from error


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width % 64 or height % 64:
        raise _container_error(
            "invalid_height_or_width", f"height and width must be multiples of 64, got {width}x{height}."
        )
    if size not in SIZES:
        allowed = ", ".join(f"{w}x{h}" for w, h in SIZES)
        raise _container_error(
            "invalid_sdxl_v1_dimensions",
            f"for stable-diffusion-xl-1024-v1-0 the allowed dimensions are {allowed}, "
            f"but we received {width}x{height}.",
        )


def _container_error(name: str, message: str) -> ServiceError:
    return validation_error(
        f"{name}\nsagemaker_inference.errors.BaseInferenceToolkitError: (400, '{name}', '{message}')"
    )
