"""A deadline for a whole call, and the handling of a result that comes after it."""

from threading import Event

import pytest

from worker.bedrock.deadline import DeadlineExceededError, run_with_deadline


def test_a_late_result_and_no_other_goes_to_the_handler_of_late_results() -> None:
    may_end, late_results, has_ended = Event(), list[str](), Event()

    def handle_late_result(result: str) -> None:
        late_results.append(result)
        has_ended.set()

    with pytest.raises(DeadlineExceededError):
        run_with_deadline(0.05, lambda: str(may_end.wait(5)), handle_late_result)
    may_end.set()

    assert has_ended.wait(5)
    assert late_results == ["True"]
    assert run_with_deadline(5, lambda: "in time", handle_late_result) == "in time"
    assert late_results == ["True"]
