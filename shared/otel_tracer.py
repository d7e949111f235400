"""The tracer that sends spans to an OpenTelemetry collector by OTLP over HTTP.

Spans are queued in memory and sent by a thread of their own. While the collector is away, the oldest are dropped, and
nothing else waits for it. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared import __version__
from shared.log_context import TRACE_ID
from shared.outage_log import OutageLog
from shared.tracing import ERROR_TYPE, Attributes, Span, SpanKind, Tracer

log = logging.getLogger(__name__)

SHUTDOWN_SECONDS: Final = 3.0

_KINDS: Final = {kind: trace.SpanKind[kind.name] for kind in SpanKind}
_NANOSECONDS: Final = 1_000_000_000


class OtelTracer(Tracer):
    """A tracer over OpenTelemetry. `service` is the name of this process unless OTEL_* gives another.

    `exporter` replaces the one that OTEL_* configure. Raises `ValueError` for a variable that cannot be read.
    """

    def __init__(self, service: str, exporter: SpanExporter | None = None) -> None:
        defaults = Resource.create({"service.name": service, "service.version": __version__})
        provider = TracerProvider(resource=defaults.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._processor = BatchSpanProcessor(_OutageReporter(exporter or OTLPSpanExporter()))
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("pentimento", __version__)
        # both log each attempt to send; the outage log says the same once
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        logging.getLogger("urllib3").setLevel(logging.CRITICAL)

    @contextmanager
    def start_span(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: str = "",
        started_at: float | None = None,
        attributes: Attributes | None = None,
    ) -> Iterator[Span]:
        context = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(
            name,
            context,
            _KINDS[kind],
            attributes,
            start_time=None if started_at is None else int(started_at * _NANOSECONDS),
            record_exception=False,  # its message may quote a prompt
            set_status_on_exception=False,
        ) as span:
            token = TRACE_ID.set(f"{span.get_span_context().trace_id:032x}")
            try:
                yield _OtelSpan(span)
            except BaseException as error:
                span.set_status(trace.StatusCode.ERROR)
                if isinstance(span, ReadableSpan) and ERROR_TYPE not in (span.attributes or {}):
                    span.set_attribute(ERROR_TYPE, type(error).__qualname__)
                raise
            finally:
                TRACE_ID.reset(token)

    def shutdown(self) -> None:
        # the processor itself would wait for half a minute
        closing = threading.Thread(target=self._processor.shutdown, name="tracing-shutdown", daemon=True)
        closing.start()
        closing.join(SHUTDOWN_SECONDS)


class _OtelSpan(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def set_attribute(self, name: str, value: str | float | bool) -> None:
        self._span.set_attribute(name, value)


class _OutageReporter(SpanExporter):
    """Logs when spans cannot be sent, and when they can be again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._outage = OutageLog(log, "traces are sent")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._outage.report_success()
        else:
            self._outage.report_failure(
                "no traces can be sent, and some are lost. Check the collector and OTEL_EXPORTER_OTLP_ENDPOINT;"
                " requests are served all the same"
            )
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()
