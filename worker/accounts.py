"""The AWS accounts in which a worker calls models, and those in which it pauses because it cannot sign in."""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Final

from shared.accounts import DEFAULT_ACCOUNT

log = logging.getLogger(__name__)

_ACCOUNT_PART: Final = 4
_ROLE_ARN: Final = re.compile(r"arn:aws(?:-us-gov|-cn)?:iam::[0-9]{12}:role/[\w+=.@/-]{1,576}", re.ASCII)


def parse_accounts(names: Sequence[str]) -> Mapping[str, str | None]:
    """Parse `default` and the ARNs of roles into accounts, each with the role to assume in it; None for `default`.

    Without names there is the default account. Raises `ValueError` with two sentences for the operator.
    """
    accounts: dict[str, str | None] = {}
    for name in names or (DEFAULT_ACCOUNT,):
        if name != DEFAULT_ACCOUNT and not _ROLE_ARN.fullmatch(name):
            raise ValueError(
                f"{name!r} is not the ARN of a role. Write ARNs such as arn:aws:iam::123456789012:role/pentimento, "
                "separated by commas, and default for the account of the credentials"
            )
        account = name if name == DEFAULT_ACCOUNT else name.split(":")[_ACCOUNT_PART]
        if account in accounts:
            raise ValueError(f"the account {account} is named twice. Name one role for each account")
        accounts[account] = None if name == DEFAULT_ACCOUNT else name
    return accounts


class AccountPool:
    """The accounts of a worker in their order. Threads may share it.

    Each worker pauses for itself: a worker whose own credentials are wrong does not keep others from an account.
    """

    def __init__(
        self, accounts: Sequence[str] = (DEFAULT_ACCOUNT,), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._accounts = tuple(accounts)
        self._clock = clock
        self._paused_until: dict[str, float] = {}
        self._lock = Lock()

    @property
    def has_several(self) -> bool:
        """Whether there is another account when one has no room."""
        return len(self._accounts) > 1

    def list_usable(self) -> list[str]:
        """List the accounts that are not paused."""
        now = self._clock()
        with self._lock:
            return [account for account in self._accounts if self._paused_until.get(account, 0) <= now]

    def pause(self, account: str, seconds: float, reason: str) -> bool:
        """Pause an account in which AWS refuses to sign this worker in, and log it.

        False if the only account is the default one: its jobs wait each for itself, and credentials that are renewed
        are used at once.
        """
        if self._accounts == (DEFAULT_ACCOUNT,):
            return False
        now = self._clock()
        with self._lock:
            is_new = self._paused_until.get(account, 0) <= now
            self._paused_until[account] = now + seconds
        if is_new:
            log.critical(
                "account %s is paused for %g s, and calls go to the others: %s. Check the role, its trust policy and"
                " the credentials that assume it; `python -m worker doctor` says more",
                account,
                seconds,
                reason,
            )
        return True
