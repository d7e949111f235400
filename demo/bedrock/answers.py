"""What a model answers to a valid request, in its dialect, sound or spoiled by a fault."""

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from demo.bedrock import pictures
from demo.bedrock.dialects import sd35, sdxl
from demo.bedrock.models import Model
from demo.bedrock.recipe import Recipe
from demo.bedrock.render import blurred, render

GARBAGE = b"<!doctype html><title>upstream error</title>"
WITHHELD = {
    "refused": "Filter reason: prompt",
    "filter-input": "Filter reason: input image",
    "error": "Inference error",
    "result-error": "Inference error",
}
HUGE = 50_000


@dataclass(frozen=True)
class Answer:
    """The bytes to send, and what the books say of them; `billed` if a picture was made."""

    body: bytes
    outcome: str
    billed: bool
    seed: int | None = None


def compose(model: Model, recipe: Recipe, fault: str | None) -> Answer:
    """Render and word an answer; `recipe.seed` is the seed used. Raises ServiceError for a prompt that SDXL refuses."""
    if model.dialect == "sdxl":
        return _sdxl(recipe, fault)
    if fault in WITHHELD:
        return Answer(_json(sd35.withheld(WITHHELD[fault])), WITHHELD[fault], billed=False)
    picture = render(recipe)
    if fault in {"filtered", "unknown-reason"}:
        reason = "Filter reason: output image" if fault == "filtered" else "Reason of no one's knowing"
        return Answer(_json(sd35.withheld(reason)), reason, billed=True, seed=recipe.seed)
    return _spoiled(sd35.answer(recipe.seed, picture), recipe.seed, fault)


def _sdxl(recipe: Recipe, fault: str | None) -> Answer:
    match fault:
        case "refused":
            raise sdxl.refused()
        case "result-error":
            body = sdxl.failure("inference_error", "The model could not generate an image.")
            return Answer(_json(body), "error", billed=False)
        case "error":
            return Answer(_json(sdxl.answer(recipe.seed, b"", "ERROR")), "ERROR", billed=False, seed=recipe.seed)
        case "filtered" | "filter-input" | "unknown-reason":
            reason = "NOBODY_KNOWS" if fault == "unknown-reason" else "CONTENT_FILTERED"
            body = sdxl.answer(recipe.seed, blurred(recipe), reason)
            return Answer(_json(body), reason, billed=True, seed=recipe.seed)
    return _spoiled(sdxl.answer(recipe.seed, render(recipe)), recipe.seed, fault)


def _spoiled(answer: dict[str, Any], seed: int, fault: str | None) -> Answer:
    body = {"garbage": GARBAGE, "empty": b""}.get(fault or "")
    if body is None:
        body = _json(_with_seed(_with_picture(answer, fault), fault))
    return Answer(body, f"SUCCESS, spoiled by {fault}" if fault else "SUCCESS", billed=True, seed=seed)


def _with_picture(answer: dict[str, Any], fault: str | None) -> dict[str, Any]:
    listed = "artifacts" if "artifacts" in answer else "images"
    if fault == "no-images":
        return {**answer, listed: []}
    text = {
        "bad-base64": "!this is not base64!",
        "not-a-picture": _base64(b"This is not a picture."),
        "huge-picture": _base64(_huge()),
        "tiny-picture": _base64(pictures.encode(Image.new("RGB", (1, 1)), "png")),
    }.get(fault or "")
    if text is None:
        return answer
    return {**answer, listed: [{**answer[listed][0], "base64": text} if listed == "artifacts" else text]}


def _with_seed(answer: dict[str, Any], fault: str | None) -> dict[str, Any]:
    if fault not in {"no-seed", "seed-string"}:
        return answer
    if "artifacts" in answer:
        artifact = {name: value for name, value in answer["artifacts"][0].items() if name != "seed"}
        seed = {} if fault == "no-seed" else {"seed": str(answer["artifacts"][0]["seed"])}
        return {**answer, "artifacts": [{**artifact, **seed}]}
    rest = {name: value for name, value in answer.items() if name != "seeds"}
    return rest if fault == "no-seed" else {**rest, "seeds": [str(answer["seeds"][0])]}


def _huge() -> bytes:
    """A small PNG that claims to be HUGE x HUGE grey pixels, and has data for some of them."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))

    header = struct.pack("!IIBBBBB", HUGE, HUGE, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(HUGE + 1) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
