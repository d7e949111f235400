"""The gauges of the queue, from one measurement of it."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from bot.domain.queue_gauges import QueueGauges
from bot.metrics import definitions as d
from shared.metrics.instruments import build_gauge

_PREPARE: Final = "-"


def build_queue_families(gauges: QueueGauges | None) -> Iterator[GaugeMetricFamily]:
    """Build the gauges; without a measurement, only the one that says so."""
    yield build_gauge(d.REDIS_UP, [((), float(gauges is not None))])
    if gauges is None:
        return
    names = {row.model: ("prepare", "") if row.model == _PREPARE else ("generate", row.model) for row in gauges.queues}
    yield build_gauge(
        d.WAITING_JOBS,
        [
            ((*names[row.model], priority), count)
            for row in gauges.queues
            for priority, count in (("normal", row.normal), ("low", row.low))
        ],
    )
    yield build_gauge(d.RUNNING_JOBS, [(names[row.model], row.running) for row in gauges.queues])
    yield build_gauge(
        d.OLDEST_WAITING, [(("normal",), gauges.oldest_normal_seconds), (("low",), gauges.oldest_low_seconds)]
    )
    for definition, value in (
        (d.PARKED_JOBS, gauges.parked_jobs),
        (d.OPEN_JOBS, gauges.open_jobs),
        (d.UNDELIVERED, gauges.undelivered_outcomes),
        (d.OLDEST_UNDELIVERED, gauges.oldest_undelivered_seconds),
        (d.DEAD_LETTERS, gauges.dead_letters),
        (d.SWEEP_AGE, gauges.sweep_age_seconds),
        (d.CALLS_HELD, float(gauges.is_held)),
        (d.REDIS_MEMORY, gauges.used_memory),
        (d.REDIS_MEMORY_LIMIT, gauges.max_memory),
        (d.REDIS_SAVED, float(gauges.is_saved)),
    ):
        yield build_gauge(definition, [((), value)])
    yield build_gauge(d.TICKETS, [] if gauges.tickets is None else [((), gauges.tickets)])
    yield build_gauge(d.MODEL_PAUSED, [((row.model,), float(row.is_paused)) for row in gauges.models])
    yield build_gauge(d.MODEL_DISABLED, [((row.model,), float(row.is_disabled)) for row in gauges.models])
    places = {(row.account, row.model): row for row in gauges.accounts}
    yield build_gauge(d.ACCOUNT_MODEL_PAUSED, [(labels, float(row.is_paused)) for labels, row in places.items()])
    yield build_gauge(d.ACCOUNT_MODEL_DISABLED, [(labels, float(row.is_disabled)) for labels, row in places.items()])
    yield build_gauge(d.CALL_INTERVAL, [((row.model,), row.interval_seconds) for row in gauges.models])
    yield build_gauge(d.MIN_CALL_INTERVAL, [((row.model,), row.min_interval_seconds) for row in gauges.models])
