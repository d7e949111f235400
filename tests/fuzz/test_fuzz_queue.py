"""A few hundred steps of the queue's state machine, always the same, and a bug that it finds."""

import hypothesis
import pytest
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test

from shared.queue.scripts import load_script
from tests.fuzz.fuzz_queue import SETTINGS, fuzz_queue
from tests.fuzz.queue_clients import open_clients
from tests.fuzz.queue_machine import build_machine

RUNS = 10


def test_with_a_fault_at_any_command_the_queue_keeps_its_promises(redis_url: str) -> None:
    with open_clients(redis_url) as clients:
        machine = build_machine(clients)
        run_state_machine_as_test(machine, settings=hypothesis.settings(SETTINGS, max_examples=RUNS, derandomize=True))

    assert machine.step_count > 20 * RUNS


def test_a_bug_is_reported_with_its_steps_and_a_seed(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts forget to free the slots of jobs that leave a stage."""

    def load_broken_script(name: str) -> str:
        return load_script(name).replace("grant_next_slot(stage, scope.name) end", "end")

    for half in ("bot", "worker"):
        monkeypatch.setattr(f"{half}.queue.scripts.load_script", load_broken_script)

    unshrunk = hypothesis.settings(SETTINGS, phases=(Phase.generate,))
    _, report = fuzz_queue(redis_url, 1000, 1, unshrunk)

    assert "which has free slots" in report
    assert "state.start()" in report
    assert "--seed 1" in report
