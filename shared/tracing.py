"""Traces: the steps of a request as spans, from the interaction in Discord to the message with the result.

Without TRACING no span is started and no library is loaded. The accepted job carries its trace through Redis as a
`traceparent` (https://www.w3.org/TR/trace-context/), so that the worker and any later bot go on with it. A span has the
job's id, its model, stage and outcome, but nothing that a person wrote and nobody's name or id.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Final

from shared.job import Job
from shared.settings import InvalidSettingsError

Attributes = Mapping[str, str | int | float | bool]

JOB_ID: Final = "pentimento.job_id"
MODEL: Final = "pentimento.model"
STAGE: Final = "pentimento.stage"
OUTCOME: Final = "pentimento.outcome"
ERROR_TYPE: Final = "error.type"


class SpanKind(StrEnum):
    """The side of a communication that a span is on, as OpenTelemetry names it."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Span:
    """A step that is under way; this one does nothing, as while tracing is off.

    `traceparent` names it for another process; it is empty while tracing is off.
    """

    @property
    def traceparent(self) -> str:
        return ""

    def set_attribute(self, name: str, value: str | float | bool) -> None:
        """Note what is known about the step."""


class Tracer:
    """Starts spans. This one starts none, as while tracing is off. Threads may share it."""

    def start_span(
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: str = "",
        started_at: float | None = None,
        attributes: Attributes | None = None,
    ) -> AbstractContextManager[Span]:
        """Start a span that lasts as long as the block, and fails with it.

        `parent` is the traceparent of a span of another process; without it, the span of the running code is the
        parent, if there is one. `started_at` is in Unix seconds, now by default.
        """
        del name, kind, parent, started_at, attributes
        return nullcontext(_NO_SPAN)

    def shutdown(self) -> None:
        """Send what has not been sent, for a few seconds at most."""


_NO_SPAN: Final = Span()
NO_TRACER: Final = Tracer()


def describe_job(job: Job, stage: str = "") -> dict[str, str]:
    """Give the attributes of a span that concerns a job."""
    return {JOB_ID: job.id, MODEL: job.request.model} | ({STAGE: stage} if stage else {})


def create_tracer(service: str, *, is_on: bool) -> Tracer:
    """Create the tracer of a process, which the standard variables OTEL_* configure. Raises `InvalidSettingsError`."""
    if not is_on:
        return NO_TRACER
    try:
        from shared.otel_tracer import OtelTracer  # noqa: PLC0415 - an extra, and 20 MiB of memory
    except ModuleNotFoundError as error:
        raise InvalidSettingsError(
            f"TRACING is on, but {error.name} is not installed. Install pentimento[tracing], or set TRACING=false."
        ) from None
    try:
        return OtelTracer(service)
    except ValueError as error:
        raise InvalidSettingsError(
            f"TRACING is on, but a variable OTEL_* is wrong: {error}. Correct it, or set TRACING=false."
        ) from error
