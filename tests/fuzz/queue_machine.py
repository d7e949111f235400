"""The generator: a state machine of bot, workers and Redis, with a fault at any command, and an audit after each step.

Each rule is one operation of a real client on a real Redis. After each step the auditor (`queue_audit`) looks at every
key, and `queue_fairness` at each claim.
"""

from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.queue.keys import DEFAULT_KEYS
from tests.fuzz.queue_clients import QueueClients
from tests.fuzz.queue_dump import copy_queue, dump_queue, restore_queue
from tests.fuzz.queue_faults import send_late_command
from tests.fuzz.queue_machine_base import indexes
from tests.fuzz.queue_worker_rules import WorkerRules

STEPS_MS: Final = (9_113, 50_371)
"""By how much the time moves: less than most of a lease, and more than a lease. No sum is close to a limit."""


class QueueMachine(WorkerRules):
    """All rules: those of the clients, and what happens to Redis and to the time."""

    @rule(milliseconds=st.sampled_from(STEPS_MS))
    def wait(self, milliseconds: int) -> None:
        self.clients.now_ms += milliseconds

    @rule(milliseconds=st.just(21_577))
    def set_clock_back(self, milliseconds: int) -> None:
        self.clients.now_ms -= milliseconds

    @rule()
    def let_an_hour_pass(self) -> None:
        self.clients.now_ms += 3_700_123
        names = [name for name in self.dump.keys if name.startswith("disabled_model:")]
        if names:
            self.clients.redis.delete(*(DEFAULT_KEYS.prefix + name for name in names))

    @rule(index=indexes)
    def let_late_command_arrive(self, index: int) -> None:
        if commands := self.clients.injector.late_commands:
            self.clients.set_clock()
            send_late_command(self.clients.redis, commands.pop(index % len(commands)))

    @rule()
    def copy_redis(self) -> None:
        self.copy = copy_queue(self.clients.redis)

    @rule(
        kind=st.sampled_from(("restart", "empty", "restore")),
        chance=st.integers(0, 3),
        is_noticed=st.sampled_from((True, True, False)),
    )
    def lose_data(self, kind: str, chance: int, is_noticed: bool) -> None:
        """Let Redis restart, once in four times: while the bot has not noticed it, nothing else can happen."""
        copy = self.copy
        if chance < 3 or (kind == "restore" and copy is None):
            return
        operations: dict[str, Callable[[], Any]] = {
            "restart": lambda: None,
            "empty": self.clients.redis.flushall,
            "restore": lambda: restore_queue(self.clients.redis, copy or []),
        }
        self._lose_data(operations[kind])
        if is_noticed:
            self.recover(None)
            self.sweep(0, None)

    def _lose_data(self, operation: Callable[[], Any]) -> None:
        """Start Redis anew, after the bot has recorded the calls so far: that it has is a limit of the guarantees.

        Another run id in the stored epoch and the loss of scripts are what a restart is to the scripts and clients.
        """
        while self.dump.get_entries("call_log"):
            self._run_bot(self.clients.keeper.record_calls_once, None)
        operation()
        self.has_lost_data = True
        self.clients.redis.script_flush()
        if self.clients.redis.exists(f"{DEFAULT_KEYS.prefix}epoch"):
            self.clients.redis.hset(f"{DEFAULT_KEYS.prefix}epoch", "run_id", "of the server before")
        self.clients.injector.late_commands.clear()
        jobs = dump_queue(self.clients.redis).jobs
        for job_id, record in self.records.items():
            record.is_promised = record.is_promised and job_id in jobs


def build_machine(clients: QueueClients) -> type[QueueMachine]:
    """Build the machine for these clients, which counts its own steps."""

    class Machine(QueueMachine):
        step_count = 0

    Machine.clients = clients
    return Machine
