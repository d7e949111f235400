"""kill -9 of the worker at each moment of a job: the next worker ends it, once, and pays twice only for a call begun.

Measured with leases of 3 s on 2 cores: from the question to the picture 4 to 6 s, most of it the lease.
"""

from collections.abc import Iterator

import pytest

from demo.processes import Process
from tests.e2e.asker import until
from tests.e2e.faults.gate import Gate, Side
from tests.e2e.faults.stage import Stage, open_stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("killed"), start=("bot",)) as opened:
        yield opened


@pytest.fixture(scope="module")
def gate(stage: Stage) -> Iterator[Gate]:
    with Gate(stage.server.port) as opened:
        yield opened


@pytest.fixture
def victim(stage: Stage, gate: Gate) -> Process:
    """The one worker, which has made a picture: a script that Redis has not yet loaded would be sent twice."""
    running = [worker for worker in stage.workers if worker.running]
    if running:
        return running[-1]
    worker = stage.start_worker(gate.url)
    stage.picture_of(stage.ask("a warm hearth"))
    return worker


@pytest.mark.parametrize(
    ("moment", "side", "name", "paid", "doubts"),
    [
        ("after preparing and before storing it", "request", "promote", 1, 0),
        ("between claim and call", "request", "begin", 1, 0),
        ("after recording the call and before making it", "reply", "begin", 1, 1),
        ("after the answer and before finish", "request", "finish", 2, 1),
        ("after finish and before hearing of it", "reply", "finish", 1, 0),
    ],
)
def test_a_worker_that_is_killed_at_this_moment_loses_nothing(
    stage: Stage, gate: Gate, victim: Process, moment: str, side: Side, name: str, paid: int, doubts: int
) -> None:
    """The gate holds one message of the worker's at the moment, exactly, and the worker is killed meanwhile."""
    gate.hold(side, name)
    job = stage.ask(moment)
    assert gate.met.wait(20), moment

    stage.kill(victim)
    gate.open()
    stage.start_worker(gate.url)

    stage.picture_of(job)
    assert stage.billed(moment) == paid
    assert stage.counts(job)["doubts"] == doubts


def test_a_worker_that_is_killed_while_it_decodes_loses_nothing(stage: Stage, victim: Process) -> None:
    """The lease of the lane is seen from outside and the kill follows within some milliseconds: before, in or shortly
    after decoding, which takes about 0.1 s. Whichever it is, no call was begun, and one is paid."""
    job = stage.ask("while decoding")
    until(lambda: stage.running("prepare") or stage.running(), "a lease", 10)

    stage.kill(victim)
    stage.start_worker()

    stage.picture_of(job)
    assert stage.billed("while decoding") <= 1 + stage.counts(job)["doubts"]


def test_a_worker_that_is_killed_during_the_call_repeats_it_once(stage: Stage, victim: Process) -> None:
    job = stage.ask("during the call [slow:2]")
    until(lambda: stage.calls("during the call"), "a call in flight")

    stage.kill(victim)
    stage.start_worker()

    stage.picture_of(job)
    assert [entry["billed"] for entry in stage.calls("during the call")] == [True, True]
    assert stage.counts(job) == {"calls": 2, "doubts": 1, "crashes": 0}
