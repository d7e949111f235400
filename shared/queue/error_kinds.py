"""The kinds of Redis's errors, by which metrics count them."""

import contextlib
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final

from shared.queue.refusals import find_refusal

_EXPECTED: Final = re.compile(r"NOSCRIPT|No matching script|BUSYGROUP|NOGROUP|unknown (?:sub)?command", re.IGNORECASE)
"""Errors that the code answers by itself: a script that is loaded anew, a group that exists."""

_WRONG_TYPE: Final = "WRONGTYPE"
_may_be_wrong_type: ContextVar[bool] = ContextVar("may_be_wrong_type", default=False)

_CONNECTION_NAMES: Final = frozenset({"ConnectionError", "BusyLoadingError"})


@contextlib.contextmanager
def expect_wrong_type() -> Iterator[None]:
    """Take WRONGTYPE for no fault in this thread or task: a picture is read, which is a list, or elsewhere."""
    token = _may_be_wrong_type.set(True)
    try:
        yield
    finally:
        _may_be_wrong_type.reset(token)


def name_error_kind(error: BaseException) -> str | None:
    """Name the kind of an error: a refusal's code, timeout, connection or other. None if it is no fault.

    redis-py's classes are known by name, as `shared` does not import it.
    """
    text = str(error)
    if _EXPECTED.search(text) or (text.startswith(_WRONG_TYPE) and _may_be_wrong_type.get()):
        return None
    refusal = find_refusal(error)
    if refusal is not None:
        return refusal.code
    names = {kind.__name__ for kind in type(error).__mro__}
    if "TimeoutError" in names:
        return "timeout"
    return "connection" if names & _CONNECTION_NAMES else "other"


def count_error(error: BaseException, count: Callable[[str], None]) -> None:
    """Call `count` with the kind of an error, unless it is no fault."""
    kind = name_error_kind(error)
    if kind is not None:
        count(kind)
