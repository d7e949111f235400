"""Cuts the network while members go on, and measures how soon everything works again."""

import math
import time
from dataclasses import dataclass
from typing import Final

from demo.http_client import request_json
from tests.hosts.accounts import Accounts, count_open_jobs, is_any_generated, read_accounts
from tests.hosts.hosts import Hosts
from tests.hosts.load import Load
from tests.hosts.network_faults import NetworkFault
from tests.support.user import wait_until

LOAD_SECONDS: Final = 3.0
"""How long the load runs before a fault."""

REQUESTS: Final = 30
"""About so many are submitted during a long fault."""

SLOW_CALLS: Final = 4
RECOVERY_SECONDS: Final = 120.0
"""Within so many seconds of the return of the network, a new request has its image."""

SETTLING_SECONDS: Final = 180.0
"""Within so many, all accepted requests are answered: two leases, two calls, or a pause of a model."""


@dataclass(frozen=True)
class Row:
    """One fault, and what came of it."""

    fault: NetworkFault
    asked: int
    accepted: int
    answers: int
    billed: int
    unknown: int
    recovery_seconds: float
    settling_seconds: float
    discrepancies: list[str]

    def describe(self) -> str:
        """Return a row of a Markdown table."""
        counts = f"{self.asked} | {self.accepted} | {self.answers} | {self.billed} | {self.unknown}"
        seconds = f"{self.recovery_seconds:.0f} | {self.settling_seconds:.0f}"
        return f"| {self.fault.name} | {self.fault.seconds:.0f} | {counts} | {seconds} |"


def measure_fault(hosts: Hosts, load: Load, fault: NetworkFault) -> Row:
    """Inject a fault under load, and wait until everything is answered, or for `SETTLING_SECONDS`."""
    stack, before, asked = hosts.stack, read_accounts(hosts.stack), load.count
    if fault.seconds > LOAD_SECONDS * 2:
        load.start_exploration()
    with load.keep_submitting(max(1.0, fault.seconds / REQUESTS)):
        time.sleep(LOAD_SECONDS)
        if fault.awaits_call:
            _start_slow_calls(hosts, load)
        for source, target in fault.drops:
            hosts.network.drop(source, target, fault.share)
        time.sleep(fault.seconds)
    hosts.network.heal()
    healed = time.monotonic()
    recovery = _wait_for_recovery(hosts, load, healed)
    settled = _wait_for_settlement(hosts, healed)
    after = read_accounts(stack)
    deadline = time.monotonic() + 20
    while after.discrepancies and time.monotonic() < deadline:
        time.sleep(0.5)
        after = read_accounts(stack)
    return _build_row(fault, before, after, load.count - asked, recovery, settled)


def _start_slow_calls(hosts: Hosts, load: Load) -> None:
    """Submit requests with slow calls, and wait until one of them runs."""
    for _ in range(SLOW_CALLS):
        load.submit_request("[slow:2]")
    url = f"{hosts.stack.bedrock_url}/control/calls"
    wait_until(lambda: any("[slow:2]" in str(call["body"]) for call in request_json("GET", url)[-20:]), "a slow call")


def _wait_for_recovery(hosts: Hosts, load: Load, healed: float) -> float:
    """Submit requests until one of them has its image; return the seconds since the network is back."""
    probes: list[str] = []
    while time.monotonic() < healed + SETTLING_SECONDS:
        if time.monotonic() > healed + len(probes):
            probes += filter(None, [load.submit_request()])
        if is_any_generated(hosts.stack, probes):
            return time.monotonic() - healed
        time.sleep(0.1)
    return math.inf


def _wait_for_settlement(hosts: Hosts, healed: float) -> float:
    """Wait until no job is open; return the seconds since the network is back."""
    while count_open_jobs(hosts.stack):
        if time.monotonic() > healed + SETTLING_SECONDS:
            return math.inf
        time.sleep(0.2)
    return time.monotonic() - healed


def _build_row(
    fault: NetworkFault, before: Accounts, after: Accounts, asked: int, recovery: float, settled: float
) -> Row:
    late = [] if recovery <= RECOVERY_SECONDS else [f"no new image within {RECOVERY_SECONDS:.0f} s"]
    return Row(
        fault,
        asked=asked,
        accepted=after.accepted - before.accepted,
        answers=after.answers - before.answers,
        billed=after.billed - before.billed,
        unknown=after.unknown - before.unknown,
        recovery_seconds=recovery,
        settling_seconds=settled,
        discrepancies=late + after.discrepancies,
    )
