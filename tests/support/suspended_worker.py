"""A worker that does nothing while a test looks at its queue."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from demo.stack import Stack


@contextmanager
def suspend_worker(stack: Stack) -> Iterator[None]:
    """Suspend the worker, so that nothing in the queue changes until a test has looked at it."""
    os.kill(stack.processes["worker"].pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(stack.processes["worker"].pid, signal.SIGCONT)
