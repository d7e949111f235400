"""When the pictures of a job are checked, and what a check that fails means for it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from demo.__main__ import SAMPLE_IMAGE
from shared.catalogue import Catalogue
from shared.outcome import Failed, Filtered, FilteredPart, Generated
from shared.problems import make_problem
from shared.queue.stages import Stage
from shared.request.bundles import pack_pictures
from shared.request.pictures import Pictures
from tests.unit.worker.test_tasks import FakeImageModelClient, FakeJobQueue, make_job
from worker.call_result import FilteredResult, GeneratedImage
from worker.generate import GenerateJob
from worker.picture_checks import PictureChecks
from worker.ports import CheckedSide, GuardrailError

SOURCE = SAMPLE_IMAGE.read_bytes()
RESULT = GeneratedImage(b"\xff\xd8\xff result", "image/jpeg", 64, 64, 7, 1.5)
BUSY = GuardrailError("busy", is_temporary=True, retry_after=3)
BROKEN = GuardrailError("no such guardrail", is_temporary=False)


@dataclass
class FakeGuardrail:
    """A `worker.ports.Guardrail` with the verdicts of a list, and then no objection."""

    verdicts: dict[CheckedSide, list[bool | GuardrailError]] = field(default_factory=dict)
    checks: list[tuple[CheckedSide, list[bytes]]] = field(default_factory=list)

    def check_pictures(self, pictures: Sequence[bytes], side: CheckedSide, seconds: float) -> bool:
        assert seconds > 0
        self.checks.append((side, list(pictures)))
        verdicts = self.verdicts.get(side)
        verdict = verdicts.pop(0) if verdicts else False
        if isinstance(verdict, GuardrailError):
            raise verdict
        return verdict


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the clock and the waiting between checks."""
    taken: list[float] = []
    monkeypatch.setattr("worker.picture_checks.time.sleep", taken.append)
    monkeypatch.setattr("worker.picture_checks.time.monotonic", lambda: 1000 + sum(taken))
    return taken


def run(
    catalogue: Catalogue,
    guardrail: FakeGuardrail,
    *,
    response: GeneratedImage | FilteredResult = RESULT,
    waited: float = 0,
    has_picture: bool = True,
) -> tuple[list[tuple[object, ...]], int]:
    """Run a job with these verdicts; return the events of its queue and the number of calls of the model."""
    queue = FakeJobQueue(pictures={"1": pack_pictures(Pictures(SOURCE)) or b""})
    job = make_job(1, has_picture=has_picture)
    queue.waiting[Stage.GENERATE].append(job.model_copy(update={"accepted_at": time.time() - waited}))
    client = FakeImageModelClient(response)
    checks = PictureChecks(guardrail, call_seconds=60)
    claim = queue.claim(Stage.GENERATE)
    assert claim
    GenerateJob(queue, client, catalogue, 3600, checks=checks).run(claim)
    return queue.events, len(client.requests)


def test_the_source_is_checked_before_the_call_and_the_result_after_it(catalogue: Catalogue) -> None:
    guardrail = FakeGuardrail()

    (started, (name, _, outcome)), calls = run(catalogue, guardrail)

    assert guardrail.checks == [(CheckedSide.INPUT, [SOURCE]), (CheckedSide.OUTPUT, [RESULT.data])]
    assert (started[0], name, calls) == ("call started", "finished", 1)
    assert isinstance(outcome, Generated)


def test_without_a_source_only_the_result_is_checked(catalogue: Catalogue) -> None:
    guardrail = FakeGuardrail()

    run(catalogue, guardrail, has_picture=False)

    assert [side for side, _ in guardrail.checks] == [CheckedSide.OUTPUT]


def test_the_pictures_of_a_style_are_checked_and_masks_are_not() -> None:
    guardrail = FakeGuardrail()

    PictureChecks(guardrail, 60).check_sources(Pictures(b"source", b"mask", b"style"))

    assert guardrail.checks == [(CheckedSide.INPUT, [b"source", b"style"])]


def test_a_source_that_is_refused_ends_the_job_before_the_call(catalogue: Catalogue) -> None:
    [(name, _, outcome)], calls = run(catalogue, FakeGuardrail({CheckedSide.INPUT: [True]}))

    assert (name, calls) == ("finished", 0)
    assert isinstance(outcome, Filtered)
    assert (outcome.part, outcome.is_before_call) == (FilteredPart.INPUT, True)


def test_a_result_that_is_refused_is_withheld_after_a_call_that_is_paid_for(catalogue: Catalogue) -> None:
    events, calls = run(catalogue, FakeGuardrail({CheckedSide.OUTPUT: [True]}), has_picture=False)

    assert calls == 1
    assert events[-1] == ("finished", "1", Filtered(part=FilteredPart.OUTPUT, duration_seconds=1.5))


def test_what_the_model_has_withheld_is_not_checked(catalogue: Catalogue) -> None:
    guardrail = FakeGuardrail()

    run(catalogue, guardrail, response=FilteredResult(FilteredPart.OUTPUT, 2), has_picture=False)

    assert guardrail.checks == []


@pytest.mark.parametrize(("waited", "delay"), [(0, 3), (20, 10), (1000, 60)])
def test_a_job_whose_source_cannot_be_checked_waits_longer_each_time(
    waited: float, delay: float, catalogue: Catalogue
) -> None:
    [(name, _, seconds, *flags)], calls = run(catalogue, FakeGuardrail({CheckedSide.INPUT: [BUSY]}), waited=waited)

    assert (name, seconds, flags, calls) == ("released", pytest.approx(delay, abs=1), [False, False], 0)


@pytest.mark.parametrize(
    ("error", "waited", "code"), [(BUSY, 4000, "guardrail_unavailable"), (BROKEN, 0, "guardrail_misconfigured")]
)
def test_a_job_whose_source_is_never_checked_fails_without_a_call(
    error: GuardrailError, waited: float, code: str, catalogue: Catalogue
) -> None:
    events, calls = run(catalogue, FakeGuardrail({CheckedSide.INPUT: [error]}), waited=waited)

    assert (events, calls) == ([("finished", "1", Failed(problem=make_problem(code)))], 0)


def test_a_result_is_checked_again_while_the_guardrail_is_busy(catalogue: Catalogue, naps: list[float]) -> None:
    busy: list[Any] = [GuardrailError("busy", is_temporary=True)] * 6
    events, calls = run(catalogue, FakeGuardrail({CheckedSide.OUTPUT: busy}), has_picture=False)

    assert isinstance(events[-1][2], Generated)
    assert calls == 1
    assert len(naps) == 6
    assert all(bound / 2 <= nap <= bound for nap, bound in zip(naps, (0.5, 1, 2, 4, 8, 8), strict=True))


@pytest.mark.parametrize(("error", "most_checks"), [(BUSY, 20), (BROKEN, 1)])
def test_a_result_that_cannot_be_checked_is_shown_to_nobody_billed_once_and_not_made_again(
    error: GuardrailError, most_checks: int, catalogue: Catalogue, naps: list[float]
) -> None:
    guardrail = FakeGuardrail({CheckedSide.OUTPUT: [error] * 100})

    events, calls = run(catalogue, guardrail, has_picture=False)

    problem = make_problem("result_unchecked")
    assert events == [("call started", "1"), ("finished", "1", Failed(problem=problem, may_be_billed=True))]
    assert calls == 1
    assert len(guardrail.checks) <= most_checks
    assert sum(naps) < 60
