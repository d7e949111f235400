"""Runs the bot: connects to Discord, keeps background tasks running beside it, and stops in order."""

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

import aiohttp
import discord

from bot.discord_client.client import Bot
from bot.discord_client.gateway_events import UnreadableSessionError
from bot.tasks import end_tasks
from shared.errors import PentimentoError

log = logging.getLogger(__name__)

TASK_STOP_TIMEOUT_SECONDS: Final = 20.0
TASK_CANCEL_INTERVAL_SECONDS: Final = 5.0
DISCONNECT_TIMEOUT_SECONDS: Final = 10.0
MAX_RESTART_DELAY_SECONDS: Final = 60.0

# https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway
_AUTHENTICATION_FAILED: Final = 4004
_SHARDING_REQUIRED: Final = 4011

BackgroundTask = Callable[[], Awaitable[None]]


class StartupError(PentimentoError):
    """The bot cannot run; the message tells its operator why."""


async def run_until_stopped(
    bot: Bot, token: str, background_tasks: Mapping[str, BackgroundTask], stop: asyncio.Event
) -> None:
    """Run the bot until `stop` is set, then finish running interactions and disconnect.

    Background tasks start after the login. Raises `StartupError` when Discord cannot be used.
    """
    running_tasks: list[asyncio.Task[None]] = []

    async def connect() -> None:
        await bot.login(token)
        gc.freeze()  # what is loaded by now stays; a full collection would take 90 ms, in which nobody is answered
        running_tasks.extend(
            asyncio.create_task(run_with_restarts(name, task), name=name) for name, task in background_tasks.items()
        )
        await bot.connect()

    connection = asyncio.create_task(connect())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({connection, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            log.info("stopping")
        await bot.running_interactions.drain()
        await end_tasks(
            running_tasks, interval_seconds=TASK_CANCEL_INTERVAL_SECONDS, timeout_seconds=TASK_STOP_TIMEOUT_SECONDS
        )
        await bot.close()
        done, _ = await asyncio.wait({connection}, timeout=DISCONNECT_TIMEOUT_SECONDS)
        error = connection.exception() if done else None
        if stop.is_set():
            log.info("stopped (%r)", error) if error else log.info("stopped")
        elif error:
            raise error
        else:
            raise StartupError("The connection to Discord ended. Start the bot again; the log says what came before.")
    except (discord.DiscordException, UnreadableSessionError, aiohttp.ClientError, OSError) as error:
        raise StartupError(explain_connection_error(error)) from error
    finally:
        stopping.cancel()
        connection.cancel()


def explain_connection_error(error: Exception) -> str:
    """Say why Discord cannot be used, and how the operator can mend it."""
    match error:
        case discord.LoginFailure():
            return "Discord refused DISCORD_TOKEN. Make a new one: developer portal, Bot, Reset Token."
        case discord.PrivilegedIntentsRequired():
            return "Discord wants intents switched on that this bot does not use. Check DISCORD_TOKEN."
        case discord.ConnectionClosed(code=code) if code == _AUTHENTICATION_FAILED:
            return (
                "Discord no longer accepts DISCORD_TOKEN: it was reset while the bot was running. Put the new token "
                "into DISCORD_TOKEN (developer portal, Bot, Reset Token) and start the bot again. No job is lost."
            )
        case discord.ConnectionClosed(code=code) if code == _SHARDING_REQUIRED:
            return (
                "Discord wants more shards: a shard has at most 2,500 servers. Name more of them in SHARDS, in every "
                "process, or leave it empty and start one process."
            )
        case UnreadableSessionError():
            return f"{error}. Install the latest release of the bot."
        case _:
            return f"Discord cannot be used ({error}). Check DISCORD_API_URL and the network."


async def run_unless_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Run something before the bot starts. Return False if `stop` was set first; the work is then cancelled."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return False
        working.result()
        return True
    finally:
        for task in (working, stopping):
            task.cancel()


async def run_with_restarts(name: str, task: BackgroundTask) -> None:
    """Run a task until cancelled. When it ends or fails, log it and restart it after 1 s, 2 s, 4 s … up to a minute."""
    delay = 1.0
    while True:
        started = time.monotonic()
        try:
            await task()
            log.error("%s ended; restarting it in %g s", name, delay)
        except PentimentoError as error:
            log.warning("%s failed; restarting it in %g s: %s", name, delay, error)
        except Exception:
            log.exception("%s failed; restarting it in %g s", name, delay)
        await asyncio.sleep(delay)
        ran_long = time.monotonic() - started > 2 * MAX_RESTART_DELAY_SECONDS
        delay = 1.0 if ran_long else min(2 * delay, MAX_RESTART_DELAY_SECONDS)
