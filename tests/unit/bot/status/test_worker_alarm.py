"""The operator's alarm that no worker is alive."""

from dataclasses import replace

import pytest

from bot.domain.status import JobStatus, QueueState
from bot.status.worker_alarm import GRACE_SECONDS, REPEAT_SECONDS, WorkerAlarm
from tests.support.builders import make_job


def make_status(state: QueueState = QueueState.QUEUED, *, has_worker: bool = False) -> JobStatus:
    return JobStatus(make_job(1), state, 1, 5, 0, None, None, has_worker=has_worker)


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def list_levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records]


def test_jobs_that_wait_without_a_worker_raise_it_after_a_while_and_again(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    alarm, waiting = WorkerAlarm(clock=clock), [make_status(), make_status(QueueState.PREPARING)]

    alarm.update(waiting)
    clock.now = GRACE_SECONDS - 1
    alarm.update(waiting)
    assert list_levels(caplog) == []
    for now in (GRACE_SECONDS, GRACE_SECONDS + 1, GRACE_SECONDS + REPEAT_SECONDS):
        clock.now = now
        alarm.update(waiting)

    assert list_levels(caplog) == ["CRITICAL", "CRITICAL"]
    assert "jobs wait (2)" in caplog.text
    alarm.update([replace(status, has_worker=True) for status in waiting])
    alarm.update([])
    assert list_levels(caplog) == ["CRITICAL", "CRITICAL", "WARNING"]


@pytest.mark.parametrize(
    "status",
    [
        make_status(has_worker=True),
        make_status(QueueState.RUNNING),
        make_status(QueueState.FINISHED),
    ],
)
def test_nothing_else_raises_it(status: JobStatus, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    alarm = WorkerAlarm(clock=clock)

    for clock.now in (0, 1000, 2000):
        alarm.update([status])

    assert list_levels(caplog) == []


def test_an_absence_that_ends_in_time_does_not_count(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    alarm = WorkerAlarm(clock=clock)

    for clock.now in range(0, 200, 15):
        alarm.update([make_status(has_worker=bool(clock.now // 15 % 2))])

    assert list_levels(caplog) == []
