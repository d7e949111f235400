"""A short soak: a minute of faults with a fixed seed, then the accounts."""

import pytest

from tests.faults.soak import run_soak


@pytest.mark.timeout(300)
def test_the_accounts_balance_after_a_minute_of_faults() -> None:
    lines: list[str] = []

    assert run_soak(60, seed=3, say=lines.append) == [], "\n".join(lines)
