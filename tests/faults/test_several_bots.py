"""Two bots on one Redis and one PostgreSQL, each with half of the shards: answers, delivery, and faults.

The stand-in does not enforce nonces here, so that nothing is posted twice is up to the bots alone.
The long run is `python -m tests.faults.bots_chaos`.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest

from bot.domain.shards import find_shard
from bot.rendering.outcome_views import compute_component_id
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack, run_stack
from tests.support.bot_processes import (
    BotProcesses,
    clear_discord_faults,
    count_results,
    count_unacknowledged,
    inject_discord_fault,
    wait_until_delivered,
)
from tests.support.ledger import assert_ledger_balances
from tests.support.pending_outcomes import list_result_markers, open_threads, put_pending_outcomes
from tests.support.postgresql import SKIP_REASON, PostgreSQLServer, find_binaries, open_postgresql
from tests.support.process_logs import wait_for_log
from tests.support.user import LOADING_FLAG, DiscordUser, list_media, wait_until

SHARDS = 4
THREADS, EACH = 8, 8


@dataclass
class SeveralBots:
    """Two bots, with a channel of a server on a shard of each."""

    stack: Stack
    database: PostgreSQLServer
    bots: BotProcesses
    channels: tuple[str, str]

    @property
    def pair(self) -> tuple[Process, Process]:
        first, second = self.bots.processes[-2:]
        return first, second

    def start_pair(self) -> None:
        """Start the two bots."""
        for shards in (f"0-1/{SHARDS}", f"2,3/{SHARDS}"):
            self.stack.environment["SHARDS"] = shards
            self.bots.start(wait=False)
        for bot in self.pair:
            wait_for_log(bot, "ready as")
            wait_for_log(bot, "2 bots deliver")

    def find_deliverers(self, job: str) -> list[int]:
        """Find which of the bots say that they delivered a job."""
        return [number for number, bot in enumerate(self.pair) if f"job {job}: delivered" in bot.log.read_text()]


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeveralBots]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(SKIP_REASON)
    with open_several_bots(tmp_path_factory.mktemp("several-bots") / "logs", binaries) as opened:
        yield opened


@contextmanager
def open_several_bots(logs: Path, binaries: Path) -> Iterator[SeveralBots]:
    """Run a stack with a worker and two bots on PostgreSQL."""
    with (
        open_postgresql(binaries) as database,
        run_stack(
            logs,
            discord_options=("--no-rate-limits", "--nonce-seconds", "0", "--shards", str(SHARDS)),
            bedrock_options=("--latency", "0.2"),
            settings={"RECONCILE_INTERVAL_SECONDS": "1", "DATABASE_URL": database.url, "MAX_PER_MINUTE_PER_USER": "0"},
            services=("worker",),
        ) as stack,
    ):
        bots = BotProcesses(stack, stack.redis_url)
        several = SeveralBots(stack, database, bots, find_channels(stack))
        several.start_pair()
        try:
            yield several
        finally:
            bots.stop_all()


def find_channels(stack: Stack) -> tuple[str, str]:
    """Find a channel of a server on a shard of each bot; servers are added until there is one."""
    guild = request_json("GET", f"{stack.discord_url}/control/state")["guilds"][0]["id"]
    found = {find_shard(int(guild), SHARDS) // 2: stack.channel_id}
    while len(found) < 2:
        added = request_json("POST", f"{stack.discord_url}/control/guilds", {"name": "Another studio"})
        found.setdefault(find_shard(int(added["id"]), SHARDS) // 2, added["channels"][0]["id"])
    return found[0], found[1]


def has_preview(ada: DiscordUser, job: str) -> bool:
    return bool(list_media(ada.wait_for_status(job)))


def test_each_bot_answers_in_its_servers_and_both_deliver_in_all(several: SeveralBots) -> None:
    ada = DiscordUser(several.stack)

    jobs = [[ada.submit_imagine(f"{n}", image=None, channel=channel) for n in range(5)] for channel in several.channels]

    filtered = [ada.submit_imagine(f"{n} [filtered]", image=None, channel=several.channels[0]) for n in range(4)]

    for number, asked in enumerate(jobs):
        assert [len(list_media(ada.wait_for_result(job))) for job in asked] == [1] * len(asked)
        assert all(f"job {job}: queued" in several.pair[number].log.read_text() for job in asked)
        for job in asked:
            wait_until_delivered(several.stack, job)
            wait_until(partial(has_preview, ada, job), "a preview in the channel")
            assert ada.wait_for_status(job)["thread"]["id"] == ada.wait_for_result(job)["channel_id"]
    assert all("filtered" in ada.wait_for_followup_text(job) for job in filtered), "told by whichever bot delivers"
    deliverers = [[several.find_deliverers(job) for job in asked] for asked in jobs]
    assert count_results(several.stack, *jobs[0], *jobs[1]) == [1] * 10
    assert all(len(found) == 1 for asked in deliverers for found in asked)
    assert {number for asked in deliverers for (number,) in asked} == {0, 1}
    assert any(found != [number] for number, asked in enumerate(deliverers) for found in asked), "none by the other"
    assert request_json("GET", f"{several.stack.discord_url}/control/state")["rejected_identifies"] == 0
    assert all("Traceback" not in bot.log.read_text() for bot in several.pair)


def test_a_postgresql_that_restarts_or_ends_transactions_loses_nothing(several: SeveralBots) -> None:
    """Requests come in all the while: each is answered by a picture or, in private, by words."""
    ada, jobs = DiscordUser(several.stack), list[str]()

    def submit(count: int) -> None:
        for _ in range(count):
            channel = several.channels[len(jobs) % 2]
            jobs.append(ada.submit_imagine(f"request {len(jobs)}", image=None, channel=channel))

    for _ in range(3):
        submit(3)
        for _ in range(10):
            terminate_backends(several.database)
            time.sleep(0.02)
    for how in (signal.SIGQUIT, signal.SIGINT):  # immediate, fast
        submit(2)
        several.database.stop(how)
        submit(2)
        several.database.start()
        submit(2)

    answers = [wait_until(partial(find_answer, ada, job), f"an answer to {job}") for job in jobs]
    assert set(answers) <= {"a picture", "words"}
    accepted = [job for job, answer in zip(jobs, answers, strict=True) if answer == "a picture"]
    assert accepted
    for job in accepted:
        wait_until_delivered(several.stack, job)
    assert count_results(several.stack, *accepted) == [1] * len(accepted)
    assert_ledger_balances(several.stack)
    after = ada.submit_imagine("afterwards", image=None, channel=several.channels[1])
    assert len(list_media(ada.wait_for_result(after))) == 1
    rejected = [job for job, answer in zip(jobs, answers, strict=True) if answer == "words"]
    assert count_results(several.stack, *rejected) == [0] * len(rejected), "one that was told to try again was accepted"


def terminate_backends(database: PostgreSQLServer) -> None:
    with psycopg.connect(database.url, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def find_answer(ada: DiscordUser, job: str) -> str | None:
    """Find how a request was answered: by a picture in its thread, or by words that only its author sees."""
    seen = ada.get(f"/control/interactions/{job}")
    if seen["failed"]:
        return "nothing"
    message = seen.get("message") or {}
    replies = [message, *seen.get("followups", ())]
    if any(reply.get("flags", 0) & 64 and not reply["flags"] & LOADING_FLAG for reply in replies):
        return "words"
    thread = (message.get("thread") or {}).get("id")
    return "a picture" if thread and any(map(list_media, ada.list_messages(thread))) else None


async def test_the_outcomes_of_a_killed_bot_are_delivered_by_the_other_in_order(several: SeveralBots) -> None:
    """Those of its servers, too, whose shard nobody runs then."""
    stack = several.stack
    threads = open_threads(stack, THREADS)
    inject_discord_fault(stack, "delay:0.5", "POST", r"/channels/\d+/messages$", THREADS * EACH)
    jobs = await put_pending_outcomes(stack, threads, EACH)
    guild = int(request_json("GET", f"{stack.discord_url}/control/state")["guilds"][0]["id"])
    owner = several.pair[find_shard(guild, SHARDS) // 2]
    wait_until(lambda: count_unacknowledged(stack) < THREADS * EACH - 4, "the first outcomes")

    several.bots.kill(owner)
    assert count_unacknowledged(stack) > THREADS
    clear_discord_faults(stack)

    wait_until(lambda: count_unacknowledged(stack) == 0, "all outcomes acknowledged", 60)
    assert list_result_markers(stack, threads) == {
        thread: [compute_component_id(job) for job in jobs[thread]] for thread in threads
    }
