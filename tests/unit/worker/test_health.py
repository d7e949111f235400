"""The worker's health: a fault of its own fails /healthz, anything that keeps it from its work fails /readyz."""

from worker.health import WorkerHealth


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def list_failing(health: WorkerHealth) -> tuple[list[str], list[str]]:
    reports = health.report_health(), health.report_readiness()
    live, ready = ([name for name, is_passed in report.checks.items() if not is_passed] for report in reports)
    return live, ready


def test_a_worker_that_starts_is_alive_and_not_ready() -> None:
    health = WorkerHealth(lambda: False)

    assert list_failing(health) == ([], ["started"])
    assert (health.report_health().http_status, health.report_readiness().http_status) == (200, 503)
    assert b'"status": "starting"' in health.report_readiness().render()


def test_each_fault_is_named_where_it_counts() -> None:
    clock, draining = Clock(), [False]
    health = WorkerHealth(lambda: draining[0], clock=clock)

    def run_round(*, is_consuming: bool = True) -> None:
        health.record_round()
        health.record_success(is_consuming=is_consuming)

    run_round()
    assert list_failing(health) == ([], [])
    clock.now += 30
    health.record_round()  # it fails: Redis refuses
    assert list_failing(health) == ([], ["redis"])
    run_round(is_consuming=False)
    assert list_failing(health) == (["consumer"], ["consumer"])
    run_round()
    clock.now += 61  # the thread hangs in a round
    assert list_failing(health) == (["maintenance"], ["maintenance", "redis"])
    run_round()
    draining[0] = True
    assert list_failing(health) == ([], ["claiming"])
