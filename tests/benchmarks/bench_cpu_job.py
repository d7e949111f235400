"""`cpu_job`: CPU of preparing and generating one job, without the queue, against the straight lines of `floors`."""

import os
from collections.abc import Callable
from functools import partial
from statistics import median
from unittest.mock import patch

from shared.catalogue import load_catalogue
from shared.prompts import TextPrompt
from shared.request.model import Request
from shared.request.pictures import Pictures
from tests.benchmarks import baselines
from tests.benchmarks.fake_bedrock import FakeBedrock, run_fake_bedrock
from tests.benchmarks.measurements import measure_alternately, measure_cpu_ms
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import make_uploads
from worker.bedrock.client import BedrockImageClient
from worker.bedrock.dialects import get_dialect
from worker.call_result import GeneratedImage
from worker.imaging.preparation import prepare_image
from worker.result_metadata import embed_metadata

GOAL, GOAL_TEXT = 1.15, 2.0
TEXT_ONLY = "text only"
MODEL = load_catalogue().models["sd3.5-large"]


def make_request(*, has_picture: bool) -> Request:
    return Request(
        model=MODEL.key,
        text_prompts=(TextPrompt(text="a castle in fog, oil on canvas"), TextPrompt(text="crowds", weight=-1)),
        has_picture=has_picture,
        keep=40 if has_picture else None,
    )


def run_job(client: BedrockImageClient, data: bytes | None) -> bytes:
    """Make one picture as the worker's two use cases do."""
    request = make_request(has_picture=data is not None)
    prepared = prepare_image(data, MODEL.sizes, "crop").data if data else None
    answer = client.generate(request, MODEL, Pictures(prepared), 7)
    assert isinstance(answer, GeneratedImage)
    return embed_metadata(answer.data, request, MODEL, answer.seed, "1234567890")


def make_baseline(data: bytes | None, wire: baselines.TlsConnection) -> Callable[[], None]:
    """`F_job` of this input: the same picture drawn, the same bytes sent and answered."""
    request = make_request(has_picture=data is not None)
    drawn = prepare_image(data, MODEL.sizes, "crop") if data else None
    body = get_dialect(MODEL.dialect).encode(request, MODEL, Pictures(drawn.data if drawn else None), 7)
    size = (drawn.width, drawn.height) if drawn else baselines.SIZE
    return partial(baselines.run_baseline_job, data, wire, baselines.build_http_request(body), size)


def measure(quick: bool) -> list[Ratio]:
    inputs = {**make_uploads(), TEXT_ONLY: None}
    with run_fake_bedrock() as model, patch.dict(os.environ, model.environment, clear=True):
        client = BedrockImageClient(region="us-west-2", call_seconds=60, concurrency=1)
        try:
            return [_measure_input(name, data, client, model, 5 if quick else 9) for name, data in inputs.items()]
        finally:
            client.close()


def _measure_input(name: str, data: bytes | None, client: BedrockImageClient, model: FakeBedrock, rounds: int) -> Ratio:
    times = 2 if data else 10
    with model.connect() as wire:
        ours, floor = measure_alternately(
            rounds,
            partial(measure_cpu_ms, partial(run_job, client, data), times),
            partial(measure_cpu_ms, make_baseline(data, wire), times),
        )
    note = f"{median(ours):.1f} ms against {median(floor):.1f} ms of CPU"
    return compute_ratio(f"cpu_job[{name}]", ours, floor, GOAL if data else GOAL_TEXT, note=note)
