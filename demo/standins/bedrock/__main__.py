"""Run the Bedrock stand-in until SIGTERM or SIGINT.

    python -m demo.standins.bedrock

The first line on stdout is {"url": ...}.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence

from aiohttp import web

from demo.standins.bedrock.auth import Credentials
from demo.standins.bedrock.server import build_application
from demo.standins.bedrock.state import BedrockState

SHUTDOWN_SECONDS = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    options = _build_parser().parse_args(argv)
    credentials = Credentials(options.access_key, options.secret_key, options.api_key)
    state = BedrockState(
        credentials,
        latency=0.0 if options.fast else options.latency,
        too_large_status=options.too_large_status,
    )
    try:
        asyncio.run(_serve(state, options.host, options.port))
    except OSError as error:
        sys.stderr.write(f"The server could not start: {error}. Choose another --host or --port.\n")
        return 1
    return 0


def _build_parser() -> argparse.ArgumentParser:
    defaults = Credentials()
    parser = argparse.ArgumentParser(prog="python -m demo.standins.bedrock", description=sys.modules[__name__].__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (default) picks a free one")
    parser.add_argument("--latency", type=float, metavar="SECONDS", help="latency of every model, instead of its own")
    parser.add_argument("--fast", action="store_true", help="same as --latency 0")
    parser.add_argument(
        "--too-large-status",
        type=int,
        default=400,
        metavar="STATUS",
        help="HTTP status for a response over 16 MiB (default: 400)",
    )
    parser.add_argument("--access-key", default=defaults.access_key)
    parser.add_argument("--secret-key", default=defaults.secret_key)
    parser.add_argument("--api-key", default=defaults.api_key, help="for Authorization: Bearer")
    return parser


async def _serve(state: BedrockState, host: str, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    runner = web.AppRunner(build_application(state), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address = runner.addresses[0]
        sys.stdout.write(json.dumps({"url": f"http://{address[0]}:{address[1]}"}) + "\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
