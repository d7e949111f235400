"""The tasks that tickets start, with a queue in memory."""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from demo.__main__ import SAMPLE_IMAGE
from shared.accounts import DEFAULT_ACCOUNT
from shared.catalogue import Catalogue, Model, load_catalogue
from shared.job import Job, Origin, Requester
from shared.outcome import Failed, Generated, Outcome
from shared.problems import Problem, make_problem
from shared.prompts import TextPrompt
from shared.queue.stages import Stage
from shared.request.model import Request
from shared.request.pictures import Pictures
from worker import tasks as tasks_module
from worker.accounts import AccountPool
from worker.call_result import BedrockCallError, FilteredResult, GeneratedImage, RetryPolicy
from worker.generate import GenerateJob
from worker.ports import Claim
from worker.tasks import Tasks


def make_job(number: int, *, has_picture: bool = False, model: str = "sd3.5-large") -> Job:
    return Job(
        id=str(number),
        request=Request(model=model, text_prompts=(TextPrompt(text="a castle"),), has_picture=has_picture),
        seed=7,
        requester=Requester(id=1, name="Ada"),
        origin=Origin(guild_id=1, channel_id=2, message_id=3),
        accepted_at=time.time(),
    )


@dataclass
class FakeJobQueue:
    """A `worker.ports.JobQueue` in memory, which records the calls of its methods."""

    waiting: dict[Stage, list[Job]] = field(default_factory=lambda: {stage: [] for stage in Stage})
    pictures: dict[str, bytes] = field(default_factory=dict)
    unknown_calls: int = 0
    resumed_at: float = 0.0
    holds_lease: bool = True
    is_off: bool = True
    events: list[tuple[object, ...]] = field(default_factory=list)

    def claim(self, stage: Stage) -> Claim | None:
        if not self.waiting[stage]:
            return None
        return Claim(stage, self.waiting[stage].pop(0), "token", self.unknown_calls, self.resumed_at)

    def fetch_upload(self, job_id: str) -> bytes | None:
        return self.pictures.get(job_id)

    fetch_prepared = fetch_upload

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        self.events.append(("promoted", claim.job.id, prepared[:3]))
        return True

    def start_call(self, claim: Claim) -> bool:
        self.events.append(("call started", claim.job.id))
        return self.holds_lease

    def release(self, claim: Claim, *, delay_seconds: float, is_unknown_call: bool, is_throttled: bool) -> bool:
        self.events.append(("released", claim.job.id, delay_seconds, is_unknown_call, is_throttled))
        return True

    def record_failed_call(self, claim: Claim, *, pause_seconds: float) -> None:
        self.events.append(("outage", claim.job.id, pause_seconds))

    def return_claim(self, claim: Claim) -> None:
        self.events.append(("returned", claim.job.id))

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        self.events.append(("finished", claim.job.id, outcome))
        return True

    def disable_model(self, model: str, account: str, problem: Problem) -> bool:
        self.events.append(("model disabled", model, account, problem.code))
        return self.is_off


@dataclass
class FakeImageModelClient:
    """A `worker.ports.ImageModelClient` with a fixed response."""

    response: GeneratedImage | FilteredResult | Exception
    requests: list[Request] = field(default_factory=list)
    refusal: BedrockCallError | None = None

    def authorize(self, model: Model, account: str) -> None:
        if self.refusal is not None:
            raise self.refusal

    def generate(
        self,
        request: Request,
        model: Model,
        pictures: Pictures,
        seed: int | None,
        metadata: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT,
    ) -> GeneratedImage | FilteredResult:
        self.requests.append(request)
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def make_tasks(
    queue: FakeJobQueue, catalogue: Catalogue, response: GeneratedImage | FilteredResult | Exception, *, cores: int = 2
) -> Tasks:
    return Tasks(
        queue,
        catalogue,
        GenerateJob(queue, FakeImageModelClient(response), catalogue, max_wait_seconds=60),
        cores=cores,
    )


BUSY_ERROR = BedrockCallError(
    make_problem("busy", model="SDXL"), RetryPolicy.UNLIMITED, retry_after=3, is_throttled=True
)
TIMEOUT_ERROR = BedrockCallError(make_problem("deadline", limit=5), RetryPolicy.ONCE)
MODEL_GONE_ERROR = BedrockCallError(
    make_problem("model_gone", model="SDXL"), RetryPolicy.NEVER, is_model_unavailable=True
)


