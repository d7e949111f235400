"""The options of the command line."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The stand-in's settings; lifetimes and intervals are in seconds."""

    host: str = "127.0.0.1"
    port: int = 0
    token: str = "demo-token"  # noqa: S105 - opens nothing but this stand-in
    record: Path | None = None
    rate_limits: bool = True
    acknowledge_seconds: float = 3.0
    token_lifetime: float = 900.0
    attachment_lifetime: float = 86_400.0
    nonce_seconds: float = 300.0
    heartbeat_seconds: float = 41.25
    shards: int = 1
    """How many shards GET /gateway/bot recommends."""
    guilds_per_shard: int = 2500
    """Above it, sharding is required."""
    max_concurrency: int = 16
    """Identifies allowed in 5 s, as for a larger bot: a test restarts its bot more often than an operator."""
