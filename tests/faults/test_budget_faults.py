"""Bots and a worker at a nearly spent budget, on PostgreSQL: whoever dies, the budget holds and the ledger balances.

Every test ends with the ledger compared with what the Bedrock stand-in billed, and with nothing left reserved. All is
asked for a team, whose budget is large: its counter has to agree, too.
"""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.features.server_settings.time_zones import COMMON_ZONES
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack, run_stack
from demo.standins.discord.permissions import MEMBER_PERMISSIONS
from tests.support.bot_processes import BotProcesses, read_job_field, read_job_record
from tests.support.ledger import assert_ledger_balances
from tests.support.postgresql import SKIP_REASON, PostgreSQLServer, find_binaries, open_postgresql
from tests.support.process_logs import wait_for_log
from tests.support.records import query_records
from tests.support.redis_proxy import RedisProxy
from tests.support.server import find_owner
from tests.support.server_panel import open_section, wait_for_panel
from tests.support.user import DiscordUser, list_media, wait_until

SETTINGS = {
    "RECONCILE_INTERVAL_SECONDS": "1",
    "LEASE_SECONDS": "3",
    "BEDROCK_CALL_SECONDS": "5",
    "MAX_PER_MINUTE_PER_USER": "0",
}
PICTURES = "SELECT coalesce(sum(CASE kind WHEN 'reservation' THEN 1 WHEN 'release' THEN -1 ELSE 0 END), 0) "
BURST = 12
MIN_HOUR, MAX_HOUR = 2, 21  # no day begins during a test


@dataclass
class BudgetStack:
    """A stack whose processes are killed, with the database and Redis that they share."""

    stack: Stack
    database: PostgreSQLServer
    proxy: RedisProxy
    bots: BotProcesses
    workers: list[Process] = field(default_factory=list)

    @property
    def owner(self) -> DiscordUser:
        return find_owner(self.stack)

    def start_worker(self) -> Process:
        folder = self.stack.processes["discord"].log.parent
        worker = Process(f"worker-{len(self.workers) + 1}", ("-m", "worker"), folder, self.stack.environment)
        self.workers.append(worker)
        wait_for_log(worker, "worker ready")
        return worker

    def set_up_team(self) -> None:
        """Let Ada ask for a team with a budget that is never used up."""
        made = {"name": "Makers", "permissions": str(int(MEMBER_PERMISSIONS))}
        role = self.owner.post("/control/roles", made)["id"]
        ada = DiscordUser(self.stack)
        self.owner.put("/control/members/ada", {"roles": [role]})
        for user, command, options in (
            (self.owner, "team setup", {"role": role}),
            (self.owner, "budget set", {"amount": 1000, "per": "day", "in": "pictures", "team": role}),
            (ada, "team choose", {"team": "Makers"}),
        ):
            user.wait_for_private_message(user.invoke_command(command, self.stack.channel_id, **options))

    def leave_pictures(self, count: int) -> None:
        """Set the server's budget so that it has room for so many pictures today."""
        options = {"amount": self.count_pictures() + count, "per": "day", "in": "pictures"}
        used = self.owner.invoke_command("budget set", self.stack.channel_id, **options)
        assert self.owner.wait_for_private_text(used).startswith("Done.")

    def count_pictures(self) -> int:
        """Count the pictures that are made or reserved."""
        return int(query_records(self.stack, f"{PICTURES} FROM ledger_entries")[0][0])

    def assert_balanced(self) -> None:
        """Assert that the ledger is what was billed, that nothing is reserved, and that both counters agree."""
        assert_ledger_balances(self.stack)
        assert query_records(self.stack, "SELECT count(*) FROM ledger_entries WHERE team_id IS NULL") == [(0,)]
        used = {int(row[0]) for row in query_records(self.stack, "SELECT used FROM budget_counters")}
        assert used == {self.count_pictures()}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BudgetStack]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(SKIP_REASON)
    folder = tmp_path_factory.mktemp("budget-faults") / "logs"
    with (
        open_postgresql(binaries) as database,
        run_stack(
            folder,
            discord_options=("--no-rate-limits",),
            bedrock_options=("--latency", "0.2"),
            settings=SETTINGS | {"DATABASE_URL": database.url},
            services=(),
        ) as stack,
    ):
        if stack.redis is None:
            pytest.skip("REDIS_URL names a server that is not ours to stop")
        with RedisProxy(stack.redis.port) as proxy:
            opened = BudgetStack(stack, database, proxy, BotProcesses(stack, proxy.url))
            opened.bots.start()
            opened.start_worker()
            opened.set_up_team()
            yield opened
            proxy.release()
            opened.bots.stop_all()
            for worker in opened.workers:
                worker.stop()


@pytest.fixture
def budgets(opened: BudgetStack) -> BudgetStack:
    """The stack with one bot that leads."""
    opened.proxy.release()
    for bot in [bot for bot in opened.bots.processes if bot.is_running][1:]:
        bot.stop()
    bot = next((bot for bot in opened.bots.processes if bot.is_running), None) or opened.bots.start()
    wait_for_log(bot, "this bot leads")
    return opened


