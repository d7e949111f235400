"""The state of a run of the queue's state machine, the audit after each step, and what its rules share."""

from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.fuzz.queue_audit import audit_queue
from tests.fuzz.queue_clients import LEASE_SECONDS, MODELS, HeldClaim, QueueClients, Result
from tests.fuzz.queue_drain import drain_queue
from tests.fuzz.queue_dump import QueueDump, dump_queue
from tests.fuzz.queue_faults import Fault
from tests.fuzz.queue_records import Record

faults = st.none() | st.builds(
    Fault,
    at=st.sampled_from((1, 1, 1, 2, 2, 3, 4, 6)),
    place=st.sampled_from(("reply", "reply", "request", "late")),
    ending=st.sampled_from(("retry", "retry", "fail", "kill")),
)
indexes = st.integers(0, 11)
workers = st.integers(0, 1)


class QueueMachineBase(RuleBasedStateMachine):
    """`clients` are set before it runs. `step_count` counts the steps of all runs."""

    clients: ClassVar[QueueClients]
    step_count: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.clients.reset()
        self.number = 100
        self.copy: list[tuple[bytes, int, bytes]] | None = None
        self.is_finished = False
        self.has_lost_data = False
        self.dump = QueueDump({})

    @property
    def records(self) -> dict[str, Record]:
        return self.clients.records.by_id

    @property
    def held(self) -> list[HeldClaim]:
        return self.clients.held

    @initialize()
    def start(self) -> None:
        self._run_bot(self.clients.recover, None)
        for number in range(len(self.clients.workers)):
            self._sweep(number, None)

    # What holds after each step

    @invariant()
    def audit(self) -> None:
        if self.is_finished:
            return
        type(self).step_count += 1
        self._read()
        self._check(audit_queue(self.dump))
        lost = [
            job_id
            for job_id, record in self.records.items()
            if record.is_promised and record.is_open and job_id not in self.dump.jobs
        ]
        self._check([f"job {job_id} was accepted, and Redis has it no more" for job_id in lost])
        for job_id, job in () if self.has_lost_data else self.dump.jobs.items():
            assert int(job.get("calls", 0)) <= int(job.get("claims", 0)), f"job {job_id} had more calls than claims"

    def teardown(self) -> None:
        """End without faults: every request is answered, and nothing is left of it."""
        self.is_finished = True
        drain_queue(self.clients)
        super().teardown()

    def _sweep(self, number: int, fault: Fault | None) -> None:
        before = self.dump
        self._run_worker(number, lambda: self.clients.workers[number].sweep(MODELS), fault)
        last_at = int(before.get_hash("sweep").get("last_at", self.clients.now_ms))
        if abs(self.clients.now_ms - last_at) > LEASE_SECONDS * 1000 * 2 / 3:
            kept = set(self.dump.get_scores("leases:generate"))
            assert set(before.get_scores("leases:generate")) <= kept, "no worker had the time to renew its leases"
        self.clients.now_ms = max(self.clients.now_ms, int(self.dump.get_hash("sweep").get("last_at", 0)))

    def _run_bot(self, operation: Callable[[], Any], fault: Fault | None) -> tuple[Result, Any]:
        result = self.clients.run_bot(operation, fault)
        self._read()
        return result

    def _run_worker(self, number: int, operation: Callable[[], Any], fault: Fault | None) -> tuple[Result, Any]:
        result = self.clients.run_worker(number, operation, fault)
        self._read()
        return result

    def _read(self) -> QueueDump:
        self.dump = dump_queue(self.clients.redis)
        return self.dump

    def _read_run_id(self) -> str:
        info: Any = self.clients.redis.info("server")
        return str(info["run_id"])

    @staticmethod
    def _has_lease(held: HeldClaim, dump: QueueDump) -> bool:
        return dump.jobs.get(held.claim.job.id, {}).get("claim_token") == held.claim.token

    @staticmethod
    def _choose(items: Any, index: int) -> Any:
        return items[index % len(items)] if items else None

    @staticmethod
    def _check(problems: list[str]) -> None:
        assert not problems, "\n".join(problems)
