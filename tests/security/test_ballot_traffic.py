"""A ballot is secret with the real processes: what members chose is in no log, no file and no request to others."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.domain.rounds import MessageKind
from demo.first_picture import wait_until_ready
from demo.http_client import request_json
from demo.stack import run_stack
from tests.faults.contest_accounts import ContestAccounts
from tests.faults.contest_simulation import Plan, simulate
from tests.support.records import query_records
from tests.support.rounds import CONTEST_ID

EPHEMERAL = 64
SEED = 4
"""People choose one, two and three entries."""

PLAN = Plan(people=4, entries=(5,), entry_seconds=5, vote_seconds=12)


@dataclass(frozen=True)
class Contest:
    """A contest that has ended, with all that it left."""

    accounts: ContestAccounts
    log: str
    exchanges: list[dict[str, Any]]
    database: bytes
    voting_message_id: str
    result_message_id: str
    interactions: list[dict[str, Any]]

    def list_requests_during_vote(self) -> list[dict[str, Any]]:
        """List the requests after the call to vote was posted, until the result was."""
        posted = [(e["response"] or {}).get("id") if isinstance(e["response"], dict) else None for e in self.exchanges]
        return self.exchanges[posted.index(self.voting_message_id) + 1 : posted.index(self.result_message_id)]


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contest]:
    folder = tmp_path_factory.mktemp("contest")
    record = folder / "requests.jsonl"
    settings = {"LOG_LEVEL": "DEBUG", "LOG_PROMPTS": "true"}  # the log that shows most
    with run_stack(folder / "logs", record=record, bedrock_options=("--fast",), settings=settings) as stack:
        wait_until_ready(stack)
        accounts = asyncio.run(simulate(stack, PLAN, SEED, record))
        path = Path(stack.environment["DATABASE_URL"].removeprefix("sqlite:///"))
        messages = dict(query_records(stack, "SELECT kind, message_id FROM round_messages"))
        yield Contest(
            accounts,
            (folder / "logs" / "bot.log").read_text(),
            [json.loads(line) for line in record.read_text().splitlines()],
            b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*")),
            str(messages[MessageKind.VOTING]),
            str(messages[MessageKind.RESULT]),
            request_json("GET", f"{stack.discord_url}/control/state")["interactions"],
        )


def test_there_was_a_vote_to_search_for(contest: Contest) -> None:
    assert contest.accounts.find_discrepancies() == []
    assert len(set(contest.accounts.crowd.ballots[1].values())) > 1
    assert "round_vote:" in contest.log
    assert "DEBUG" in contest.log


def test_the_log_has_no_ballot_at_debug_either(contest: Contest) -> None:
    assert "round_choice:" not in contest.log


def test_counted_ballots_are_in_no_file_of_the_database(contest: Contest) -> None:
    ranked = [choices for choices in contest.accounts.crowd.ballots[1].values() if len(choices) > 1]

    assert ranked
    assert not any(json.dumps(choices).encode() in contest.database for choices in ranked)


def test_nothing_is_posted_or_edited_for_others_while_members_vote(contest: Contest) -> None:
    requests = contest.list_requests_during_vote()

    private = [request for request in requests if request["path"].startswith(("/interactions/", "/webhooks/"))]
    assert requests == private
    assert len(private) > PLAN.people
    shown = [request["response"] for request in private if request["path"].startswith("/webhooks/")]
    assert all(message["flags"] & EPHEMERAL for message in shown)


def test_each_ballot_was_shown_to_its_voter_alone(contest: Contest) -> None:
    owners = {
        interaction["message"]["id"]: interaction["user_id"]
        for interaction in contest.interactions
        if "round_choice:" in str(interaction.get("message"))
    }

    assert sorted(owners.values()) == sorted(contest.accounts.crowd.people)
    for interaction in contest.interactions:
        message = interaction.get("message") or {}
        if message.get("id") in owners:
            assert message["visible_to"] == owners[message["id"]]


def test_custom_ids_name_no_choice(contest: Contest) -> None:
    """A ballot with another choice has the same custom ids: what is chosen is only the value of a select."""
    numbers = {option["value"] for select in find_selects(contest) for option in select["options"]}

    assert len(numbers) == sum(PLAN.entries)
    custom_ids = {select["custom_id"].removeprefix(f"round_choice:{CONTEST_ID}:") for select in find_selects(contest)}
    assert custom_ids == {f"voting:1:{rank}:0" for rank in (1, 2, 3)}


def find_selects(contest: Contest) -> list[dict[str, Any]]:
    """Find all selects of ballots that were sent."""
    found: list[dict[str, Any]] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if str(value.get("custom_id", "")).startswith("round_choice:") and "options" in value:
                found.append(value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk([exchange["body"] for exchange in contest.exchanges])
    return found
