"""Spans, their parents, and a collector that is away."""

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import shared.otel_tracer
from shared import __version__
from shared.log_context import TRACE_ID
from shared.otel_tracer import OtelTracer
from shared.settings import InvalidSettingsError
from shared.tracing import ERROR_TYPE, NO_TRACER, SpanKind, create_tracer

PARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"
UNSAMPLED = f"00-{'ab' * 16}-{'cd' * 8}-00"


@pytest.fixture(autouse=True)
def _end_exports() -> Iterator[None]:
    """Wait for the threads that send spans, and let the libraries log as before."""
    loggers = [logging.getLogger(name) for name in ("opentelemetry", "urllib3")]
    levels = [logger.level for logger in loggers]
    yield
    for thread in [thread for thread in threading.enumerate() if thread.name.startswith(("Otel", "tracing"))]:
        thread.join(20)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[OtelTracer]:
    tracer = OtelTracer("pentimento-worker", exporter)
    yield tracer
    tracer.shutdown()


def collect_spans(tracer: OtelTracer, exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    tracer.shutdown()
    return {span.name: span for span in exporter.get_finished_spans()}


def test_spans_go_on_with_the_trace_of_another_process(tracer: OtelTracer, exporter: InMemorySpanExporter) -> None:
    with tracer.start_span("outer", kind=SpanKind.CONSUMER, parent=PARENT, started_at=1000.5) as outer:
        assert TRACE_ID.get() == "ab" * 16
        assert outer.traceparent.startswith(f"00-{'ab' * 16}-")
        with tracer.start_span("inner", attributes={"pentimento.stage": "generate"}):
            pass
    assert TRACE_ID.get() == ""

    spans = collect_spans(tracer, exporter)
    outer_span, inner_span = spans["outer"], spans["inner"]
    assert outer_span.parent is not None
    assert outer_span.parent.span_id == int("cd" * 8, 16)
    assert outer_span.start_time == 1_000_500_000_000
    assert outer_span.kind.name == "CONSUMER"
    assert outer_span.resource.attributes["service.name"] == "pentimento-worker"
    assert outer_span.resource.attributes["service.version"] == __version__
    assert inner_span.parent == outer_span.context
    assert inner_span.attributes == {"pentimento.stage": "generate"}


def test_without_a_parent_a_trace_begins(tracer: OtelTracer) -> None:
    with tracer.start_span("a") as first:
        pass
    with tracer.start_span("b", parent="not a traceparent") as second:
        pass

    assert len({first.traceparent[:35], second.traceparent[:35]}) == 2


def test_what_was_not_sampled_elsewhere_is_not_sampled_here(tracer: OtelTracer, exporter: InMemorySpanExporter) -> None:
    with tracer.start_span("a", parent=UNSAMPLED) as span:
        span.set_attribute("x", 1)
        assert span.traceparent.endswith("-00")

    assert collect_spans(tracer, exporter) == {}


def test_a_failed_span_names_the_error_and_not_its_message(tracer: OtelTracer, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="castle"), tracer.start_span("a"):
        int("castle")
    with suppress(ValueError), tracer.start_span("b") as span:
        span.set_attribute(ERROR_TYPE, "throttled")
        int("castle")

    spans = collect_spans(tracer, exporter)
    assert [spans[name].attributes for name in "ab"] == [{ERROR_TYPE: "ValueError"}, {ERROR_TYPE: "throttled"}]
    assert not spans["a"].status.is_ok
    assert "castle" not in spans["a"].to_json()


def test_the_standard_variables_name_the_service(
    monkeypatch: pytest.MonkeyPatch, exporter: InMemorySpanExporter
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    tracer = OtelTracer("pentimento-bot", exporter)
    with tracer.start_span("a"):
        pass

    resource = collect_spans(tracer, exporter)["a"].resource.attributes
    assert (resource["service.name"], resource["deployment.environment"]) == ("ours", "test")


def test_a_collector_that_never_answers_delays_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shared.otel_tracer, "SHUTDOWN_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.4")
        monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10")
        tracer = OtelTracer("pentimento-bot")
        started_at = time.monotonic()
        for _ in range(1000):
            with tracer.start_span("a"):
                pass
        tracer.shutdown()
        seconds = time.monotonic() - started_at
        assert any(thread.name.startswith("Otel") for thread in threading.enumerate())
    assert seconds < 5
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


def test_a_collector_that_is_away_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    tracer = OtelTracer("pentimento-bot")
    for _ in range(3):
        with tracer.start_span("a"):
            pass
    tracer.shutdown()

    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("no traces can be sent")


def test_tracing_that_is_off_loads_nothing() -> None:
    assert create_tracer("pentimento-bot", is_on=False) is NO_TRACER
    with NO_TRACER.start_span("a") as span:
        span.set_attribute("x", 1)
        assert span.traceparent == ""

    code = (
        "import sys; from shared.tracing import create_tracer; create_tracer('x', is_on=False);"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_without_the_extra_the_operator_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "shared.otel_tracer")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delattr(shared, "otel_tracer")

    with pytest.raises(InvalidSettingsError, match=r"Install pentimento\[tracing\]"):
        create_tracer("pentimento-bot", is_on=True)
