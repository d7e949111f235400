"""A deadline over a whole call, and what becomes of an answer that comes after it."""

from threading import Event

import pytest

from worker.bedrock.deadline import DeadlineExceededError, run_with_deadline


def test_what_comes_too_late_is_dropped_and_nothing_else_is() -> None:
    go, dropped, ended = Event(), list[str](), Event()

    def drop(late: str) -> None:
        dropped.append(late)
        ended.set()

    with pytest.raises(DeadlineExceededError):
        run_with_deadline(0.05, lambda: str(go.wait(5)), drop)
    go.set()

    assert ended.wait(5)
    assert dropped == ["True"]
    assert run_with_deadline(5, lambda: "in time", drop) == "in time"
    assert dropped == ["True"]
