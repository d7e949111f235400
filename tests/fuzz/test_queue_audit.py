"""The auditor of the queue's state machine is not blind: each mistake in a script is seen once its moment has come."""

from collections.abc import Callable, Sequence
from typing import Final

import pytest

from shared.queue.scripts import load_script
from tests.fuzz.queue_clients import open_clients
from tests.fuzz.queue_faults import Fault
from tests.fuzz.queue_machine import QueueMachine, build_machine

Step = Callable[[QueueMachine], None]

LOST_REPLY: Final = Fault(1, "reply", "retry")
UNAVAILABLE: Final = Fault(1, "reply", "fail")


def submit(count: int, users: int) -> Step:
    return lambda machine: machine.submit_burst(count=count, guild=1, users=users, has_picture=False)


def claim(number: int, fault: Fault | None = None) -> Step:
    return lambda machine: machine.claim(number=number, fault=fault)


def start_call(index: int = 0, fault: Fault | None = None) -> Step:
    return lambda machine: machine.start_call(index=index, fault=fault)


def wait_for_lease_expiry(machine: QueueMachine) -> None:
    for _ in range(5):
        machine.wait(milliseconds=9_113)
        machine.sweep(number=0, fault=None)


def restart_redis(machine: QueueMachine) -> None:
    machine.lose_data(kind="restart", chance=3, is_noticed=False)


def kill_worker(machine: QueueMachine) -> None:
    machine.kill_worker(number=0)


def renew_leases(machine: QueueMachine) -> None:
    machine.renew_leases(number=0, fault=None)


def release(machine: QueueMachine) -> None:
    machine.release(index=0, delay=0.0, fault=None)


def fail_call(machine: QueueMachine) -> None:
    machine.end_call(index=0, ending="failed", fault=None)


MISTAKES: Final[dict[str, tuple[str, str, Sequence[Step], str]]] = {
    "a claim that is sent again takes another job": (
        "if claimed_before then return build_claim(claimed_before) end",
        "",
        (submit(3, 2), claim(1, LOST_REPLY)),
        "and the claim tokens",
    ),
    "a call whose start is sent again counts twice": (
        "if get_job_fields(id, 'call_started') ~= '1' then\n  if is_guild_paused",
        "if true then\n  if is_guild_paused",
        (submit(1, 1), claim(0), start_call(0, LOST_REPLY)),
        "more calls than claims",
    ),
    "calls start in a Redis that was started": (
        "if not is_epoch_confirmed() then return 'held' end",
        "",
        (submit(1, 1), claim(0), restart_redis, start_call()),
        "in an unknown epoch",
    ),
    "a call that died with its worker is forgotten": (
        "if call_started == '1' then count_unknown_call(id) end\n    requeue",
        "requeue",
        (submit(1, 1), claim(0), start_call(), kill_worker, wait_for_lease_expiry, claim(0), start_call()),
        "a second call without one of unknown fate",
    ),
    "a lost lease is released": (
        "if not holds_lease(id, claim_token) then\n  if is_unknown_call == '1' then",
        "if not get_job_fields(id, 'stage') then\n  if is_unknown_call == '1' then",
        (submit(1, 1), claim(0), wait_for_lease_expiry, claim(1), start_call(1), release, claim(1), start_call()),
        "a second call without one of unknown fate",
    ),
    "a failure under a lost lease is stored": (
        "if not is_paid then return {'is_stored', 0} end",
        "",
        (submit(1, 1), claim(0), start_call(), wait_for_lease_expiry, fail_call),
        "without the lease",
    ),
    "an undone claim undoes two calls": (
        "then increment(id, 'calls', -1) end",
        "then increment(id, 'calls', -2) end",
        (submit(1, 1), claim(0), start_call(0, UNAVAILABLE), renew_leases),
        "impossible counts",
    ),
}


def run_steps(url: str, steps: Sequence[Step]) -> None:
    with open_clients(url) as clients:
        machine = build_machine(clients)()
        machine.start()
        for step in steps:
            step(machine)
            machine.audit()
        machine.teardown()


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen_and_nothing_without_it(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    right, wrong, steps, complaint = MISTAKES[mistake]
    run_steps(redis_url, steps)

    def load_wrong_script(name: str) -> str:
        return load_script(name).replace(right, wrong)

    for half in ("bot", "worker"):
        monkeypatch.setattr(f"{half}.queue.scripts.load_script", load_wrong_script)
    with pytest.raises(AssertionError, match=complaint):
        run_steps(redis_url, steps)
