"""A stack for many requests at once: short leases, quick repairs, and no limits on members."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from demo.http_client import request_json
from demo.stack import Stack, run_stack

SETTINGS: Final = MappingProxyType(
    {
        "LEASE_SECONDS": "3",
        "RECONCILE_INTERVAL_SECONDS": "2",
        "MAX_RUNNING_PER_USER": "8",
        **{
            f"MAX_{limit}_PER_{whose}": "100000"
            for limit in ("WAITING", "PER_MINUTE")
            for whose in ("USER", "CHANNEL", "GUILD")
        },
    }
)


@contextlib.contextmanager
def open_load_stack(logs: Path, users: Sequence[str], *, latency_seconds: float, **settings: str) -> Iterator[Stack]:
    """Run Redis and the stand-ins with these users. The test starts bot and worker, and stops them."""
    with run_stack(
        logs,
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", str(latency_seconds)),
        settings={**SETTINGS, **settings},
        services=(),
    ) as stack:
        for user in users:
            request_json("POST", f"{stack.discord_url}/control/users", {"name": user})
        yield stack
