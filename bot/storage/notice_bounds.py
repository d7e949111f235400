"""The use of budgets up to which nobody is told anything, so that a charge need not look at its counters."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Final

MAX_BOUNDS: Final = 20_000

Bounds = Mapping[tuple[str, int], int]
"""The least use that is told next, by the key of the counter and the limit of its budget."""


class NoticeBounds:
    """The bounds that the charges of this process have found; a charge that would reach one looks at the counters.

    A bound that is not known, or too low, costs a query and loses nothing.
    """

    def __init__(self) -> None:
        self._bounds: OrderedDict[tuple[str, int], int] = OrderedDict()

    def find(self, key: str, limit: int) -> int | None:
        """Find the bound of a counter; None if it is not known."""
        return self._bounds.get((key, limit))

    def add(self, bounds: Bounds) -> None:
        """Add bounds found by a transaction that is committed; the oldest are forgotten."""
        self._bounds |= bounds
        while len(self._bounds) > MAX_BOUNDS:
            self._bounds.popitem(last=False)

    def forget(self, keys: Collection[tuple[str, int]]) -> None:
        """Forget the bounds of counters, one of which was reached."""
        for key in keys:
            self._bounds.pop(key, None)
