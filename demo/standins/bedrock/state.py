"""All that the stand-in remembers: who may ask, how its models are, which faults wait, and the books of every call."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from aiohttp import web

from demo.standins.bedrock import faults, picture_codec
from demo.standins.bedrock.auth import Credentials
from demo.standins.bedrock.faults import Fault
from demo.standins.bedrock.models import MODELS, Model, ModelStatus

MAX_CONCURRENT_RENDERS = 2
PICTURE_FIELDS = frozenset({"init_image", "image", "mask_image"})


@dataclass
class Call:
    """One line of the books: an invocation, from its arrival on (`time`: seconds since the epoch).

    `billed` says that a picture was generated, `delivered` that the whole answer was handed to the network. `body` is
    the request with each picture replaced by its sha256, bytes, format, width and height; None before it was parsed.
    `status` is None until the answer is complete, and stays so where the connection was lost.
    """

    time: float
    model: str
    operation: str
    body: dict[str, Any] | None = None
    status: int | None = None
    outcome: str | None = None
    seed: int | None = None
    billed: bool = False
    delivered: bool = False
    in_flight: bool = True


@dataclass
class ScheduledFault:
    """A fault that the control API ordered for the next `times` calls that match."""

    fault: Fault
    times: int = 1
    model: str | None = None
    prompt: str | None = None

    def matches(self, model: Model, prompt: str) -> bool:
        """Tell whether a call of this model with this prompt is meant (a `prompt` is met as a part of the text)."""
        return (self.model is None or self.model == model.id) and (self.prompt is None or self.prompt in prompt)


@dataclass
class BedrockState:
    """The state of one server. `latency` (seconds) overrides every model's own, `latencies` that of one model."""

    credentials: Credentials
    latency: float | None = None
    latencies: dict[str, float] = field(default_factory=dict)
    statuses: dict[str, ModelStatus] = field(default_factory=lambda: dict.fromkeys(MODELS, "ACTIVE"))
    scheduled_faults: list[ScheduledFault] = field(default_factory=list)
    seen_once_bodies: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    rng: Random = field(default_factory=SystemRandom)
    render_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_RENDERS))

    def draw_latency(self, model: Model) -> float:
        """Draw how long the model takes this time."""
        fixed = self.latencies.get(model.id, self.latency)
        return max(0.0, model.latency + model.jitter * self.rng.uniform(-1, 1)) if fixed is None else fixed

    def select_faults(self, model: Model, texts: Iterable[str], body: bytes) -> list[Fault]:
        """The faults that a call is to meet: at most one that was ordered, then those its prompt names."""
        prompts = list(texts)
        scheduled = next(
            (candidate for candidate in self.scheduled_faults if candidate.matches(model, "\n".join(prompts))), None
        )
        if scheduled:
            scheduled.times -= 1
            self.scheduled_faults = [candidate for candidate in self.scheduled_faults if candidate.times > 0]
        named = [
            fault for fault in faults.find_faults(prompts) if not fault.once or self._is_first_request(fault, body)
        ]
        return [scheduled.fault, *named] if scheduled else named

    def _is_first_request(self, fault: Fault, body: bytes) -> bool:
        mark = f"{fault.name} {hashlib.sha256(body).hexdigest()}"
        new = mark not in self.seen_once_bodies
        self.seen_once_bodies.add(mark)
        return new


STATE = web.AppKey("world", BedrockState)


def dump_call(call: Call) -> dict[str, Any]:
    """One call as JSON."""
    return dict(vars(call))


def summarize_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request's body fit for the books."""
    return {
        name: _summarize_picture(value) if name in PICTURE_FIELDS and isinstance(value, str) else value
        for name, value in body.items()
    }


def _summarize_picture(text: str) -> dict[str, Any]:
    try:
        data, picture = picture_codec.open_picture(text)
    except picture_codec.UnreadablePictureError as error:
        return {"unreadable": str(error), "bytes": len(text)}
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
    }
