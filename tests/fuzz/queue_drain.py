"""The end of a run: without further faults every request is answered, by tickets and sweeps alone. Nothing is left."""

from typing import Any, Final

from shared.queue.keys import DEFAULT_KEYS
from shared.queue.stages import Stage
from tests.fuzz.queue_audit import audit_queue
from tests.fuzz.queue_clients import MODELS, QueueClients
from tests.fuzz.queue_dump import QueueDump, dump_queue
from tests.support.redis_queue import GENERATED

MAX_ROUNDS: Final = 60
ROUND_MS: Final = 61_000
"""A lease, a delay and most pauses end in a round; a first round of an hour ends the others."""

LEFT_BEHIND: Final = (
    "queued:", "turns:", "ready:", "ready_turns:", "blocked:", "blocked_turns:", "parked:", "delayed:", "leases:",
    "claimed:", "slots:", "claim_tokens:", "open:", "upload:", "prepared:", "result:", "open_jobs", "incoming_picture",
)  # fmt: skip


def drain_queue(clients: QueueClients) -> None:
    """Let the workers that are left end their calls, then run everything else. Raises `AssertionError`."""
    clients.records.paused_guilds = set()
    clients.injector.late_commands.clear()
    disabled = clients.redis.keys(f"{DEFAULT_KEYS.prefix}disabled_model:*")
    if disabled:
        clients.redis.delete(*disabled)
    clients.now_ms += 3_700_123
    for number in range(len(clients.workers)):
        clients.kill_worker(number)
    for _ in range(MAX_ROUNDS):
        if not clients.records.list_open():
            break
        _run_round(clients)
    dump = dump_queue(clients.redis)
    assert not audit_queue(dump), "\n".join(audit_queue(dump))
    unanswered = [record.job.id for record in clients.records.list_open()]
    assert not unanswered, f"nobody answers the requests {unanswered}: {_describe(dump, unanswered)}"
    left = [name for name in dump.keys if name.startswith(LEFT_BEHIND)]
    assert not left, f"everything is delivered, and these are left: {left}"


def _run_round(clients: QueueClients) -> None:
    """Sweep often enough that leases end, work on as many jobs as there are tickets, and deliver."""
    clients.run_bot(clients.recover, None)
    for _ in range(4):
        clients.now_ms += ROUND_MS // 4
        for queue in clients.workers:
            clients.set_clock()
            queue.sweep(MODELS)
        clients.now_ms = max(clients.now_ms, int(float(_read_last_sweep(clients))))
        _work_on_tickets(clients)
    if clients.redis.xlen(DEFAULT_KEYS.outcome_stream):
        assert clients.run_bot(clients.deliver, None)[0] == "done"


def _work_on_tickets(clients: QueueClients) -> None:
    """Take each ticket as a worker does: one prepares all that waits, or makes one call."""
    clients.set_clock()
    for number, queue in enumerate(clients.workers):
        while number == 0 and clients.redis.rpop(DEFAULT_KEYS.ticket_list_key(Stage.PREPARE)):
            while claim := queue.claim(Stage.PREPARE):
                queue.promote(claim, b"prepared")
        # The workers share the tickets: each leaves every other one.
        for _ in range(8):
            if not clients.redis.rpop(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE)):
                break
            claim = queue.claim(Stage.GENERATE)
            if claim is not None and queue.start_call(claim):
                record = clients.records.by_id[claim.job.id]
                record.billed_calls += 1
                assert record.billed_calls <= 2, "a third call"
                queue.finish(claim, GENERATED, b"picture")


def _read_last_sweep(clients: QueueClients) -> Any:
    return clients.redis.hget(f"{DEFAULT_KEYS.prefix}sweep", "last_at") or 0


def _describe(dump: QueueDump, job_ids: list[str]) -> str:
    return "; ".join(f"{job_id}: {dict(dump.jobs.get(job_id, {}))}" for job_id in job_ids)
