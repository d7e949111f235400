"""Jobs whose pictures a guardrail checks: through the queue on Redis, by boto3, against the Bedrock stand-in."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.domain.billing import count_billed_calls
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.outcomes import RedisOutcomeStream
from demo.__main__ import SAMPLE_IMAGE
from demo.http_client import request_json
from shared.catalogue import Catalogue
from shared.outcome import Failed, Filtered, FilteredPart, Generated
from shared.problems import make_problem
from shared.queue.stages import Stage
from shared.request.bundles import pack_pictures
from shared.request.pictures import Pictures
from tests.integration.queue.test_pace import is_paused
from tests.support.bedrock_standin import ACCESS_KEY, SECRET_KEY, run_bedrock_standin
from tests.support.redis_queue import claim_job, make_job, wait_for_lease_expiry
from worker.bedrock.client import BedrockImageClient
from worker.bedrock.guardrail import BedrockGuardrail
from worker.generate import GenerateJob
from worker.picture_checks import PictureChecks
from worker.prepare import prepare_job
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

REFUSED_SOURCE = Filtered(part=FilteredPart.INPUT, duration_seconds=1, is_before_call=True)
BUSY = {"answer": "throttle", "source": "INPUT"}


@pytest.fixture(scope="module")
def bedrock_url() -> Iterator[str]:
    with run_bedrock_standin() as url:
        yield url


@pytest.fixture
def generate_job(
    bedrock_url: str, worker_queue: WorkerJobQueue, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GenerateJob]:
    environment = {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    for path in ("calls", "guardrail"):
        request_json("DELETE", f"{bedrock_url}/control/{path}")
    client = BedrockImageClient(region="us-west-2", call_seconds=20, concurrency=2)
    guardrail = BedrockGuardrail("demoguardrail", "1", region="us-west-2", call_seconds=20, concurrency=2)
    yield GenerateJob(worker_queue, client, catalogue, max_wait_seconds=60, checks=PictureChecks(guardrail, 20))
    client.close()
    guardrail.close()


@pytest.mark.parametrize(
    ("answer", "part", "checked", "billed"),
    [
        ({"answer": "intervene", "source": "INPUT"}, FilteredPart.INPUT, ["INPUT"], 0),
        ({"answer": "intervene", "source": "OUTPUT"}, FilteredPart.OUTPUT, ["INPUT", "OUTPUT"], 1),
        ({"answer": "access-denied", "source": "OUTPUT"}, None, ["INPUT", "OUTPUT"], 1),
    ],
    ids=["source refused", "result refused", "result not checked"],
)
async def test_a_picture_that_a_guardrail_does_not_let_through_is_stored_nowhere_and_billed_if_it_was_made(
    answer: Any,
    part: FilteredPart | None,
    checked: list[str],
    billed: int,
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
    catalogue: Catalogue,
    generate_job: GenerateJob,
    bedrock_url: str,
) -> None:
    request_json("POST", f"{bedrock_url}/control/guardrail", answer)
    await bot_queue.enqueue_job(make_job(1, has_picture=True), pack_pictures(Pictures(SAMPLE_IMAGE.read_bytes())))
    prepare_job(worker_queue, catalogue, claim_job(worker_queue, Stage.PREPARE))

    generate_job.run(claim_job(worker_queue))

    (entry,) = await outcomes.read_outcomes()
    (status,) = await bot_queue.load_statuses([entry.job_id])
    if part is None:
        assert status.outcome == Failed(problem=make_problem("result_unchecked"), may_be_billed=True)
    else:
        assert isinstance(status.outcome, Filtered)
        assert status.outcome.part is part
    assert count_billed_calls(status.outcome, status.unknown_calls) == billed
    assert await outcomes.load_result_image("1") is None
    assert [call["billed"] for call in request_json("GET", f"{bedrock_url}/control/calls")] == [True] * billed
    checks = request_json("GET", f"{bedrock_url}/control/guardrail")["calls"]
    assert [check["source"] for check in checks] == checked
    assert worker_queue.claim(Stage.GENERATE) is None


async def test_a_job_waits_for_a_guardrail_that_is_busy_without_a_call(
    bot_queue: BotJobQueue,
    worker_queue: WorkerJobQueue,
    outcomes: RedisOutcomeStream,
    catalogue: Catalogue,
    generate_job: GenerateJob,
    bedrock_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request_json("POST", f"{bedrock_url}/control/guardrail", BUSY)
    await bot_queue.enqueue_job(make_job(1, has_picture=True), pack_pictures(Pictures(SAMPLE_IMAGE.read_bytes())))
    prepare_job(worker_queue, catalogue, claim_job(worker_queue, Stage.PREPARE))

    release = worker_queue.release
    monkeypatch.setattr(
        worker_queue, "release", lambda claim, **options: release(claim, **options | {"delay_seconds": 0})
    )
    generate_job.run(claim_job(worker_queue))
    (status,) = await bot_queue.load_statuses(["1"])
    assert (status.outcome, status.calls) == (None, 0)

    generate_job.run(claim_job(worker_queue))

    (status,) = await bot_queue.load_statuses(["1"])
    assert isinstance(status.outcome, Generated)
    assert (status.calls, status.unknown_calls) == (1, 0)
    assert await outcomes.load_result_image("1") is not None


async def test_a_source_that_is_refused_is_stored_only_under_the_lease_and_says_nothing_about_the_model(
    bot_queue: BotJobQueue, worker_queue: WorkerJobQueue, catalogue: Catalogue
) -> None:
    worker_queue.sweep(catalogue)
    for number in (1, 2):
        await bot_queue.enqueue_job(make_job(number, user=number), None)
    lost = claim_job(worker_queue)
    await wait_for_lease_expiry(worker_queue, catalogue)
    assert not worker_queue.finish(lost, REFUSED_SOURCE)

    claims = [claim_job(worker_queue) for _ in range(2)]
    for _ in range(3):
        worker_queue.record_failed_call(claims[0], pause_seconds=60)
    assert worker_queue.finish(claims[0], REFUSED_SOURCE)
    assert is_paused(await bot_queue.load_statuses([claims[1].job.id])) == {True}
