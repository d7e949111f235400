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
    known = Settings()
    parser = argparse.ArgumentParser(prog="python -m demo discord", description=__doc__)
    parser.add_argument("--host", default=known.host, help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=known.port, help="port to listen on; 0: any free one (default)")
    parser.add_argument("--token", default=known.token, help="the bot's token (default: %(default)s)")
    parser.add_argument("--record", type=Path, help="write every REST exchange to this file, one JSON object a line")
    parser.add_argument("--no-rate-limits", action="store_true", help="never answer 429 of its own accord")
    for name, default, what in (
        ("acknowledge-seconds", known.acknowledge_seconds, "time to answer an interaction"),
        ("token-lifetime", known.token_lifetime, "life of an interaction's token"),
        ("attachment-lifetime", known.attachment_lifetime, "life of a signed CDN address"),
        ("nonce-seconds", known.nonce_seconds, "time in which an enforced nonce is remembered"),
        ("heartbeat-seconds", known.heartbeat_seconds, "heartbeat interval of the gateway"),
    ):
        parser.add_argument(f"--{name}", type=float, default=default, metavar="SECONDS", help=f"{what} (%(default)s)")
    options = vars(parser.parse_args(argv))
    return Settings(rate_limits=not options.pop("no_rate_limits"), **options)


def build_startup_report(state: DiscordState) -> dict[str, object]:
    """Return the ids that whoever started the stand-in needs to know."""
    general = next(c for c in state.channels.values() if c.type is ChannelType.TEXT)
    return {
        "url": state.base_url,
        "application_id": state.application_id,
        "guild_id": state.guild.id,
        "channel_id": general.id,
        "users": {name: state.find_user(name).id for name in ("ada", "ben")},
    }


async def serve(settings: Settings) -> None:
    """Serve until a signal comes."""
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
