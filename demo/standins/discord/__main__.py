"""`python -m demo.standins.discord`: serve the stand-in for Discord until SIGINT or SIGTERM."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from demo.standins.discord.app import serve_application
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.channels import ChannelType
from demo.standins.discord.settings import Settings
from demo.standins.discord.state import DiscordState


def parse_arguments(argv: Sequence[str] | None) -> Settings:
    """Read the command line."""
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m demo.standins.discord", description=__doc__)
    parser.add_argument("--host", default=defaults.host, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=defaults.port, help="port to listen on; 0 (default) picks a free one"
    )
    parser.add_argument("--token", default=defaults.token, help="the bot's token (default: %(default)s)")
    parser.add_argument("--record", type=Path, help="write every REST exchange to this file, one JSON object per line")
    parser.add_argument(
        "--no-rate-limits", action="store_true", help="turn rate limiting off (scheduled faults can still answer 429)"
    )
    for name, default, description in (
        (
            "acknowledge-seconds",
            defaults.acknowledge_seconds,
            "time within which the bot must acknowledge an interaction",
        ),
        ("token-lifetime", defaults.token_lifetime, "lifetime of an interaction token"),
        ("attachment-lifetime", defaults.attachment_lifetime, "lifetime of a signed CDN URL"),
        ("nonce-seconds", defaults.nonce_seconds, "how long an enforced nonce is remembered"),
        ("heartbeat-seconds", defaults.heartbeat_seconds, "the gateway's heartbeat interval"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=default, metavar="SECONDS", help=f"{description} (%(default)s)"
        )
    for name, count, description in (
        ("shards", defaults.shards, "number of shards that is recommended"),
        ("guilds-per-shard", defaults.guilds_per_shard, "number of guilds above which more shards are required"),
        ("max-concurrency", defaults.max_concurrency, "number of shards that may identify at once"),
    ):
        parser.add_argument(f"--{name}", type=int, default=count, metavar="NUMBER", help=f"{description} (%(default)s)")
    options = vars(parser.parse_args(argv))
    return Settings(rate_limits=not options.pop("no_rate_limits"), **options)


def build_startup_report(state: DiscordState) -> dict[str, object]:
    """Return the URL and the ids that the caller needs; printed as the first line of output."""
    general = next(c for c in state.channels.values() if c.type is ChannelType.TEXT)
    return {
        "url": state.base_url,
        "application_id": state.application_id,
        "guild_id": state.guild.id,
        "channel_id": general.id,
        "users": {name: state.find_user(name).id for name in ("ada", "ben")},
    }


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with serve_application(settings) as app:
        print(json.dumps(build_startup_report(app[STATE])), flush=True)
        await stop.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stand-in; returns the exit code."""
    asyncio.run(serve(parse_arguments(argv)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
