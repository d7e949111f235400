"""Tickets and what they set going, over a queue in memory."""

import threading
import time
from dataclasses import dataclass, field

import pytest

from demo.__main__ import SAMPLE_IMAGE
from shared.catalogue import Catalogue, Model
from shared.job import Job, Origin, Requester
from shared.outcome import Failed, Generated, Outcome
from shared.problems import Problem, make_problem
from shared.prompts import TextPrompt
from shared.queue.stages import Stage
from shared.request.model import Request
from worker import tasks as tasks_module
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
    """`worker.ports.Queue` in memory: jobs wait in lanes, and what becomes of them is written down."""

    waiting: dict[Stage, list[Job]] = field(default_factory=lambda: {lane: [] for lane in Stage})
    sources: dict[str, bytes] = field(default_factory=dict)
    unknown_calls: int = 0
    holds_lease: bool = True
    events: list[tuple[object, ...]] = field(default_factory=list)

    def claim(self, stage: Stage) -> Claim | None:
        return Claim(stage, self.waiting[stage].pop(0), "token", self.unknown_calls) if self.waiting[stage] else None

    def fetch_upload(self, job_id: str) -> bytes | None:
        return self.sources.get(job_id)

    fetch_prepared = fetch_upload

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        self.events.append(("promoted", claim.job.id, prepared[:3]))
        return True

    def start_call(self, claim: Claim) -> bool:
        self.events.append(("begun", claim.job.id))
        return self.holds_lease

    def release(self, claim: Claim, *, delay_seconds: float, is_unknown_call: bool, is_throttled: bool) -> bool:
        self.events.append(("released", claim.job.id, delay_seconds, is_unknown_call, is_throttled))
        return True

    def return_claim(self, claim: Claim) -> None:
        self.events.append(("abandoned", claim.job.id))

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        self.events.append(("finished", claim.job.id, outcome))
        return True

    def disable_model(self, model: str, problem: Problem) -> None:
        self.events.append(("switched off", model, problem.code))


@dataclass
class FakeImageModelClient:
    """`worker.ports.Studio` that answers as it is told."""

    response: GeneratedImage | FilteredResult | Exception

    def generate(
        self, request: Request, model: Model, picture: bytes | None, seed: int | None
    ) -> GeneratedImage | FilteredResult:
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def make_tasks(
    queue: FakeJobQueue, catalogue: Catalogue, answer: GeneratedImage | FilteredResult | Exception, *, cores: int = 2
) -> Tasks:
    return Tasks(
        queue, catalogue, GenerateJob(queue, FakeImageModelClient(answer), catalogue, max_wait_seconds=60), cores=cores
    )


BUSY_ERROR = BedrockCallError(
    make_problem("busy", model="SDXL"), RetryPolicy.UNLIMITED, retry_after=3, is_throttled=True
)
TIMEOUT_ERROR = BedrockCallError(make_problem("deadline", limit=5), RetryPolicy.ONCE)
MODEL_GONE_ERROR = BedrockCallError(
    make_problem("model_gone", model="SDXL"), RetryPolicy.NEVER, is_model_unavailable=True
)


def run_generate(catalogue: Catalogue, answer: Exception, doubts: int = 0) -> list[tuple[object, ...]]:
    queue = FakeJobQueue(unknown_calls=doubts)
    queue.waiting[Stage.GENERATE].append(make_job(1))
    make_tasks(queue, catalogue, answer).generate()
    return queue.events


def test_what_is_known_not_to_have_run_waits_and_slows_the_pace(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, BUSY_ERROR) == [("begun", "1"), ("released", "1", 3, False, True)]


def test_what_may_have_run_is_repeated_once(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, TIMEOUT_ERROR) == [("begun", "1"), ("released", "1", 1, True, False)]
    assert run_generate(catalogue, TIMEOUT_ERROR, doubts=1)[-1] == (
        "finished",
        "1",
        Failed(problem=TIMEOUT_ERROR.problem),
    )


def test_a_model_that_is_gone_is_switched_off_and_the_job_told(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, MODEL_GONE_ERROR)[1:] == [
        ("switched off", "sd3.5-large", "model_gone"),
        ("finished", "1", Failed(problem=MODEL_GONE_ERROR.problem)),
    ]


def make_upscale_job(number: int) -> Job:
    request = Request(model="fast-upscale", text_prompts=(), has_picture=True)
    return make_job(number).model_copy(update={"request": request, "seed": None})


