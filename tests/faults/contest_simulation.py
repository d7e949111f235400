"""Simulates a contest of many people with the real processes, whose rate limits are Discord's, and checks its accounts.

    python -m tests.faults.contest_simulation --people 300 --entries 500 150 150

The accounts balance if every accepted entry was shown once, every ballot counted once as its voter saw it confirmed,
every message posted once, every phase changed within 2 s of its time, and no request ran into a rate limit. Exit code 0
if they do, 1 after a list of discrepancies.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp

from bot.domain.round_phases import start_contest
from bot.domain.rounds import Contest, MessageKind, Phase
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database
from demo.first_picture import wait_until_ready
from demo.stack import Stack, run_stack
from tests.faults.contest_accounts import ContestAccounts, read_accounts
from tests.faults.contest_people import Crowd
from tests.support.bot_processes import inject_discord_fault
from tests.support.load_stack import SETTINGS
from tests.support.rounds import CONTEST_ID, make_contest
from tests.support.user import DiscordUser

SAMPLE_SECONDS = 0.05
ACTING_SHARE = 0.6
"""Of a phase: people are done well before it ends, as the bot refuses what comes too late."""
CLOSING_SECONDS = 900.0
INJECTED_FAULTS = 3


@dataclass(frozen=True)
class Plan:
    """What is simulated: `entries` are the numbers of entries by round, durations are seconds."""

    people: int
    entries: Sequence[int]
    entry_seconds: int
    vote_seconds: int
    has_faults: bool = False


@dataclass
class Simulation:
    """One run. `changes` are the phases in the order in which they were seen, with the time and the new deadline."""

    stack: Stack
    plan: Plan
    crowd: Crowd
    stores: RoundStores
    changes: list[tuple[float, Contest]] = field(default_factory=list)

    async def run(self) -> None:
        """Run the whole contest. Raises `TimeoutError` if it comes to a standstill."""
        plan = self.plan
        state = DiscordUser(self.stack).get("/control/state")
        contest = replace(
            make_contest(
                rounds=len(plan.entries),
                entry_seconds=plan.entry_seconds,
                vote_seconds=plan.vote_seconds,
                max_entries_per_member=5,
            ),
            guild_id=int(state["guilds"][0]["id"]),
            channel_id=int(self.stack.channel_id),
            thread_id=int(self.stack.channel_id),
            host_id=int(state["guilds"][0]["owner_id"]),
            created_at=time.time(),
        )
        assert await self.stores.contests.add_contest(start_contest(contest))
        watcher = asyncio.create_task(self._watch())
        try:
            for number, entries in enumerate(plan.entries, 1):
                await self._play_round(number, entries)
            await self._wait_for(Phase.ENDED, len(plan.entries))
            await self._wait_until_posted()
        finally:
            watcher.cancel()

    async def _play_round(self, number: int, entries: int) -> None:
        contest = await self._wait_for(Phase.ENTERING, number)
        message_id = await self._wait_for_message(MessageKind.ENTERING, number)
        await self.crowd.enter(number, entries, message_id, self._get_acting_seconds(contest))
        if self.plan.has_faults and number == 1:
            self._inject_faults()
        contest = await self._wait_for(Phase.VOTING, number)
        message_id = await self._wait_for_message(MessageKind.VOTING, number)
        await self.crowd.vote(number, message_id, self._get_acting_seconds(contest))

    def _inject_faults(self) -> None:
        """Let Discord refuse a page of the entries, lose the answer to the next one, and answer a third late."""
        path = f"/channels/{self.stack.channel_id}/messages$"
        for action in ("status:429", "status_after:502", "delay_after:2"):
            inject_discord_fault(self.stack, action, "POST", path, retry_after=1)

    def _get_acting_seconds(self, contest: Contest) -> float:
        assert contest.deadline is not None
        return ACTING_SHARE * (contest.deadline - time.time())

    async def _watch(self) -> None:
        """Record each phase as soon as it has begun."""
        while True:
            contest = await self.stores.contests.find_contest(CONTEST_ID)
            assert contest is not None
            before = self.changes[-1][1] if self.changes else None
            if before is None or (before.phase, before.round_number) != (contest.phase, contest.round_number):
                self.changes.append((time.time(), contest))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _wait_for(self, phase: Phase, number: int) -> Contest:
        async with asyncio.timeout(CLOSING_SECONDS + self.plan.entry_seconds + self.plan.vote_seconds):
            while True:
                for _, contest in self.changes:
                    if (contest.phase, contest.round_number) == (phase, number):
                        return contest
                is_over = self.changes and not self.changes[-1][1].is_open
                assert not is_over, f"{phase} of round {number} never came: {self.crowd.refusals[:5]}"
                await asyncio.sleep(SAMPLE_SECONDS)

    async def _wait_for_message(self, kind: MessageKind, number: int) -> str:
        async with asyncio.timeout(CLOSING_SECONDS):
            while True:
                found = await self.stores.messages.find_message(CONTEST_ID, kind, round_number=number)
                if found is not None and found.message_id is not None:
                    return str(found.message_id)
                await asyncio.sleep(SAMPLE_SECONDS)

    async def _wait_until_posted(self) -> None:
        async with asyncio.timeout(CLOSING_SECONDS):
            while True:
                if not await self.stores.messages.list_waiting_messages(1):
                    return
                await asyncio.sleep(SAMPLE_SECONDS)


async def simulate(stack: Stack, plan: Plan, seed: int, record: Path) -> ContestAccounts:
    """Simulate a contest on a running stack, and read the accounts. `record` has the requests to Discord."""
    database = Database(stack.environment["DATABASE_URL"])
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as http:
            crowd = Crowd(http, stack.discord_url, CONTEST_ID, seed)
            await crowd.join(plan.people)
            simulation = Simulation(stack, plan, crowd, RoundStores(database))
            await simulation.run()
        limited = INJECTED_FAULTS - 2 if plan.has_faults else 0
        return read_accounts(stack, crowd, simulation.changes, record, expected_rate_limits=limited)
    finally:
        await database.close()


def run_simulation(plan: Plan, seed: int, folder: Path, say: Callable[[str], object] = print) -> list[str]:
    """Simulate a contest with processes of its own; say what was measured, and return the discrepancies."""
    record = folder / "requests.jsonl"
    with run_stack(
        folder / "logs",
        record=record,
        bedrock_options=("--latency", "0.2"),
        settings={**SETTINGS},
    ) as stack:
        wait_until_ready(stack)
        accounts = asyncio.run(simulate(stack, plan, seed, record))
        stack.check_running()
    for name, value in accounts.build_table().items():
        say(f"| {name} | {value} |")
    return accounts.find_discrepancies()


def main(arguments: Sequence[str]) -> int:
    """Simulate from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.contest_simulation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--entries", type=int, nargs="+", default=[500, 150, 150], help="in each round")
    parser.add_argument("--entry-seconds", type=int, default=120)
    parser.add_argument("--vote-seconds", type=int, default=120)
    parser.add_argument("--faults", action="store_true", help="let Discord fail while entries are shown")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="pentimento-contest-"))
    plan = Plan(options.people, options.entries, options.entry_seconds, options.vote_seconds, options.faults)
    problems = run_simulation(plan, options.seed, folder)
    print("\n".join([*problems, f"The logs are in {folder}."]) if problems else "The accounts balance.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
