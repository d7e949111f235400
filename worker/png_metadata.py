"""The text chunks of a PNG that say how it was generated."""

import json

from shared.catalogue import Model
from shared.prompts import TextPrompt, replace_surrogates
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
    "grow_mask": "Grow mask",
    "left": "Left",
    "right": "Right",
    "up": "Up",
    "down": "Down",
    "control_strength": "Control strength",
    "fidelity": "Fidelity",
    "composition_fidelity": "Composition fidelity",
    "style_strength": "Style strength",
    "change_strength": "Change strength",
}


def build_png_text(request: Request, model: Model, seed: int | None, job_id: str | None = None) -> dict[str, str]:
    """Build the text chunks: `parameters` in the format of other image programs, and `pentimento` as JSON.

    The lines of `parameters` are the prompt, with weights as `(text:1.2)`; `Negative prompt: …`; and pairs of
    `Name: value`. https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#png-info
    """
    metadata = {
        "model": model.id,
        "seed": seed,
        "job": job_id,
        "request": request.model_dump(mode="json", exclude_none=True),
    }
    return {
        "parameters": _format_parameters(request, model, seed),
        "pentimento": json.dumps(metadata, separators=(",", ":")),
    }


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
    return replace_surrogates("\n".join(lines).replace("\0", "?"))  # a PNG's text cannot hold either of them


def _format_weighted(prompt: TextPrompt, weight: float) -> str:
    return prompt.text if weight == 1 else f"({prompt.text}:{weight:g})"


def _format_value(value: str | float) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