def test_a_picture_is_upscaled_without_prompt_and_seed(catalogue: Catalogue) -> None:
    queue = FakeJobQueue(sources={"1": SAMPLE_IMAGE.read_bytes()})
    queue.waiting[Stage.PREPARE].append(make_upscale_job(1))
    queue.waiting[Stage.GENERATE].append(make_upscale_job(1))
    larger = make_tasks(queue, catalogue, GeneratedImage(b"\xff\xd8\xff", "image/jpeg", 4096, 2048, None, 1.5))

    larger.prepare()
    larger.generate()

    made = Generated(seed=None, media_type="image/jpeg", width=4096, height=2048, duration_seconds=1.5)
    assert queue.events == [("promoted", "1", b"\xff\xd8\xff"), ("begun", "1"), ("finished", "1", made)]


def test_an_upscaler_that_is_gone_is_stood_in_for_by_upscalers_alone(catalogue: Catalogue) -> None:
    queue = FakeJobQueue()
    queue.waiting[Stage.GENERATE].append(make_upscale_job(1))
    queue.sources["1"] = b"prepared"

    make_tasks(queue, catalogue, MODEL_GONE_ERROR).generate()

    told = make_problem("model_withdrawn", model="Fast Upscale", models="Conservative Upscale")
    assert queue.events[1:] == [
        ("switched off", "fast-upscale", "model_withdrawn"),
        ("finished", "1", Failed(problem=told)),
    ]


def test_a_fault_of_ours_ends_in_words_for_its_owner(catalogue: Catalogue) -> None:
    assert run_generate(catalogue, ZeroDivisionError())[-1] == (
        "finished",
        "1",
        Failed(problem=make_problem("internal")),
    )


def test_a_lease_that_was_lost_before_the_call_means_no_call(catalogue: Catalogue) -> None:
    queue = FakeJobQueue(holds_lease=False)
    queue.waiting[Stage.GENERATE].append(make_job(1))

    make_tasks(queue, catalogue, AssertionError("called")).generate()

    assert queue.events == [("begun", "1")]


def test_a_request_that_its_model_would_not_take_is_never_sent(catalogue: Catalogue) -> None:
    queue = FakeJobQueue()
    wrong = make_job(1).model_copy(update={"request": make_job(1).request.model_copy(update={"steps": 30})})
    queue.waiting[Stage.GENERATE].append(wrong)

    make_tasks(queue, catalogue, AssertionError("called")).generate()

    [(what, _, outcome)] = queue.events
    assert what == "finished"
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "field_unsupported"


def test_one_ticket_prepares_all_that_waits(catalogue: Catalogue) -> None:
    queue = FakeJobQueue(sources={"1": SAMPLE_IMAGE.read_bytes(), "2": b"\xff\xd8\xff rubbish"})
    queue.waiting[Stage.PREPARE] += [
        make_job(1, has_picture=True),
        make_job(2, has_picture=True),
        make_job(3, has_picture=True),
    ]

    make_tasks(queue, catalogue, BUSY_ERROR).prepare()

    assert queue.events[0] == ("promoted", "1", b"\xff\xd8\xff")
    codes = [outcome.problem.code for _, _, outcome in queue.events[1:] if isinstance(outcome, Failed)]
    assert codes == ["picture_unreadable", "no_longer_kept"]


def test_no_more_pictures_are_decoded_at_a_time_than_there_are_cores(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = FakeJobQueue()
    queue.waiting[Stage.PREPARE] += [make_job(number, has_picture=True) for number in range(6)]
    at_once: list[int] = []
    inside = threading.Semaphore(0)

    def prepare_slowly(_queue: object, _catalogue: object, _claim: Claim) -> None:
        inside.release()
        time.sleep(0.02)
        at_once.append(inside._value)
        inside.acquire()

    monkeypatch.setattr(tasks_module, "prepare_job", prepare_slowly)
    working = make_tasks(queue, catalogue, BUSY_ERROR, cores=2)
    threads = [threading.Thread(target=working.prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(at_once) == 6
    assert max(at_once) == 2


def test_a_worker_that_is_stopping_claims_nothing(catalogue: Catalogue) -> None:
    queue = FakeJobQueue()
    queue.waiting[Stage.GENERATE].append(make_job(1))
    stopping = make_tasks(queue, catalogue, BUSY_ERROR)

    stopping.drain()
    stopping.generate()
    stopping.prepare()

    assert queue.events == []