def test_a_burst_to_two_bots_makes_as_many_pictures_as_there_is_budget_for(budgets: BudgetStack) -> None:
    budgets.leave_pictures(3)
    budgets.bots.start()
    ada = DiscordUser(budgets.stack)

    with ThreadPoolExecutor(BURST) as threads:
        jobs = list(threads.map(lambda number: ada.submit_imagine(f"burst {number}", image=None), range(BURST)))
    wait_until(lambda: sum(has_answer(ada, job) for job in jobs) == BURST - 3, "the refusals")

    accepted = [job for job in jobs if read_job_record(budgets.stack, job)]
    assert [len(list_media(ada.wait_for_result(job))) for job in accepted] == [1] * 3
    refusals = [ada.wait_for_private_text(job) for job in jobs if job not in accepted]
    assert all("this server's" in refusal and "<t:" in refusal for refusal in refusals)
    budgets.assert_balanced()


def test_a_price_that_a_killed_bot_reserved_is_used_by_its_request_and_by_no_other(budgets: BudgetStack) -> None:
    budgets.leave_pictures(1)
    ada = DiscordUser(budgets.stack)
    budgets.proxy.hold_script("request", "accept")
    job = ada.submit_imagine("reserved and not queued", image=None)
    assert budgets.proxy.held_event.wait(20)

    for bot in budgets.bots.processes:
        if bot.is_running:
            budgets.bots.kill(bot)
    assert read_job_record(budgets.stack, job) == ("accepted", None)
    budgets.proxy.release()
    budgets.bots.start()
    late = ada.submit_imagine("the last one, too", image=None)

    assert "this server's" in ada.wait_for_private_text(late)
    assert len(list_media(ada.wait_for_result(job))) == 1
    budgets.assert_balanced()


def test_a_call_of_a_killed_worker_counts_as_billed(budgets: BudgetStack) -> None:
    budgets.leave_pictures(1)
    ada = DiscordUser(budgets.stack)
    job = ada.submit_imagine("killed in the middle [slow:2]", image=None)
    wait_until(lambda: any("killed in the middle" in str(call["body"]) for call in list_calls(budgets)), "the call")

    os.kill(budgets.workers[-1].pid, signal.SIGKILL)
    budgets.workers[-1].stop()
    budgets.start_worker()

    assert len(list_media(ada.wait_for_result(job))) == 1
    budgets.assert_balanced()


def test_outcomes_of_the_time_without_a_database_are_settled_once_it_is_back(budgets: BudgetStack) -> None:
    budgets.leave_pictures(4)
    ada = DiscordUser(budgets.stack)
    jobs = [ada.submit_imagine(f"without a database {number} [slow:1]", image=None) for number in range(3)]
    refused = ada.submit_imagine("without a database [refused]", image=None)
    wait_until(lambda: all(read_job_field(budgets.stack, job) for job in (*jobs, refused)), "all queued")

    budgets.database.stop(signal.SIGQUIT)
    assert [len(list_media(ada.wait_for_result(job))) for job in jobs] == [1] * 3
    nothing = ada.submit_imagine("nothing is accepted now", image=None)
    assert "try again" in ada.wait_for_private_text(nothing).lower()
    budgets.database.start()

    budgets.assert_balanced()
    ada.wait_for_result(ada.submit_imagine("what the filter refused is free", image=None))
    assert "this server's" in ada.wait_for_private_text(ada.submit_imagine("one too many", image=None))
    budgets.assert_balanced()


def test_the_time_zone_changes_during_a_burst_and_a_kill_and_nothing_is_granted_twice(budgets: BudgetStack) -> None:
    budgets.leave_pictures(3)
    doomed = budgets.bots.start()
    ada, owner = DiscordUser(budgets.stack), budgets.owner
    panel = open_section(owner, "language")
    first, *others = [zone for zone in COMMON_ZONES if MIN_HOUR <= datetime.now(ZoneInfo(zone)).hour <= MAX_HOUR]

    def choose_zone(zone: str) -> None:
        owner.use_component(panel, "server_setting:time_zone:0", zone)
        wait_for_panel(owner, panel, f'"value": "{zone}", "default": true')

    def submit(number: int) -> str:
        owner.use_component(panel, "server_setting:time_zone:0", others[number % len(others)])
        return ada.submit_imagine(f"between zones {number}", image=None)

    choose_zone(first)
    ada.wait_for_result(ada.submit_imagine("the day of the first zone", image=None))
    choose_zone(others[-1])
    with ThreadPoolExecutor(BURST) as threads:
        burst = threads.map(submit, range(BURST))
        budgets.bots.kill(doomed)
        jobs = list(burst)
    wait_until(lambda: all(has_ended(budgets, ada, job) for job in jobs), "an end of each request")
    choose_zone(first)

    assert "this server's" in ada.wait_for_private_text(ada.submit_imagine("one too many", image=None))
    accepted = [job for job in jobs if read_job_record(budgets.stack, job)]
    assert [len(list_media(ada.wait_for_result(job))) for job in accepted] == [1] * 2
    budgets.assert_balanced()


def has_ended(budgets: BudgetStack, user: DiscordUser, job: str) -> bool:
    """Tell whether a request was refused, or lost with the bot that was killed, or was delivered."""
    record = read_job_record(budgets.stack, job)
    interaction = user.get(f"/control/interactions/{job}")
    return record[0] == "delivered" if record else interaction["failed"] or has_answer(user, job)


def has_answer(user: DiscordUser, interaction: str) -> bool:
    """Tell whether a command was answered in private."""
    return bool(user.get(f"/control/interactions/{interaction}")["followups"])


def list_calls(budgets: BudgetStack) -> list[dict[str, object]]:
    calls: list[dict[str, object]] = request_json("GET", f"{budgets.stack.bedrock_url}/control/calls")
    return calls
