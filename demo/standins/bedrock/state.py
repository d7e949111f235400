"""The stand-in's state: credentials, latencies, model statuses, scheduled faults, and the record of calls."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from aiohttp import web

from demo.standins.bedrock import faults, image_codec
from demo.standins.bedrock.auth import Credentials, SessionKey
from demo.standins.bedrock.faults import Fault
from demo.standins.bedrock.models import MODELS, Model, ModelStatus

MAX_CONCURRENT_RENDERS = 2
IMAGE_FIELDS = frozenset({"init_image", "image", "mask", "style_image"})


@dataclass
class Call:
    """The record of one invocation; `time` is its arrival in seconds since the epoch.

    `billed`: an image was generated. `delivered`: the whole response was handed to the network. `body` is the request
    with each image replaced by its sha256, bytes, format, width and height; None before it was parsed. `status` is
    None until the response is complete, and stays None if the connection was lost. `account` is None for a caller that
    is unknown.
    """

    time: float
    model: str
    operation: str
    body: dict[str, Any] | None = None
    status: int | None = None
    outcome: str | None = None
    seed: int | None = None
    request_metadata: dict[str, str] | None = None
    account: str | None = None
    billed: bool = False
    delivered: bool = False
    in_flight: bool = True


@dataclass
class ScheduledFault:
    """A fault scheduled by the control API for the next `times` matching calls."""

    fault: Fault
    times: int = 1
    model: str | None = None
    prompt: str | None = None
    account: str | None = None

    def matches(self, model: Model, prompt: str, account: str) -> bool:
        """Tell whether a call matches; `prompt` matches as a substring."""
        has_model = self.model is None or self.model == model.id
        has_account = self.account is None or self.account == account
        return has_model and has_account and (self.prompt is None or self.prompt in prompt)

    def describe_match(self) -> dict[str, str | None]:
        """Return the conditions as JSON."""
        return {"model": self.model, "prompt": self.prompt, "account": self.account}


@dataclass
class BedrockState:
    """The state of one server. `latency` overrides every model's own, `latencies` that of single models (seconds).

    `too_large_status` is the HTTP status of the error for a response over 16 MiB, which is not documented.
    `manifest` is a C2PA manifest store that is put into every PNG and JPEG. `account_statuses` are the statuses that
    models have in single accounts, by model and account, and `sessions` the credentials of assumed roles.
    """

    credentials: Credentials
    latency: float | None = None
    latencies: dict[str, float] = field(default_factory=dict)
    statuses: dict[str, ModelStatus] = field(default_factory=lambda: dict.fromkeys(MODELS, "ACTIVE"))
    account_statuses: dict[tuple[str, str], ModelStatus] = field(default_factory=dict)
    sessions: dict[str, SessionKey] = field(default_factory=dict)
    scheduled_faults: list[ScheduledFault] = field(default_factory=list)
    seen_once_bodies: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    too_large_status: int = 400
    manifest: bytes | None = None
    rng: Random = field(default_factory=SystemRandom)
    render_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_RENDERS))

    def draw_latency(self, model: Model) -> float:
        """Return a random latency for one call of the model, in seconds."""
        fixed = self.latencies.get(model.id, self.latency)
        return max(0.0, model.latency + model.jitter * self.rng.uniform(-1, 1)) if fixed is None else fixed

    def get_status(self, model: str, account: str) -> ModelStatus:
        """Return the status of a model, by its id, in an account."""
        return self.account_statuses.get((model, account), self.statuses[model])

    def select_faults(self, model: Model, texts: Iterable[str], body: bytes, account: str) -> list[Fault]:
        """Return the faults of a call: at most one scheduled fault, then those named in its prompts."""
        prompts = list(texts)
        scheduled = next(
            (one for one in self.scheduled_faults if one.matches(model, "\n".join(prompts), account)), None
        )
        if scheduled:
            scheduled.times -= 1
            self.scheduled_faults = [candidate for candidate in self.scheduled_faults if candidate.times > 0]
        named = [
            fault for fault in faults.find_faults(prompts) if not fault.once or self._is_first_request(fault, body)
        ]
        return [scheduled.fault, *named] if scheduled else named

    def _is_first_request(self, fault: Fault, body: bytes) -> bool:
        key = f"{fault.name} {hashlib.sha256(body).hexdigest()}"
        is_first = key not in self.seen_once_bodies
        self.seen_once_bodies.add(key)
        return is_first


STATE = web.AppKey("state", BedrockState)


def dump_call(call: Call) -> dict[str, Any]:
    """Return a call as JSON."""
    return dict(vars(call))


def summarize_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request body for the record, with images summarised."""
    return {
        name: _summarize_image(value) if name in IMAGE_FIELDS and isinstance(value, str) else value
        for name, value in body.items()
    }


def _summarize_image(text: str) -> dict[str, Any]:
    try:
        data, image = image_codec.open_image(text)
    except image_codec.UnreadableImageError as error:
        return {"unreadable": str(error), "bytes": len(text)}
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "format": image.format,
        "width": image.width,
        "height": image.height,
    }
