"""Calls in several accounts: roles that are assumed over the real boto3, against the stand-in."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.catalogue import Catalogue
from shared.request.builder import build_request
from shared.request.pictures import Pictures
from tests.unit.worker.conftest import BedrockStandIn
from worker.accounts import parse_accounts
from worker.bedrock.client import BedrockImageClient
from worker.call_result import BedrockCallError, GeneratedImage, RetryPolicy

FIRST, SECOND = "111111111111", "222222222222"
ACCOUNTS = parse_accounts([f"arn:aws:iam::{FIRST}:role/team/painter", f"arn:aws:iam::{SECOND}:role/painter", "default"])

Caller = Callable[[str], GeneratedImage]


@pytest.fixture
def client(bedrock: BedrockStandIn) -> Iterator[BedrockImageClient]:
    client = BedrockImageClient(region="us-west-2", call_seconds=20, concurrency=2, accounts=ACCOUNTS)
    yield client
    client.close()
    for account in (FIRST, SECOND):
        bedrock.call_control("PUT", f"/control/roles/{account}", {"answer": "allow"})


@pytest.fixture
def call(client: BedrockImageClient, catalogue: Catalogue) -> Caller:
    model = catalogue.models["sd3.5-large"]
    request = build_request(catalogue, prompt="a castle", model=model.key, has_picture=False).request

    def make_call(account: str) -> GeneratedImage:
        client.authorize(model, account)
        result = client.generate(request, model, Pictures(), 7, account=account)
        assert isinstance(result, GeneratedImage)
        return result

    return make_call


def count_assumed(bedrock: BedrockStandIn, answer: str = "assumed") -> dict[str, int]:
    counts: dict[str, int] = bedrock.call_control("GET", "/control/roles")[answer]
    return counts


def test_each_call_is_signed_in_its_account_and_roles_are_assumed_once(
    bedrock: BedrockStandIn, call: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    before = count_assumed(bedrock)
    with caplog.at_level(logging.INFO, "worker.bedrock"):
        for account in (FIRST, SECOND, "default", FIRST):
            call(account)

    assert [one["account"] for one in bedrock.list_calls()] == [FIRST, SECOND, "000000000000", FIRST]
    after = count_assumed(bedrock)
    assert {account: after[account] - before.get(account, 0) for account in (FIRST, SECOND)} == {FIRST: 1, SECOND: 1}
    places = [record.getMessage().partition(", account ")[2] for record in caplog.records]
    assert places == [FIRST, SECOND, "", FIRST]


@pytest.mark.parametrize("answer", ["expire", "lose"])
def test_a_session_that_is_refused_is_begun_anew_at_the_next_call(
    bedrock: BedrockStandIn, call: Caller, answer: str
) -> None:
    call(FIRST)
    bedrock.call_control("PUT", f"/control/roles/{FIRST}", {"answer": answer})

    with pytest.raises(BedrockCallError) as raised:
        call(FIRST)

    assert (raised.value.problem.code, raised.value.retry_policy) == ("credentials", RetryPolicy.UNLIMITED)
    call(FIRST)
    assert [one["billed"] for one in bedrock.list_calls()] == [True, False, True]


def test_a_role_that_may_not_be_assumed_is_refused_before_any_call(bedrock: BedrockStandIn, call: Caller) -> None:
    bedrock.call_control("PUT", f"/control/roles/{SECOND}", {"answer": "deny"})

    with pytest.raises(BedrockCallError) as raised:
        call(SECOND)

    error = raised.value
    assert (error.problem.code, error.retry_policy) == ("credentials", RetryPolicy.UNLIMITED)
    assert not error.is_model_unavailable, "AccessDenied of STS says nothing of models"
    assert f"not authorized to perform: {ACCOUNTS[SECOND]}" in str(error.__cause__)
    call(FIRST)
    assert [one["account"] for one in bedrock.list_calls()] == [FIRST]


def test_an_sts_that_cannot_be_reached_costs_nothing(
    bedrock: BedrockStandIn, call: Caller, aws: pytest.MonkeyPatch
) -> None:
    aws.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")

    with pytest.raises(BedrockCallError) as raised:
        call(FIRST)

    assert (raised.value.problem.code, raised.value.may_be_billed, bedrock.list_calls()) == ("credentials", False, [])


def test_credentials_are_fetched_again_before_they_expire(
    bedrock: BedrockStandIn, client: BedrockImageClient, call: Caller
) -> None:
    call(FIRST)
    before = count_assumed(bedrock)[FIRST]
    credentials: Any = client._runtimes[FIRST]._session.get_credentials()
    credentials._expiry_time = datetime.now(UTC) + timedelta(minutes=5)

    call(FIRST)

    assert count_assumed(bedrock)[FIRST] == before + 1


@pytest.mark.parametrize(
    ("names", "accounts"),
    [
        ([], {"default": None}),
        (["default"], {"default": None}),
        (
            ["arn:aws-us-gov:iam::111111111111:role/a", "arn:aws-cn:iam::222222222222:role/b"],
            {FIRST: "arn:aws-us-gov:iam::111111111111:role/a", SECOND: "arn:aws-cn:iam::222222222222:role/b"},
        ),
    ],
)
def test_accounts_are_named_by_roles(names: list[str], accounts: dict[str, str | None]) -> None:
    assert parse_accounts(names) == accounts


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["111111111111"], "'111111111111' is not the ARN of a role. Write ARNs such as"),
        (["arn:aws:iam::11111111111:role/a"], "is not the ARN of a role"),
        (["arn:aws:iam::111111111111:user/a"], "is not the ARN of a role"),
        (
            ["arn:aws:iam::111111111111:role/a", "arn:aws:iam::111111111111:role/b"],
            "the account 111111111111 is named twice",
        ),
        (["default", "default"], "the account default is named twice"),
    ],
)
def test_what_names_no_account_is_refused_in_words(names: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_accounts(names)
