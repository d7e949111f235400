"""Which calls of a job AWS bills."""

from typing import assert_never

from bot.domain.status import JobStatus
from shared.accounts import DEFAULT_ACCOUNT, UNKNOWN_ACCOUNT
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


def name_billed_accounts(status: JobStatus, billed_calls: int) -> str | None:
    """Name the AWS account of the billed calls of a job; one for each call if they differ, with spaces between.

    None for the account of the workers' own credentials. A call that the queue has forgotten is of an unknown account.
    """
    last = (status.account,) if count_billed_calls(status.outcome, 0) else ()
    known = (*status.unknown_accounts, *last)[:billed_calls]
    accounts = (*known, *[UNKNOWN_ACCOUNT] * (billed_calls - len(known)))
    if set(accounts) <= {DEFAULT_ACCOUNT, UNKNOWN_ACCOUNT}:
        return None
    return accounts[0] if len(set(accounts)) == 1 else " ".join(accounts)
