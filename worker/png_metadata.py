"""The words that a PNG carries with it: how it was made, for people's eyes and for programs."""

import json

from shared.catalogue import Model
from shared.imaging.metadata import replace_png_text
from shared.imaging.sniffing import PNG_SIGNATURE
from shared.prompts import TextPrompt
from shared.request.effective import get_effective_value
from shared.request.model import Request

_FIELD_LABELS = {
    "steps": "Steps",
    "sampler": "Sampler",
    "cfg_scale": "CFG scale",
    "style_preset": "Style preset",
    "clip_guidance_preset": "Clip guidance",
    "step_schedule_start": "Step schedule start",
    "step_schedule_end": "Step schedule end",
    "aspect_ratio": "Aspect ratio",
    "creativity": "Creativity",
}


def build_png_text(request: Request, model: Model, seed: int | None, job_id: str | None = None) -> dict[str, str]:
    """Word a picture's making: `parameters` as image programs write and read it, `pentimento` whole, as JSON.

    The habit of the first: the prompt, a line `Negative prompt: …`, a line of `Name: value`; weights as `(text:1.2)`.
    https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#png-info
    """
    made = {
        "model": model.id,
        "seed": seed,
        "job": job_id,
        "request": request.model_dump(mode="json", exclude_none=True),
    }
    return {
        "parameters": _format_parameters(request, model, seed),
        "pentimento": json.dumps(made, separators=(",", ":")),
    }


def embed_metadata(data: bytes, request: Request, model: Model, seed: int | None, job_id: str | None = None) -> bytes:
    """Put the parameters into a PNG, in place of every word it had; a picture of another type stays as it is.

    Raises ValueError for a malformed PNG, which `worker.imaging.check_answer` lets nobody have.
    """
    if not data.startswith(PNG_SIGNATURE):
        return data
    return replace_png_text(data, build_png_text(request, model, seed, job_id))


def _format_parameters(request: Request, model: Model, seed: int | None) -> str:
    wanted = ", ".join(_format_weighted(p, p.weight) for p in request.text_prompts if p.weight >= 0)
    unwanted = ", ".join(_format_weighted(p, -p.weight) for p in request.text_prompts if p.weight < 0)
    facts = {
        label: value
        for field, label in _FIELD_LABELS.items()
        if (value := get_effective_value(request, field, model)) is not None
    }
    facts |= ({} if seed is None else {"Seed": seed}) | {"Model": model.name}
    keep = get_effective_value(request, "keep", model)
    if keep is not None:
        facts["Denoising strength"] = round(1 - keep / 100, 6)
    pairs = ", ".join(f"{name}: {_format_value(value)}" for name, value in facts.items())
    lines = [wanted, *([f"Negative prompt: {unwanted}"] if unwanted else []), pairs]
    # what UTF-8 or a PNG's text cannot hold is shown as a question mark
    return "\n".join(lines).replace("\0", "?").encode("utf-8", "replace").decode()


def _format_weighted(prompt: TextPrompt, weight: float) -> str:
    return prompt.text if weight == 1 else f"({prompt.text}:{weight:g})"


def _format_value(value: str | float) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
