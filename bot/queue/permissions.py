"""Checking the ACL of Redis when the bot starts: a script that is denied one of its commands is half done."""

from redis.asyncio import Redis

from bot.domain.errors import QueueUnavailableError
from bot.queue.scripts import ScriptRunner
from shared.queue.refusals import describe_denied_commands


async def check_permissions(redis: Redis) -> None:
    """Check that the ACL denies no command of the scripts. Raises `QueueUnavailableError` and `redis.RedisError`."""
    denied = await ScriptRunner(redis, "check_permissions").run("check_permissions")
    if denied:
        raise QueueUnavailableError(describe_denied_commands(denied), is_refusal=True)
