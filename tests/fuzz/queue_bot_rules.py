"""The operations of the bot: submit, deliver, cancel, pause, recover. `fault` breaks one of its commands."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from bot.domain.status import CancelResult
from shared.job import Priority, TeamRef
from shared.problems import RejectedError, make_problem
from tests.fuzz.queue_clients import LIMITS, MODELS
from tests.fuzz.queue_fairness import audit_acceptance, audit_entry
from tests.fuzz.queue_faults import Fault
from tests.fuzz.queue_machine_base import QueueMachineBase, faults, indexes
from tests.fuzz.queue_records import Record
from tests.support.redis_queue import make_job

TEAMS: Final = {0: None, 8: TeamRef(id=8, name="A", weight=4), 9: TeamRef(id=9, name="B", weight=0.5)}
CANCELLED: Final = make_problem("cancelled", name="Ada")
PICTURE: Final = b"picture"


class BotRules(QueueMachineBase):
    """Rules of the bot."""

    @rule(
        team=st.sampled_from(tuple(TEAMS)),
        user=st.integers(1, 4),
        guild=st.integers(1, 2),
        batch=st.sampled_from((None, None, "51")),
        model=st.sampled_from((0, 0, 1)),
        priority=st.sampled_from((Priority.NORMAL, Priority.NORMAL, Priority.LOW)),
        has_picture=st.booleans(),
        fault=faults,
    )
    def submit(
        self,
        team: int,
        user: int,
        guild: int,
        batch: str | None,
        model: int,
        priority: Priority,
        has_picture: bool,
        fault: Fault | None,
    ) -> None:
        self.number += 1
        job = make_job(
            self.number,
            user,
            channel=10 * guild + user,
            guild=guild,
            model=MODELS[model].key,
            has_picture=has_picture,
            team=TEAMS[team],
            batch=f"{batch}{team or user}" if batch else None,
            priority=priority,
        )
        record = self.records[job.id] = Record(job, PICTURE if has_picture else None)
        before = self.dump
        result, reply = self._run_bot(lambda: self.clients.bot.enqueue_job(job, record.picture), fault)
        if isinstance(reply, RejectedError):
            record.is_open = False
            self.clients.injector.late_commands.clear()  # the request was refused: it does not come back
        elif result == "done":
            record.is_promised = True
        if result == "done":
            arguments = LIMITS.build_script_arguments(job)
            self._check(audit_acceptance(before, arguments, isinstance(reply, RejectedError), self.clients.now_ms))
            self._check(audit_entry(before, self._read(), job.id))

    @rule(count=st.integers(2, 5), guild=st.integers(1, 2), users=st.integers(1, 4), has_picture=st.booleans())
    def submit_burst(self, count: int, guild: int, users: int, has_picture: bool) -> None:
        for number in range(count):
            self.submit(0, 1 + number % users, guild, None, 0, Priority.NORMAL, has_picture, None)

    @rule(index=indexes, fault=faults)
    def open_thread(self, index: int, fault: Fault | None) -> None:
        if record := self._choose(self.clients.records.list_open(), index):
            self._run_bot(lambda: self.clients.bot.set_thread(record.job.id, 77), fault)

    @rule(fault=faults)
    def deliver(self, fault: Fault | None) -> None:
        if self.dump.get_entries("outcomes"):
            self._run_bot(self.clients.deliver, fault)

    @rule(index=indexes, fault=faults)
    def cancel(self, index: int, fault: Fault | None) -> None:
        if record := self._choose(self.clients.records.list_open(), index):
            job_id, before = record.job.id, self.dump.jobs.get(record.job.id, {})
            result, reply = self._run_bot(lambda: self.clients.bot.cancel_job(job_id, CANCELLED), fault)
            if result == "done" and fault is None:
                is_called = "claim_token" in before and before.get("call_started") == "1"
                has_ended = before.get("state") in {"finished", "delivered"}
                expected = CancelResult.TOO_LATE if is_called or has_ended else CancelResult.CANCELLED
                assert reply == (expected if before else CancelResult.UNKNOWN)

    @rule(guilds=st.sampled_from(((), (), (), (1,), (2,), (1, 2))), fault=faults)
    def pause_guilds(self, guilds: tuple[int, ...], fault: Fault | None) -> None:
        self.clients.records.paused_guilds = set(guilds)
        self._run_bot(self.clients.update_paused_guilds, fault)

    @rule(fault=faults)
    def recover(self, fault: Fault | None) -> None:
        self._run_bot(self.clients.recover, fault)

    @rule(fault=faults)
    def record_calls(self, fault: Fault | None) -> None:
        if self.dump.get_entries("call_log"):
            self._run_bot(self.clients.keeper.record_calls_once, fault)
