"""redis-py's own metrics by OpenTelemetry, which nothing reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PACKAGE: Final = "opentelemetry"


@contextmanager
def exclude_telemetry() -> Iterator[None]:
    """Let redis-py be imported as if OpenTelemetry were not installed, which takes 2 MiB of memory, TRACING or not.

    It can be imported for traces afterwards. A module that is None cannot be imported:
    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    if _PACKAGE in sys.modules:
        yield
        return
    sys.modules[_PACKAGE] = None  # type: ignore[assignment] # as the page above says
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]
