"""`python -m tests.faults.bots_chaos --seconds 120 --seed 1`: faults in random order while two bots with shards work.

Bots are killed and started again, or frozen for longer than their leases; PostgreSQL restarts or ends connections. In
the end each accepted request has one result, and the ledger is equal to the bill.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.faults.test_several_bots import SHARDS, SeveralBots, find_answer, open_several_bots, terminate_backends
from tests.support.bot_processes import count_results, read_job_record
from tests.support.ledger import assert_ledger_balances
from tests.support.postgresql import SKIP_REASON, find_binaries
from tests.support.user import DiscordUser, wait_until

FROZEN_SECONDS = 5.0
SHARDS_OF_BOTS = (f"0-1/{SHARDS}", f"2-3/{SHARDS}")


class Chaos:
    """Two bots, and one fault after the other. `chance` decides which."""

    def __init__(self, several: SeveralBots, chance: random.Random) -> None:
        self.several = several
        self.chance = chance
        self.bots = [*several.pair]
        self.jobs: list[str] = []

    def submit(self, count: int) -> None:
        """Submit requests in the servers of both bots."""
        for _ in range(count):
            user = DiscordUser(self.several.stack, self.chance.choice(("ada", "ben")))
            channel = self.chance.choice(self.several.channels)
            self.jobs.append(user.submit_imagine(f"request {len(self.jobs)}", image=None, channel=channel))
            time.sleep(0.1)

    def cause_fault(self) -> str:
        """Cause one of the faults, and return its name."""
        faults = (self.kill_bot, self.freeze_bot, self.restart_database, self.end_connections)
        fault = self.chance.choice(faults)
        fault()
        return fault.__name__

    def kill_bot(self) -> None:
        number = self.chance.randrange(2)
        self.several.bots.kill(self.bots[number])
        self.submit(2)
        self.several.stack.environment["SHARDS"] = SHARDS_OF_BOTS[number]
        self.bots[number] = self.several.bots.start(wait=False)

    def freeze_bot(self) -> None:
        bot = self.chance.choice(self.bots)
        os.kill(bot.pid, signal.SIGSTOP)
        try:
            time.sleep(FROZEN_SECONDS)
        finally:
            os.kill(bot.pid, signal.SIGCONT)

    def restart_database(self) -> None:
        self.several.database.stop(self.chance.choice((signal.SIGQUIT, signal.SIGINT)))
        self.submit(2)
        self.several.database.start()

    def end_connections(self) -> None:
        for _ in range(20):
            terminate_backends(self.several.database)
            time.sleep(0.05)

    def assert_answered_once(self) -> tuple[int, int]:
        """Assert that each accepted request has one result; return how many were accepted and submitted."""
        stack, ada = self.several.stack, DiscordUser(self.several.stack)
        accepted = [job for job in self.jobs if read_job_record(stack, job)]
        for job in accepted:
            wait_until(partial(find_answer, ada, job), f"an answer to {job}", 90)
        wait_until(lambda: all(self.is_delivered(job) for job in accepted), "all delivered", 60)
        counts = dict(zip(accepted, count_results(stack, *accepted), strict=True))
        assert not {job: count for job, count in counts.items() if count != 1}, counts
        assert_ledger_balances(stack)
        return len(accepted), len(self.jobs)

    def is_delivered(self, job: str) -> bool:
        return (read_job_record(self.several.stack, job) or ("",))[0] == "delivered"


def main(argv: Sequence[str] | None = None) -> int:
    """Run until the time is over; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(argv)
    binaries = find_binaries()
    if binaries is None:
        print(SKIP_REASON, file=sys.stderr)
        return 2
    print(f"seed {options.seed}", flush=True)
    with open_several_bots(Path(tempfile.mkdtemp(prefix="bots-chaos-")) / "logs", binaries) as several:
        chaos = Chaos(several, random.Random(options.seed))
        deadline = time.monotonic() + options.seconds
        while time.monotonic() < deadline:
            chaos.submit(chaos.chance.randint(2, 6))
            print(chaos.cause_fault(), flush=True)
        accepted, submitted = chaos.assert_answered_once()
    print(f"{submitted} requests, {accepted} accepted, each answered once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
