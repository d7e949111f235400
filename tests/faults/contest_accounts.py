"""The accounts of a simulated contest: what people did, what the database holds, and what Discord was sent."""

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.domain.rounds import Contest, EntryState, MessageKind, Phase
from demo.http_client import request_json
from demo.stack import Stack
from tests.faults.contest_people import Crowd
from tests.support.ledger import find_ledger_discrepancies
from tests.support.records import query_records
from tests.support.user import list_media

MAX_LATE_SECONDS = 2.0
MAX_CHOICES = 3
TOO_MANY_REQUESTS = 429
_ENTRIES = "SELECT job_id, round_number, number, state, points, ballots FROM round_entries"
_MESSAGES = "SELECT kind, round_number, message_id, created_at, closed_at FROM round_messages ORDER BY sequence"


@dataclass(frozen=True)
class ContestAccounts:
    """All that is compared. `lateness` is seconds by change of phase, `shown` the numbers of shown entries by round."""

    crowd: Crowd
    entries: Sequence[tuple[Any, ...]]
    messages: Sequence[tuple[Any, ...]]
    posted_count: int
    shown: Mapping[int, Counter[int]]
    lateness: Mapping[str, float]
    rate_limits: int
    expected_rate_limits: int
    remaining_ballots: int
    ledger_discrepancies: Sequence[str]

    def find_discrepancies(self) -> list[str]:
        """Return one line for each discrepancy."""
        lines = [f"somebody read: {text}" for text in self.crowd.refusals]
        for round_number, jobs in self.crowd.entered.items():
            lines += self._find_entry_discrepancies(round_number, jobs)
        unposted = sum(message_id is None for _, _, message_id, _, _ in self.messages)
        if unposted or len({row[2] for row in self.messages}) != self.posted_count:
            lines.append(f"{len(self.messages)} messages, {unposted} not posted, {self.posted_count} in the channel")
        lines += [
            f"{change} came {seconds:.2f} s late"
            for change, seconds in self.lateness.items()
            if not 0 <= seconds <= MAX_LATE_SECONDS
        ]
        if self.rate_limits != self.expected_rate_limits:
            lines.append(f"{self.rate_limits} requests were rate limited, not {self.expected_rate_limits}")
        if self.remaining_ballots:
            lines.append(f"{self.remaining_ballots} ballots are still stored")
        return [*lines, *self.ledger_discrepancies]

    def _find_entry_discrepancies(self, round_number: int, jobs: Sequence[str]) -> list[str]:
        rows = [row for row in self.entries if row[1] == round_number]
        lines = []
        recorded = {job_id for job_id, _, _, state, _, _ in rows if state == EntryState.ENTERED}
        if recorded != set(jobs):
            lines.append(f"round {round_number}: {len(jobs)} entries accepted, {len(recorded)} take part")
        numbers = Counter(row[2] for row in rows)
        if numbers != self.shown[round_number] or numbers != Counter(range(1, len(rows) + 1)):
            lines.append(f"round {round_number}: {len(numbers)} numbers, {self.shown[round_number].total()} shown")
        points: Counter[int] = Counter()
        ballots: Counter[int] = Counter()
        for choices in self.crowd.ballots[round_number].values():
            ballots.update(choices)
            for rank, number in enumerate(choices):
                points[number] += MAX_CHOICES - rank
        for _, _, number, _, counted, named in rows:
            if (counted, named) != (points[number], ballots[number]):
                lines.append(
                    f"round {round_number}: number {number} has {counted} points of {named} ballots,"
                    f" not {points[number]} of {ballots[number]}"
                )
        return lines

    def build_table(self) -> dict[str, object]:
        """Return what was measured, by its descriptions."""
        entering, pages = MessageKind.ENTERING, MessageKind.ENTRIES
        page_ends = [closed - created for kind, _, _, created, closed in self.messages if kind == pages]
        others = [closed - created for kind, _, _, created, closed in self.messages if kind == entering]
        waits = sorted(self.crowd.waits)
        return {
            "people": len(self.crowd.people),
            "entries": sum(map(len, self.crowd.entered.values())),
            "ballots": sum(map(len, self.crowd.ballots.values())),
            "choices": self.crowd.counts["choices"],
            "interactions": self.crowd.counts["interactions"],
            "acknowledged after (median)": f"{statistics.median(waits):.2f} s",
            "acknowledged after (99 %)": f"{waits[len(waits) * 99 // 100]:.2f} s",
            "phase changed late by (most)": f"{max(self.lateness.values()):.2f} s",
            "messages": len(self.messages),
            "last page of entries posted after (most)": f"{max(page_ends, default=0):.1f} s",
            "a round announced after (most)": f"{max(others, default=0):.1f} s",
            "rate limited": self.rate_limits,
        }


def read_accounts(
    stack: Stack,
    crowd: Crowd,
    changes: Sequence[tuple[float, Contest]],
    record: Path,
    *,
    expected_rate_limits: int,
) -> ContestAccounts:
    """Read the database, the channel, and the recorded requests."""
    posted = [
        message
        for message in request_json("GET", f"{stack.discord_url}/control/state")["messages"][stack.channel_id]
        if message["author"].get("bot") and "visible_to" not in message
    ]
    messages = query_records(stack, _MESSAGES)
    rounds = {str(message_id): number for kind, number, message_id, _, _ in messages if kind == MessageKind.ENTRIES}
    shown: dict[int, Counter[int]] = {number: Counter() for number in crowd.entered}
    for message in posted:
        if message["id"] in rounds:
            shown[rounds[message["id"]]].update(map(parse_number, list_media(message)))
    exchanges = [json.loads(line) for line in record.read_text().splitlines()]
    return ContestAccounts(
        crowd,
        query_records(stack, _ENTRIES),
        messages,
        len(posted),
        shown,
        compute_lateness(changes),
        sum(exchange["status"] == TOO_MANY_REQUESTS for exchange in exchanges),
        expected_rate_limits,
        query_records(stack, "SELECT count(*) FROM round_ballots")[0][0],
        find_ledger_discrepancies(stack),
    )


def parse_number(item: dict[str, Any]) -> int:
    """Get the number of an entry from the name of its file."""
    name: str = item["media"]["url"].split("/")[-1]
    return int(name.split("-")[1])


def compute_lateness(changes: Sequence[tuple[float, Contest]]) -> dict[str, float]:
    """Compute by how many seconds each change of a phase came after the deadline of the phase before.

    CLOSING ends when the last entry is settled, before its deadline.
    """
    return {
        f"{after.phase} of round {after.round_number}": seen_at - (before.deadline or 0.0)
        for (_, before), (seen_at, after) in pairwise(changes)
        if before.phase is not Phase.CLOSING
    }
