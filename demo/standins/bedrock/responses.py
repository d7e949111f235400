"""Builds a model's response to a valid request, in its dialect, and corrupts it for a fault."""

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from demo.standins.bedrock import image_codec
from demo.standins.bedrock.c2pa import embed_manifest
from demo.standins.bedrock.dialects import sd35, sdxl
from demo.standins.bedrock.errors import RESPONSE_LIMIT
from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.models import Model
from demo.standins.bedrock.rendering import render_blurred, render_bytes

GARBAGE_BODY = b"<!doctype html><title>upstream error</title>"
FINISH_REASONS = {
    "refused": "Filter reason: prompt",
    "filter-input": "Filter reason: input image",
    "error": "Inference error",
    "result-error": "Inference error",
}
HUGE_SIDE = 50_000


@dataclass(frozen=True)
class ModelResponse:
    """The bytes to send, and the values to record for the call; `billed` if an image was generated."""

    body: bytes
    outcome: str
    billed: bool
    seed: int | None = None


def build_response(
    model: Model, settings: GenerationSettings, fault: str | None, manifest: bytes | None = None
) -> ModelResponse:
    """Render the image and build the response; `manifest` is put into a PNG or JPEG, but not into SDXL's.

    Raises ServiceError for a prompt that SDXL rejects.
    """
    if model.dialect == "sdxl":
        return _build_sdxl_response(settings, fault)
    if fault in FINISH_REASONS:
        return ModelResponse(
            _encode_json(sd35.build_empty_response(FINISH_REASONS[fault])), FINISH_REASONS[fault], billed=False
        )
    image = render_bytes(settings)
    if manifest is not None:
        image = embed_manifest(image, manifest)
    if fault in {"filtered", "unknown-reason"}:
        reason = "Filter reason: output image" if fault == "filtered" else "Undocumented reason"
        return ModelResponse(_encode_json(sd35.build_empty_response(reason)), reason, billed=True, seed=settings.seed)
    response = sd35.build_response(settings.seed, image)
    if fault == "filtered-with-image":
        reason = "Filter reason: output image"
        body = _encode_json({**response, "finish_reasons": [reason]})
        return ModelResponse(body, reason, billed=True, seed=settings.seed)
    return _corrupt_response(response, settings.seed, fault)


def _build_sdxl_response(settings: GenerationSettings, fault: str | None) -> ModelResponse:
    match fault:
        case "refused":
            raise sdxl.filtered_prompt_error()
        case "result-error":
            body = sdxl.build_failure("inference_error", "The model could not generate an image.")
            return ModelResponse(_encode_json(body), "error", billed=False)
        case "error":
            return ModelResponse(
                _encode_json(sdxl.build_response(settings.seed, b"", "ERROR")),
                "ERROR",
                billed=False,
                seed=settings.seed,
            )
        case "filtered" | "filtered-with-image" | "filter-input" | "unknown-reason":
            reason = "UNDOCUMENTED" if fault == "unknown-reason" else "CONTENT_FILTERED"
            body = sdxl.build_response(settings.seed, render_blurred(settings), reason)
            return ModelResponse(_encode_json(body), reason, billed=True, seed=settings.seed)
    return _corrupt_response(sdxl.build_response(settings.seed, render_bytes(settings)), settings.seed, fault)


def _corrupt_response(response: dict[str, Any], seed: int, fault: str | None) -> ModelResponse:
    body = {"garbage": GARBAGE_BODY, "empty": b""}.get(fault or "")
    if body is None:
        body = _encode_json(_replace_seed(_replace_image(response, fault), fault))
    return ModelResponse(body, f"SUCCESS, corrupted by {fault}" if fault else "SUCCESS", billed=True, seed=seed)


def _replace_image(response: dict[str, Any], fault: str | None) -> dict[str, Any]:
    key = "artifacts" if "artifacts" in response else "images"
    if fault == "no-images":
        return {**response, key: []}
    text = {
        "bad-base64": "!this is not base64!",
        "not-a-picture": _encode_base64(b"This is not a picture."),
        "huge-picture": _encode_base64(_build_huge_png()),
        "too-large": _encode_base64(bytes(RESPONSE_LIMIT * 3 // 4)),
        "tiny-picture": _encode_base64(image_codec.encode_image(Image.new("RGB", (1, 1)), "png")),
    }.get(fault or "")
    if text is None:
        return response
    return {**response, key: [{**response[key][0], "base64": text} if key == "artifacts" else text]}


def _replace_seed(response: dict[str, Any], fault: str | None) -> dict[str, Any]:
    if fault not in {"no-seed", "seed-string"}:
        return response
    if "artifacts" in response:
        artifact = {name: value for name, value in response["artifacts"][0].items() if name != "seed"}
        seed = {} if fault == "no-seed" else {"seed": str(response["artifacts"][0]["seed"])}
        return {**response, "artifacts": [{**artifact, **seed}]}
    rest = {name: value for name, value in response.items() if name != "seeds"}
    return rest if fault == "no-seed" else {**rest, "seeds": [str(response["seeds"][0])]}


def _build_huge_png() -> bytes:
    """Return a small PNG that claims HUGE_SIDE x HUGE_SIDE grey pixels and has data for only some of them."""

    def build_chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))

    header = struct.pack("!IIBBBBB", HUGE_SIDE, HUGE_SIDE, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(HUGE_SIDE + 1) * 8)
    return b"\x89PNG\r\n\x1a\n" + build_chunk(b"IHDR", header) + build_chunk(b"IDAT", rows) + build_chunk(b"IEND", b"")


def _encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _encode_json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
