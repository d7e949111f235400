"""Checking the ACL of Redis when the bot starts: a script that is denied one of its commands is half done."""

from typing import Final

from bot.domain.errors import QueueUnavailableError
from bot.queue.connection import QueueRedis
from bot.queue.scripts import ScriptRunner
from shared.queue.refusals import describe_denied_commands

OWN_COMMANDS: Final = ("HKEYS", "XREAD")
"""Commands that the bot calls beside its scripts, and no script calls."""


async def check_permissions(redis: QueueRedis) -> None:
    """Check that the ACL denies no command that the bot calls.

    Raises `QueueUnavailableError` and `redis.RedisError`.
    """
    denied = await ScriptRunner(redis, "check_permissions").run("check_permissions", *OWN_COMMANDS)
    if denied:
        raise QueueUnavailableError(describe_denied_commands(denied), is_refusal=True)
