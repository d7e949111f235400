"""After every fault, the ledger names what was billed."""

from collections.abc import Iterator

import pytest

from demo.stack import Stack
from tests.support.ledger import assert_ledger_balances


@pytest.fixture(autouse=True)
def ledger_check(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare the ledger with the calls that the Bedrock stand-in lists after each test of a stack."""
    stack = request.getfixturevalue("stack") if "stack" in request.fixturenames else None
    yield
    if isinstance(stack, Stack):
        assert_ledger_balances(stack, listed_only=True)
