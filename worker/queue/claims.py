"""The claims that one worker process holds, and those that it gives back."""

import threading
import time
from typing import Final

from shared.queue.stages import Stage
from worker.ports import Claim

UNCLAIM_SECONDS: Final = 600.0
"""How long a claim is given back again and again.

A Redis that was suspended runs the commands that had reached it when it resumes, even a claim whose worker has long
stopped waiting for the reply.
"""


class ClaimRegistry:
    """Claims to renew, and tokens of claims to give back. Threads may share it."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._unclaimed_until: dict[tuple[Stage, str], float] = {}
        self._lock = threading.Lock()

    def add(self, claim: Claim) -> None:
        """Renew the lease of this claim from now on."""
        with self._lock:
            self._claims[claim.token] = claim

    def remove(self, claim: Claim) -> None:
        """Renew the lease of this claim no longer."""
        with self._lock:
            self._claims.pop(claim.token, None)

    def unclaim(self, stage: Stage, token: str) -> None:
        """Give back whatever is claimed under this token, and renew its lease no longer."""
        with self._lock:
            self._claims.pop(token, None)
            self._unclaimed_until[stage, token] = time.monotonic() + UNCLAIM_SECONDS

    def list_claims(self, stage: Stage) -> list[Claim]:
        """List the claims of a stage whose leases are to be renewed."""
        with self._lock:
            return [claim for claim in self._claims.values() if claim.stage == stage]

    def list_unclaimed_tokens(self, stage: Stage) -> list[str]:
        """List the tokens of a stage whose claims are to be given back."""
        with self._lock:
            now = time.monotonic()
            self._unclaimed_until = {key: until for key, until in self._unclaimed_until.items() if until > now}
            return [token for of_stage, token in self._unclaimed_until if of_stage == stage]
