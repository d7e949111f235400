"""Tickets and what they set going, over a queue in memory."""

import threading
import time
from dataclasses import dataclass, field

import pytest

from demo.__main__ import SAMPLE
from shared.catalogue import Catalogue, Model
from shared.errors import Problem, problem
from shared.job import Job, Place, Requester
from shared.outcome import Failed, Generated, Outcome
from shared.prompts import TextPrompt
from shared.request import Request
from worker import tasks as tasks_module
from worker.generate import Generating
from worker.ports import Claim, Lane, Picture, Retry, Trouble, Withheld
from worker.tasks import Tasks


def job(number: int, *, has_picture: bool = False, model: str = "sd3.5-large") -> Job:
    return Job(
        id=str(number),
        request=Request(model=model, text_prompts=(TextPrompt(text="a castle"),), has_picture=has_picture),
        seed=7,
        requester=Requester(id=1, name="Ada"),
        place=Place(guild=1, channel=2, message=3),
        accepted_at=time.time(),
    )


@dataclass
class MemoryQueue:
    """`worker.ports.Queue` in memory: jobs wait in lanes, and what becomes of them is written down."""

    waiting: dict[Lane, list[Job]] = field(default_factory=lambda: {lane: [] for lane in Lane})
    sources: dict[str, bytes] = field(default_factory=dict)
    doubts: int = 0
    holds: bool = True
    events: list[tuple[object, ...]] = field(default_factory=list)

    def claim(self, lane: Lane) -> Claim | None:
        return Claim(lane, self.waiting[lane].pop(0), "token", self.doubts) if self.waiting[lane] else None

    def source(self, job_id: str) -> bytes | None:
        return self.sources.get(job_id)

    prepared = source

    def promote(self, claim: Claim, prepared: bytes) -> bool:
        self.events.append(("promoted", claim.job.id, prepared[:3]))
        return True

    def begin(self, claim: Claim) -> bool:
        self.events.append(("begun", claim.job.id))
        return self.holds

    def release(self, claim: Claim, *, after: float, doubt: bool, throttled: bool) -> bool:
        self.events.append(("released", claim.job.id, after, doubt, throttled))
        return True

    def abandon(self, claim: Claim) -> None:
        self.events.append(("abandoned", claim.job.id))

    def finish(self, claim: Claim, outcome: Outcome, picture: bytes | None = None) -> bool:
        self.events.append(("finished", claim.job.id, outcome))
        return True

    def switch_off(self, model: str, problem: Problem) -> None:
        self.events.append(("switched off", model, problem.code))


@dataclass
class Studio:
    """`worker.ports.Studio` that answers as it is told."""

    answer: Picture | Withheld | Exception

    def generate(self, request: Request, model: Model, picture: bytes | None, seed: int | None) -> Picture | Withheld:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def tasks(queue: MemoryQueue, catalogue: Catalogue, answer: Picture | Withheld | Exception, *, cores: int = 2) -> Tasks:
    return Tasks(queue, catalogue, Generating(queue, Studio(answer), catalogue, patience=60), cores=cores)


BUSY = Trouble(problem("busy", model="SDXL"), Retry.WAIT, after=3, throttled=True)
TIMED_OUT = Trouble(problem("deadline", limit=5), Retry.ONCE)
GONE = Trouble(problem("model_gone", model="SDXL"), Retry.NEVER, switch_off=True)


def generated(catalogue: Catalogue, answer: Exception, doubts: int = 0) -> list[tuple[object, ...]]:
    queue = MemoryQueue(doubts=doubts)
    queue.waiting[Lane.GENERATE].append(job(1))
    tasks(queue, catalogue, answer).generate()
    return queue.events


def test_what_is_known_not_to_have_run_waits_and_slows_the_pace(catalogue: Catalogue) -> None:
    assert generated(catalogue, BUSY) == [("begun", "1"), ("released", "1", 3, False, True)]


def test_what_may_have_run_is_repeated_once(catalogue: Catalogue) -> None:
    assert generated(catalogue, TIMED_OUT) == [("begun", "1"), ("released", "1", 1, True, False)]
    assert generated(catalogue, TIMED_OUT, doubts=1)[-1] == ("finished", "1", Failed(problem=TIMED_OUT.problem))


def test_a_model_that_is_gone_is_switched_off_and_the_job_told(catalogue: Catalogue) -> None:
    assert generated(catalogue, GONE)[1:] == [
        ("switched off", "sd3.5-large", "model_gone"),
        ("finished", "1", Failed(problem=GONE.problem)),
    ]