def run_generate(catalogue: Catalogue, error: Exception, unknown_calls: int = 0) -> list[tuple[object, ...]]:
    queue = FakeJobQueue(unknown_calls=unknown_calls)
    queue.waiting[Stage.GENERATE].append(make_job(1))
    make_tasks(queue, catalogue, error).generate()
    return queue.events


def test_a_throttled_call_is_repeated_later_and_slows_all_workers(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, BUSY_ERROR) == [("call started", "1"), ("released", "1", 3, False, True)]


@pytest.mark.parametrize(("resumed_ago", "event"), [(None, "finished"), (70, "finished"), (5, "released")])
def test_the_time_of_a_pause_does_not_count_as_waiting_for_a_busy_bedrock(
    catalogue: Catalogue, resumed_ago: int | None, event: str
) -> None:
    queue = FakeJobQueue(resumed_at=0 if resumed_ago is None else time.time() - resumed_ago)
    queue.waiting[Stage.GENERATE].append(make_job(1).model_copy(update={"accepted_at": time.time() - 100}))

    make_tasks(queue, catalogue, BUSY_ERROR).generate()

    assert [name for name, *_ in queue.events] == ["call started", event]


def test_a_call_that_may_have_run_is_repeated_once(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, TIMEOUT_ERROR) == [("call started", "1"), ("released", "1", 1, True, False)]
    assert run_generate(catalogue, TIMEOUT_ERROR, unknown_calls=1)[-1] == (
        "finished",
        "1",
        Failed(problem=TIMEOUT_ERROR.problem, may_be_billed=True),
    )


def test_a_call_without_a_response_in_time_is_counted_before_its_job_is_released(catalogue: Catalogue) -> None:
    error = BedrockCallError(make_problem("deadline", limit=5), RetryPolicy.ONCE, pause_seconds=5)

    assert run_generate(catalogue, error)[1:] == [("outage", "1", 5), ("released", "1", 1, True, False)]
    assert [event[0] for event in run_generate(catalogue, error, unknown_calls=1)[1:]] == ["outage", "finished"]


def test_a_model_that_is_gone_is_disabled_and_the_job_fails(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, MODEL_GONE_ERROR)[1:] == [
        ("model disabled", "sd3.5-large", "default", "model_gone"),
        ("finished", "1", Failed(problem=MODEL_GONE_ERROR.problem)),
    ]


SIGN_IN_ERROR = BedrockCallError(make_problem("credentials", detail="no"), RetryPolicy.UNLIMITED, retry_after=30)


def run_in_account(
    catalogue: Catalogue, error: BedrockCallError, *, is_refused: bool = False
) -> tuple[list[tuple[object, ...]], list[str]]:
    """Run a job in the first of two accounts; return what happened, and the accounts that can be used afterwards."""
    queue, pool = FakeJobQueue(is_off=False), AccountPool(("111111111111", "default"))
    client = FakeImageModelClient(error, refusal=error if is_refused else None)
    GenerateJob(queue, client, catalogue, 60, accounts=pool).run(
        Claim(Stage.GENERATE, make_job(1), "token", 0, account="111111111111")
    )
    return queue.events, pool.list_usable()


QUOTA_ERROR = BedrockCallError(make_problem("quota_exceeded", detail="no"), RetryPolicy.NEVER, is_throttled=True)


@pytest.mark.parametrize(("error", "is_throttled"), [(MODEL_GONE_ERROR, False), (QUOTA_ERROR, True)])
def test_a_model_that_an_account_may_not_use_is_left_to_the_others(
    catalogue: Catalogue, error: BedrockCallError, is_throttled: bool
) -> None:
    events, usable = run_in_account(catalogue, error)

    assert events[1:] == [
        ("model disabled", "sd3.5-large", "111111111111", error.problem.code),
        ("released", "1", 1, False, is_throttled),
    ]
    assert usable == ["111111111111", "default"]


@pytest.mark.parametrize("is_refused", [True, False], ids=["the role is refused", "its credentials have expired"])
def test_an_account_that_refuses_to_sign_in_is_paused_and_the_job_goes_elsewhere(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture, is_refused: bool
) -> None:
    events, usable = run_in_account(catalogue, SIGN_IN_ERROR, is_refused=is_refused)

    assert events == [*[("call started", "1")] * (not is_refused), ("released", "1", 1, False, False)]
    assert usable == ["default"]
    assert "account 111111111111 is paused for 30 s, and calls go to the others" in caplog.text


