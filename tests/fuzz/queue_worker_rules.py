"""The operations of the workers: prepare, claim, call, end, renew, sweep. `fault` breaks one of their commands."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.job import Job
from shared.outcome import Failed, Filtered, FilteredPart
from shared.problems import make_problem
from shared.queue.stages import Stage
from tests.fuzz.queue_bot_rules import BotRules
from tests.fuzz.queue_clients import HeldClaim
from tests.fuzz.queue_fairness import audit_claim, audit_entry
from tests.fuzz.queue_faults import Fault
from tests.fuzz.queue_machine_base import faults, indexes, workers
from tests.fuzz.queue_records import Record
from tests.support.redis_queue import GENERATED
from worker.queue.dead_letters import DeadLetter

INTERNAL: Final = make_problem("internal")
PICTURE: Final = b"picture"
FIRST_PAUSE_SECONDS: Final = 10.0
DELAY_SECONDS: Final = 5.0
MAX_BILLED_CALLS: Final = 2

endings = st.sampled_from(
    ("generated", "generated", "filtered", "failed", "unknown", "unknown", "throttled", "outage", "gone")
)


class WorkerRules(BotRules):
    """Rules of the workers."""

    @rule(number=workers, is_usable=st.sampled_from((True, True, True, False)), fault=faults)
    def prepare(self, number: int, is_usable: bool, fault: Fault | None) -> None:
        queue, jobs = self.clients.workers[number], list[Job]()

        def prepare_next() -> None:
            claim = queue.claim(Stage.PREPARE)
            if claim is None:
                return
            jobs.append(claim.job)
            try:
                upload = queue.fetch_upload(claim.job.id)
                if upload and is_usable:
                    queue.promote(claim, b"prepared")
                else:
                    queue.finish(claim, Failed(problem=INTERNAL))
            except Exception:
                queue.return_claim(claim)
                raise

        before = self.dump
        result, _ = self._run_worker(number, prepare_next, fault)
        if result == "done" and fault is None:
            if jobs and is_usable:
                self._check(audit_entry(before, self.dump, jobs[0].id))
            elif not jobs:
                self._check(audit_claim(before, self.dump, "prepare", None, ["default"], self.clients.now_ms))

    @rule(number=workers, fault=faults)
    def claim(self, number: int, fault: Fault | None) -> None:
        queue, before = self.clients.workers[number], self.dump
        result, claim = self._run_worker(number, lambda: queue.claim(Stage.GENERATE), fault)
        if claim is not None:
            self.held.append(HeldClaim(number, claim))
            assert self.dump.jobs[claim.job.id].get("claim_token") == claim.token
        if result == "done" and fault is None:
            accounts = queue._accounts.list_usable()
            now_ms = self.clients.now_ms
            self._check(audit_claim(before, self.dump, "generate", claim and claim.job.id, accounts, now_ms))

    @rule(number=workers)
    def work_until_nothing_is_left(self, number: int) -> None:
        for _ in range(4):
            self.prepare(number, is_usable=True, fault=None)
        for _ in range(3):
            self.claim(number, None)

    @rule(number=workers, claim_fault=faults, call_fault=faults)
    def claim_and_call(self, number: int, claim_fault: Fault | None, call_fault: Fault | None) -> None:
        if not self.dump.list_names("ready", 3):
            self.submit_burst(count=3, guild=1 + self.number % 2, users=3, has_picture=False)
        self.claim(number, claim_fault)
        self.start_call(0, call_fault)

    @rule(number=workers, ending=endings, call_fault=faults, end_fault=faults)
    def run_job(self, number: int, ending: str, call_fault: Fault | None, end_fault: Fault | None) -> None:
        self.prepare(number, is_usable=True, fault=None)
        self.claim_and_call(number, None, call_fault)
        self.end_call(0, ending, end_fault)

    @rule(index=indexes, fault=faults)
    def start_call(self, index: int, fault: Fault | None) -> None:
        held = self._choose([held for held in self.held if not held.is_called], index)
        if held is None:
            return
        queue, before = self.clients.workers[held.worker], self.dump
        job_id = held.claim.job.id

        def start() -> bool:
            has_picture = held.claim.job.request.has_picture
            assert not has_picture or queue.fetch_prepared(job_id) or not self._has_lease(held, before)
            is_started: bool = queue.start_call(held.claim)
            return is_started

        result, is_started = self._run_worker(held.worker, start, fault)
        if result == "failed":
            queue.return_claim(held.claim)
        if result == "killed":
            return
        if not is_started:
            self.held.remove(held)
            return
        held.is_called = True
        record = self.records[job_id]
        record.billed_calls += 1
        assert before.get_hash("epoch").get("run_id") == self._read_run_id(), "a call started in an unknown epoch"
        assert self._has_lease(held, self.dump)
        assert self.dump.jobs[job_id]["call_started"] == "1"
        assert record.is_open, "a call started for a request that was answered"
        assert record.billed_calls <= MAX_BILLED_CALLS, "a third call"
        if record.billed_calls == MAX_BILLED_CALLS:
            assert int(self.dump.jobs[job_id]["unknown_calls"]) == 1, "a second call without one of unknown fate"

    @rule(
        index=indexes,
        ending=endings,
        fault=faults,
    )
    def end_call(self, index: int, ending: str, fault: Fault | None) -> None:
        held = self._choose([held for held in self.held if held.is_called], index)
        if held is None:
            return
        result, _ = self._run_worker(held.worker, lambda: self._end_call(held, ending), fault)
        if ending in {"throttled", "gone"} and result == "done":
            self.records[held.claim.job.id].billed_calls -= 1  # AWS refused it
        if held in self.held:
            self.held.remove(held)

    def _end_call(self, held: HeldClaim, ending: str) -> None:
        queue, claim = self.clients.workers[held.worker], held.claim
        model = claim.job.request.model
        if ending == "outage":
            queue.record_failed_call(claim, pause_seconds=FIRST_PAUSE_SECONDS)
        is_off = ending == "gone" and queue.disable_model(model, claim.account, make_problem("model_gone", model=model))
        is_unknown = ending in {"unknown", "outage"} and claim.unknown_calls == 0
        if ending == "generated":
            queue.finish(claim, GENERATED, PICTURE)
        elif ending == "filtered":
            queue.finish(claim, Filtered(part=FilteredPart.PROMPT, duration_seconds=1))
        elif is_unknown or ending == "throttled" or (ending == "gone" and not is_off):
            is_throttled = ending == "throttled"
            queue.release(claim, delay_seconds=DELAY_SECONDS, is_unknown_call=is_unknown, is_throttled=is_throttled)
        else:
            failed = Failed(problem=INTERNAL, may_be_billed=ending in {"unknown", "outage"})
            is_stored = queue.finish(claim, failed)
            assert self._has_lease(held, self.dump) or not is_stored, "a failure was stored without the lease"

    @rule(index=indexes, delay=st.sampled_from((0.0, DELAY_SECONDS)), fault=faults)
    def release(self, index: int, delay: float, fault: Fault | None) -> None:
        if held := self._choose([held for held in self.held if not held.is_called], index):
            release = self.clients.workers[held.worker].release
            self._run_worker(
                held.worker,
                lambda: release(held.claim, delay_seconds=delay, is_unknown_call=False, is_throttled=False),
                fault,
            )
            if held in self.held:
                self.held.remove(held)

    @rule(index=indexes)
    def return_claim(self, index: int) -> None:
        if held := self._choose([held for held in self.held if not held.is_called], index):
            self.clients.workers[held.worker].return_claim(held.claim)
            self.held.remove(held)

    @rule(number=workers, fault=faults)
    def renew_leases(self, number: int, fault: Fault | None) -> None:
        self._run_worker(number, self.clients.workers[number].renew_leases, fault)

    @rule(number=workers, fault=faults)
    def sweep(self, number: int, fault: Fault | None) -> None:
        self._sweep(number, fault)

    @rule(number=workers)
    def kill_worker(self, number: int) -> None:
        self.clients.kill_worker(number)

    @rule(index=indexes, fault=faults)
    def retry_dead_letter(self, index: int, fault: Fault | None) -> None:
        letters = [letter for letter in self.clients.dead_letters.list_letters() if isinstance(letter, DeadLetter)]
        if letter := self._choose(letters, index):
            self.number += 1
            new_id = str(self.number)
            job = letter.job.model_copy(update={"id": new_id})
            self.records[new_id] = Record(job, PICTURE if job.request.has_picture else None)
            retry = self.clients.dead_letters.retry_letter
            result, _ = self._run_worker(0, lambda: retry(letter, new_id, 86400), fault)
            if result == "done" and new_id not in self._read().jobs:
                del self.records[new_id]
