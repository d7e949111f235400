"""Instruments of prometheus-client, made from definitions. Only a process that is scraped imports this module."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from shared import __version__
from shared.metrics.definition import BUILD_INFO, READY, MetricDefinition

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

Sample = tuple[Sequence[str], float]
"""The values of a metric's labels, and its own."""


def create_registry() -> CollectorRegistry:
    """Create a registry with the memory, the CPU time and the open files of this process."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second sample for each counter, which Prometheus does not need
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def create_counter(definition: MetricDefinition, registry: CollectorRegistry) -> Counter:
    """Create a counter of a registry."""
    name = definition.full_name.removesuffix("_total")
    return Counter(name, definition.documentation, definition.labels, registry=registry)


def create_histogram(definition: MetricDefinition, registry: CollectorRegistry) -> Histogram:
    """Create a histogram of a registry."""
    return Histogram(
        definition.full_name,
        definition.documentation,
        definition.labels,
        buckets=definition.buckets,
        registry=registry,
    )


def build_gauge(definition: MetricDefinition, samples: Iterable[Sample]) -> GaugeMetricFamily:
    """Build the gauge of one scrape, for a collector."""
    family = GaugeMetricFamily(definition.full_name, definition.documentation, labels=definition.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def build_info(component: str) -> GaugeMetricFamily:
    """Build the gauge that names this process's release."""
    return build_gauge(BUILD_INFO, [((component, __version__, platform.python_version()), 1)])


def build_readiness(component: str, checks: Mapping[str, bool]) -> GaugeMetricFamily:
    """Build the gauge of the checks of /readyz, by their names."""
    return build_gauge(READY, [((component, name), float(is_passed)) for name, is_passed in checks.items()])


def render_metrics(registry: CollectorRegistry) -> bytes:
    """Render all metrics in Prometheus's text format."""
    return generate_latest(registry)