def test_a_quota_of_the_only_account_ends_the_job_alone(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, QUOTA_ERROR)[1:] == [("finished", "1", Failed(problem=QUOTA_ERROR.problem))]


def test_the_credentials_of_the_only_account_are_tried_again_by_each_job(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, SIGN_IN_ERROR)[1:] == [("released", "1", 30, False, False)]


def make_upscale_job(number: int) -> Job:
    request = Request(model="fast-upscale", text_prompts=(), has_picture=True)
    return make_job(number).model_copy(update={"request": request, "seed": None})


@pytest.mark.parametrize("stage", Stage)
def test_a_model_that_only_the_bot_knows_fails_the_job_and_names_the_file_to_the_operator(
    stage: Stage, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    queue = FakeJobQueue()
    queue.waiting[stage].append(make_job(1, has_picture=stage is Stage.PREPARE, model="of-the-bot"))
    mine = catalogue.model_copy()
    mine.set_source("CATALOGUE_FILE (mine.toml)")
    tasks = make_tasks(queue, mine, BUSY_ERROR)

    tasks.prepare() if stage is Stage.PREPARE else tasks.generate()

    [record] = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert "job 1: the bot accepts the model of-the-bot" in record.getMessage()
    assert "CATALOGUE_FILE (mine.toml) lacks it" in record.getMessage()
    assert queue.events == [("finished", "1", Failed(problem=make_problem("model_gone", model="of-the-bot")))]


@pytest.mark.parametrize("code", ["access_denied", "credentials", "misconfigured"])
def test_an_error_line_is_written_whenever_the_requester_reads_that_the_operator_was_told(
    code: str, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    run_generate(catalogue, BedrockCallError(make_problem(code, model="SDXL", detail="x"), RetryPolicy.NEVER))

    assert [record.levelname for record in caplog.records if f"job 1: {code}" in record.getMessage()] == ["ERROR"]


def test_a_picture_is_upscaled_without_prompt_and_seed(catalogue: Catalogue) -> None:
    queue = FakeJobQueue(pictures={"1": SAMPLE_IMAGE.read_bytes()})
    queue.waiting[Stage.PREPARE].append(make_upscale_job(1))
    queue.waiting[Stage.GENERATE].append(make_upscale_job(1))
    tasks = make_tasks(queue, catalogue, GeneratedImage(b"\xff\xd8\xff", "image/jpeg", 4096, 2048, None, 1.5))

    tasks.prepare()
    tasks.generate()

    sha256 = hashlib.sha256(b"\xff\xd8\xff").hexdigest()
    facts: dict[str, Any] = {"width": 4096, "height": 2048, "duration_seconds": 1.5, "sha256": sha256}
    outcome = Generated(seed=None, media_type="image/jpeg", **facts)
    assert queue.events == [("promoted", "1", b"\xff\xd8\xff"), ("call started", "1"), ("finished", "1", outcome)]


def make_png_upscale_job(number: int, output_format: str | None) -> Job:
    request = Request(model="fast-upscale", text_prompts=(), has_picture=True, output_format=output_format)
    return make_job(number).model_copy(update={"request": request, "seed": None})


@pytest.mark.parametrize("stage", list(Stage))
def test_a_chosen_format_that_cannot_be_returned_fails_before_the_call(stage: Stage, catalogue: Catalogue) -> None:
    queue = FakeJobQueue(pictures={"1": SAMPLE_IMAGE.read_bytes()})
    queue.waiting[stage].append(make_png_upscale_job(1, "png"))
    tasks = make_tasks(queue, catalogue, ZeroDivisionError())

    tasks.prepare() if stage is Stage.PREPARE else tasks.generate()

    ((event, _, outcome),) = queue.events
    assert event == "finished"
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "format_too_large"


def test_a_default_format_that_cannot_be_returned_is_replaced_before_the_call() -> None:
    catalogue = load_catalogue('[models.fast-upscale.fields.output_format]\ndefault = "png"')
    queue = FakeJobQueue(pictures={"1": SAMPLE_IMAGE.read_bytes()})
    queue.waiting[Stage.GENERATE].append(make_png_upscale_job(1, None))
    client = FakeImageModelClient(GeneratedImage(b"\xff\xd8\xff", "image/jpeg", 4096, 2048, None, 1.5))
    Tasks(queue, catalogue, GenerateJob(queue, client, catalogue, max_wait_seconds=60), cores=1).generate()

    assert [request.output_format for request in client.requests] == ["jpeg"]


def test_a_picture_that_is_too_large_to_return_is_not_made_twice(catalogue: Catalogue) -> None:
    error = BedrockCallError(make_problem("response_too_large", model="SDXL", detail="…"), RetryPolicy.NEVER)

    assert run_generate(catalogue, error) == [
        ("call started", "1"),
        ("finished", "1", Failed(problem=error.problem, may_be_billed=True)),
    ]


def test_only_upscalers_are_suggested_for_an_upscaler_that_is_gone(catalogue: Catalogue) -> None:
    queue = FakeJobQueue()
    queue.waiting[Stage.GENERATE].append(make_upscale_job(1))
    queue.pictures["1"] = b"prepared"

    make_tasks(queue, catalogue, MODEL_GONE_ERROR).generate()

    problem = make_problem("model_withdrawn", model="Fast Upscale", models="Conservative Upscale, Creative Upscale")
    assert queue.events[1:] == [
        ("model disabled", "fast-upscale", "default", "model_withdrawn"),
        ("finished", "1", Failed(problem=problem)),
    ]


def test_a_bug_ends_with_a_message_for_the_requester(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, ZeroDivisionError())[-1] == (
        "finished",
        "1",
        Failed(problem=make_problem("internal")),
    )


def test_no_call_is_made_after_the_lease_was_lost(catalogue: Catalogue) -> None:
    queue = FakeJobQueue(holds_lease=False)
    queue.waiting[Stage.GENERATE].append(make_job(1))

    make_tasks(queue, catalogue, AssertionError("called")).generate()

    assert queue.events == [("call started", "1")]


def test_an_invalid_request_is_never_sent(catalogue: Catalogue) -> None:
    queue = FakeJobQueue()
    invalid = make_job(1).model_copy(update={"request": make_job(1).request.model_copy(update={"steps": 30})})
    queue.waiting[Stage.GENERATE].append(invalid)

    make_tasks(queue, catalogue, AssertionError("called")).generate()

    [(event, _, outcome)] = queue.events
    assert event == "finished"
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "field_unsupported"


def test_one_ticket_prepares_all_waiting_jobs(catalogue: Catalogue) -> None:
    queue = FakeJobQueue(pictures={"1": SAMPLE_IMAGE.read_bytes(), "2": b"\xff\xd8\xff rubbish"})
    queue.waiting[Stage.PREPARE] += [
        make_job(1, has_picture=True),
        make_job(2, has_picture=True),
        make_job(3, has_picture=True),
    ]

    make_tasks(queue, catalogue, BUSY_ERROR).prepare()

    assert queue.events[0] == ("promoted", "1", b"\xff\xd8\xff")
    codes = [outcome.problem.code for _, _, outcome in queue.events[1:] if isinstance(outcome, Failed)]
    assert codes == ["picture_unreadable", "upload_expired"]


def test_at_most_one_picture_for_each_core_is_decoded_at_a_time(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = FakeJobQueue()
    queue.waiting[Stage.PREPARE] += [make_job(number, has_picture=True) for number in range(6)]
    concurrent: list[int] = []
    running = threading.Semaphore(0)

    def prepare_slowly(_queue: object, _catalogue: object, _claim: Claim, **_: Any) -> None:
        running.release()
        time.sleep(0.02)
        concurrent.append(running._value)
        running.acquire()

    monkeypatch.setattr(tasks_module, "prepare_job", prepare_slowly)
    tasks = make_tasks(queue, catalogue, BUSY_ERROR, cores=2)
    threads = [threading.Thread(target=tasks.prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(concurrent) == 6
    assert max(concurrent) == 2


def test_a_worker_that_is_stopping_claims_nothing(catalogue: Catalogue) -> None:
    queue = FakeJobQueue()
    queue.waiting[Stage.GENERATE].append(make_job(1))
    tasks = make_tasks(queue, catalogue, BUSY_ERROR)

    tasks.drain()
    tasks.generate()
    tasks.prepare()

    assert queue.events == []
