"""When a batch will have made its last picture, from the pace of the latest ones."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

MIN_RESULTS: Final = 4


def estimate_end(result_times: Sequence[float], open_count: int, now: float) -> float | None:
    """Estimate when `open_count` more pictures are made; None if none is open, or fewer than four are made.

    Times are Unix seconds. The longest of the gaps does not count, which may have been a pause.
    """
    if not open_count or len(result_times) < MIN_RESULTS:
        return None
    gaps = [later - earlier for earlier, later in pairwise(sorted(result_times))]
    pace = (sum(gaps) - max(gaps)) / (len(gaps) - 1)
    return now + open_count * pace
