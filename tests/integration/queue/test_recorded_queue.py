"""The worker's queue and client of models count what they do, and do it as those that they stand for."""

from collections.abc import Mapping

import pytest
import redis
from prometheus_client import CollectorRegistry

from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue, Model
from shared.outcome import Failed, FilteredPart
from shared.problems import make_problem
from shared.queue.stages import Stage
from shared.request.model import Request
from shared.request.pictures import Pictures
from tests.support.redis_queue import GENERATED, claim_job, confirm_epoch, make_job
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy
from worker.metrics.recorder import RecordingClient, RecordingQueue, WorkerRecorder
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

SD = "sd3.5-large"
IMAGE = GeneratedImage(b"p", "image/png", 1, 1, 7, 2.0)
THROTTLED = BedrockCallError(make_problem("busy"), RetryPolicy.UNLIMITED, is_throttled=True)
LOST = BedrockCallError(make_problem("provider_error"), RetryPolicy.ONCE)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def read(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(f"pentimento_{name}", labels) or 0


async def test_jobs_are_counted_from_their_claim_to_their_end(
    registry: CollectorRegistry, client: redis.Redis, bot_queue: BotJobQueue, worker_queue: WorkerJobQueue
) -> None:
    confirm_epoch(client)
    queue = RecordingQueue(worker_queue, WorkerRecorder(registry))
    await bot_queue.enqueue_job(make_job(1, has_picture=True), b"picture")
    prepared = claim_job(queue, Stage.PREPARE)
    assert queue.fetch_upload("1") == b"picture"
    assert queue.promote(prepared, b"prepared")

    first = claim_job(queue)
    assert queue.fetch_prepared("1") == b"prepared"
    assert queue.start_call(first)
    assert queue.release(first, delay_seconds=0, is_unknown_call=False, is_throttled=False)
    queue.return_claim(claim_job(queue))
    worker_queue.renew_leases()
    last = claim_job(queue)
    assert queue.start_call(last)
    queue.record_failed_call(last, pause_seconds=1)
    assert queue.finish(last, GENERATED, b"result")
    assert not queue.finish(last, Failed(problem=make_problem("internal"))), "it has ended: counted once"

    assert queue.claim(Stage.GENERATE) is None
    assert read(registry, "prepare_duration_seconds_count") == 1
    assert read(registry, "call_wait_seconds_count", **{"class": "normal"}) == 2
    assert 0 < read(registry, "call_wait_seconds_sum", **{"class": "normal"}) < 60
    assert read(registry, "jobs_released_total", model=SD, reason="other") == 1
    finished = {"stage": "generate", "model": SD, "problem": ""}
    assert read(registry, "jobs_finished_total", kind="generated", **finished) == 1
    assert read(registry, "jobs_finished_total", kind="failed", **(finished | {"problem": "internal"})) == 0


class FakeClient:
    """A client of models with one result."""

    def __init__(self, result: GeneratedImage | FilteredResult | BedrockCallError) -> None:
        self.result = result

    def authorize(self, model: Model, account: str) -> None:
        if isinstance(self.result, BedrockCallError):
            raise self.result

    def generate(
        self,
        request: Request,
        model: Model,
        pictures: Pictures,
        seed: int | None,
        metadata: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT,
    ) -> GeneratedImage | FilteredResult:
        if isinstance(self.result, BedrockCallError):
            raise self.result
        return self.result


@pytest.mark.parametrize(
    ("result", "name", "throttled", "unknown"),
    [
        (IMAGE, "generated", 0, 0),
        (FilteredResult(FilteredPart.PROMPT, 1.0), "filtered", 0, 0),
        (THROTTLED, "failed", 1, 0),
        (LOST, "failed", 0, 1),
    ],
)
def test_calls_are_counted_by_their_results(
    registry: CollectorRegistry,
    catalogue: Catalogue,
    result: GeneratedImage | FilteredResult | BedrockCallError,
    name: str,
    throttled: int,
    unknown: int,
) -> None:
    client, request = RecordingClient(FakeClient(result), WorkerRecorder(registry)), make_job(1).request
    try:
        assert client.generate(request, catalogue.models[SD], Pictures(), 7, account="111111111111") is result
    except BedrockCallError as error:
        assert error is result

    labels = {"model": SD, "account": "111111111111"}
    assert read(registry, "call_duration_seconds_count", model=SD, result=name) == 1
    assert read(registry, "calls_total", result=name, **labels) == 1
    assert read(registry, "throttled_calls_total", **labels) == throttled
    assert read(registry, "unknown_calls_total", **labels) == unknown
    if isinstance(result, BedrockCallError):
        assert read(registry, "call_errors_total", problem=result.problem.code, **labels) == 1
        with pytest.raises(BedrockCallError):
            client.authorize(catalogue.models[SD], "111111111111")
        assert read(registry, "call_errors_total", problem=result.problem.code, **labels) == 2
