"""What happens in the bot is counted by few labels, none of which names a person or a server."""

import time

from prometheus_client import CollectorRegistry

from bot.metrics.recorder import EventRecorder
from shared.outcome import Failed
from shared.problems import make_problem
from tests.support.builders import GENERATED, make_finished_status, make_job


def test_events_are_counted() -> None:
    registry = CollectorRegistry()
    recorder = EventRecorder(registry)

    def read(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"pentimento_{name}", labels)

    job = make_job(1, at=time.time() - 30)
    recorder.note_acceptance(job)
    recorder.note_refusal([make_problem("prompt_empty"), make_problem("queue_full")])
    recorder.note_delivery(make_finished_status(job, GENERATED))
    recorder.note_delivery(make_finished_status(job, Failed(problem=make_problem("busy"))))
    recorder.note_delivery_failure(TimeoutError())
    recorder.note_discord_request("429", 0.2)
    recorder.note_loop_lag(0.02)
    recorder.note_redis_error("OOM")

    outcome = {"model": "sd3.5-large"}
    assert read("jobs_accepted_total", **outcome, **{"class": "normal"}) == 1
    assert (read("requests_refused_total", problem="prompt_empty"), read("requests_refused_total", problem="x")) == (
        1,
        None,
    )
    assert read("outcomes_delivered_total", kind="generated", problem="", **outcome) == 1
    assert read("outcomes_delivered_total", kind="failed", problem="busy", **outcome) == 1
    assert read("job_duration_seconds_bucket", le="60.0", **{"class": "normal"}) == 2
    assert read("job_duration_seconds_bucket", le="20.0", **{"class": "normal"}) == 0
    assert read("delivery_failures_total", error="TimeoutError") == 1
    assert read("discord_requests_total", status="429") == 1
    assert read("event_loop_lag_seconds_bucket", le="0.025") == 1
    assert read("redis_errors_total", component="bot", kind="OOM") == 1