def upscaling(number: int) -> Job:
    request = Request(model="fast-upscale", text_prompts=(), has_picture=True)
    return job(number).model_copy(update={"request": request, "seed": None})


def test_a_picture_is_upscaled_without_prompt_and_seed(catalogue: Catalogue) -> None:
    queue = MemoryQueue(sources={"1": SAMPLE.read_bytes()})
    queue.waiting[Lane.PREPARE].append(upscaling(1))
    queue.waiting[Lane.GENERATE].append(upscaling(1))
    larger = tasks(queue, catalogue, Picture(b"\xff\xd8\xff", "image/jpeg", 4096, 2048, None, 1.5))

    larger.prepare()
    larger.generate()

    made = Generated(seed=None, media_type="image/jpeg", width=4096, height=2048, seconds=1.5)
    assert queue.events == [("promoted", "1", b"\xff\xd8\xff"), ("begun", "1"), ("finished", "1", made)]


def test_an_upscaler_that_is_gone_is_stood_in_for_by_upscalers_alone(catalogue: Catalogue) -> None:
    queue = MemoryQueue()
    queue.waiting[Lane.GENERATE].append(upscaling(1))
    queue.sources["1"] = b"prepared"

    tasks(queue, catalogue, GONE).generate()

    told = problem("model_withdrawn", model="Fast Upscale", models="Conservative Upscale")
    assert queue.events[1:] == [
        ("switched off", "fast-upscale", "model_withdrawn"),
        ("finished", "1", Failed(problem=told)),
    ]


def test_a_fault_of_ours_ends_in_words_for_its_owner(catalogue: Catalogue) -> None:
    assert generated(catalogue, ZeroDivisionError())[-1] == ("finished", "1", Failed(problem=problem("internal")))


def test_a_lease_that_was_lost_before_the_call_means_no_call(catalogue: Catalogue) -> None:
    queue = MemoryQueue(holds=False)
    queue.waiting[Lane.GENERATE].append(job(1))

    tasks(queue, catalogue, AssertionError("called")).generate()

    assert queue.events == [("begun", "1")]


def test_a_request_that_its_model_would_not_take_is_never_sent(catalogue: Catalogue) -> None:
    queue = MemoryQueue()
    wrong = job(1).model_copy(update={"request": job(1).request.model_copy(update={"steps": 30})})
    queue.waiting[Lane.GENERATE].append(wrong)

    tasks(queue, catalogue, AssertionError("called")).generate()

    [(what, _, outcome)] = queue.events
    assert what == "finished"
    assert isinstance(outcome, Failed)
    assert outcome.problem.code == "field_unsupported"


def test_one_ticket_prepares_all_that_waits(catalogue: Catalogue) -> None:
    queue = MemoryQueue(sources={"1": SAMPLE.read_bytes(), "2": b"\xff\xd8\xff rubbish"})
    queue.waiting[Lane.PREPARE] += [job(1, has_picture=True), job(2, has_picture=True), job(3, has_picture=True)]

    tasks(queue, catalogue, BUSY).prepare()

    assert queue.events[0] == ("promoted", "1", b"\xff\xd8\xff")
    codes = [outcome.problem.code for _, _, outcome in queue.events[1:] if isinstance(outcome, Failed)]
    assert codes == ["picture_unreadable", "no_longer_kept"]


def test_no_more_pictures_are_decoded_at_a_time_than_there_are_cores(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = MemoryQueue()
    queue.waiting[Lane.PREPARE] += [job(number, has_picture=True) for number in range(6)]
    at_once: list[int] = []
    inside = threading.Semaphore(0)

    def prepare_slowly(_queue: object, _catalogue: object, _claim: Claim) -> None:
        inside.release()
        time.sleep(0.02)
        at_once.append(inside._value)
        inside.acquire()

    monkeypatch.setattr(tasks_module, "prepare_job", prepare_slowly)
    working = tasks(queue, catalogue, BUSY, cores=2)
    threads = [threading.Thread(target=working.prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(at_once) == 6
    assert max(at_once) == 2


def test_a_worker_that_is_stopping_claims_nothing(catalogue: Catalogue) -> None:
    queue = MemoryQueue()
    queue.waiting[Lane.GENERATE].append(job(1))
    stopping = tasks(queue, catalogue, BUSY)

    stopping.drain()
    stopping.generate()
    stopping.prepare()

    assert queue.events == []
