"""The job and the trace that the running code concerns, for the lines that it logs.

Both are context variables: tasks of asyncio inherit them, threads do so only if they run in a copy of the context.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

JOB_ID: Final = ContextVar("job_id", default="")
TRACE_ID: Final = ContextVar("trace_id", default="")


@contextmanager
def bind_job_id(job_id: str) -> Iterator[None]:
    """Name this job in every line that is logged within the block."""
    token = JOB_ID.set(job_id)
    try:
        yield
    finally:
        JOB_ID.reset(token)
