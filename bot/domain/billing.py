"""Which calls of a job AWS bills."""

from typing import assert_never

from shared.outcome import Failed, Filtered, FilteredPart, Generated, Outcome


def count_billed_calls(outcome: Outcome | None, unknown_calls: int) -> int:
    """Count the calls of a job that AWS bills, or may bill: a call of unknown fate counts as billed.

    The last one of an outcome that is lost counts, too.
    """
    match outcome:
        case Generated() | None:
            return unknown_calls + 1
        case Filtered():
            return unknown_calls + (outcome.part is FilteredPart.OUTPUT)
        case Failed():
            return unknown_calls + outcome.may_be_billed
        case _:
            assert_never(outcome)
