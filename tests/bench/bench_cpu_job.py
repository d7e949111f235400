"""`cpu_job`: CPU of preparing and generating one job, without the queue, against the straight lines of `floors`."""

import os
from collections.abc import Callable
from functools import partial
from statistics import median
from unittest.mock import patch

from shared.catalogue import load_catalogue
from shared.prompts import TextPrompt
from shared.request import Request
from tests.bench import floors
from tests.bench.meters import cpu_ms, in_turns
from tests.bench.model import Model, running_model
from tests.bench.pictures import uploads
from tests.bench.ratios import Ratio, ratio_of
from worker.bedrock.client import BedrockStudio
from worker.bedrock.dialects import DIALECTS
from worker.imaging import prepare
from worker.parameters import with_parameters
from worker.ports import Picture

GOAL, GOAL_TEXT = 1.15, 2.0
TEXT_ONLY = "text only"
MODEL = load_catalogue().models["sd3.5-large"]


def asked(*, has_picture: bool) -> Request:
    return Request(
        model=MODEL.key,
        text_prompts=(TextPrompt(text="a castle in fog, oil on canvas"), TextPrompt(text="crowds", weight=-1)),
        has_picture=has_picture,
        keep=40 if has_picture else None,
    )


def job(studio: BedrockStudio, data: bytes | None) -> bytes:
    """Make one picture as the worker's two use cases do."""
    request = asked(has_picture=data is not None)
    prepared = prepare(data, MODEL.sizes, "crop").data if data else None
    answer = studio.generate(request, MODEL, prepared, 7)
    assert isinstance(answer, Picture)
    return with_parameters(answer.data, request, MODEL, answer.seed, "1234567890")


def floor_of(data: bytes | None, wire: floors.Wire) -> Callable[[], None]:
    """`F_job` of this input: the same picture drawn, the same bytes sent and answered."""
    request = asked(has_picture=data is not None)
    drawn = prepare(data, MODEL.sizes, "crop") if data else None
    body = DIALECTS[MODEL.dialect].encode(request, MODEL, drawn.data if drawn else None, 7)
    size = (drawn.width, drawn.height) if drawn else floors.SIZE
    return partial(floors.job, data, wire, floors.request_of(body), size)


def measure(quick: bool) -> list[Ratio]:
    inputs = {**uploads(), TEXT_ONLY: None}
    with running_model() as model, patch.dict(os.environ, model.environment, clear=True):
        studio = BedrockStudio(region="us-west-2", call_seconds=60, concurrency=1)
        try:
            return [_row(name, data, studio, model, 5 if quick else 15) for name, data in inputs.items()]
        finally:
            studio.close()


def _row(name: str, data: bytes | None, studio: BedrockStudio, model: Model, rounds: int) -> Ratio:
    times = 2 if data else 10
    with model.wire() as wire:
        ours, floor = in_turns(
            rounds,
            partial(cpu_ms, partial(job, studio, data), times),
            partial(cpu_ms, floor_of(data, wire), times),
        )
    note = f"{median(ours):.1f} ms against {median(floor):.1f} ms of CPU"
    return ratio_of(f"cpu_job[{name}]", ours, floor, GOAL if data else GOAL_TEXT, note=note)
