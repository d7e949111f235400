"""A collector of traces: what processes send by OTLP over HTTP is kept for the tests to look at."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class CollectedSpan:
    """A span as the collector received it. `parent_id` is empty for the first of a trace."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    started_at: float
    ended_at: float
    raw: Span


@dataclass
class Collector:
    """Listens at `url` on loopback."""

    url: str
    spans: list[CollectedSpan] = field(default_factory=list)

    def receive(self, body: bytes) -> None:
        """Keep the spans of a request."""
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = {pair.key: pair.value.string_value for pair in resource_spans.resource.attributes}
            for scope_spans in resource_spans.scope_spans:
                self.spans += [_read_span(resource["service.name"], span) for span in scope_spans.spans]


@contextmanager
def run_collector() -> Iterator[Collector]:
    """Run a collector on a free port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.receive(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield collector
        server.shutdown()
        thread.join()


def _read_span(service: str, span: Span) -> CollectedSpan:
    attributes = {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "") for pair in span.attributes}
    times = span.start_time_unix_nano / 1e9, span.end_time_unix_nano / 1e9
    ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    return CollectedSpan(service, span.name, *ids, attributes, *times, span)
